"""What the averages share: buffers, swapping, saving."""

import numpy as np
import pytest

from neural_net_core import Buffer, Dense, GraphError, Module, Parameter, Sequential, StateDictError
from neural_net_optim import EMA, SGD, SWA


class Counting(Module):
    """A layer with a weight and a buffer."""

    def __init__(self):
        self.dense = Dense(2, 2, rng=np.random.default_rng(0))
        self.seen = Buffer(np.zeros(()), persistent=False)

    def forward(self, x):
        self.seen.data += 1
        return self.dense(x)


@pytest.fixture(params=[lambda m: EMA(m, 0.5), SWA], ids=["EMA", "SWA"])
def averaged(request):
    """Return a model and its average after two updates."""
    model = Counting()
    average = request.param(model)
    for value in (2.0, 6.0):
        for p in model.parameters():
            p.data[...] = value
        model.seen.data += 1
        average.update()
    return model, average


def snapshot(model):
    return [t.data.copy() for t in (*model.parameters(), *model.buffers())]


def test_the_tensors_are_the_models_own(averaged):
    """So that others can tell of which model an average is."""
    model, average = averaged
    assert list(map(id, average.tensors)) == list(map(id, [*model.parameters(), *model.buffers()]))


def test_buffers_are_copied_and_weights_averaged(averaged):
    """Running statistics belong to the latest model."""
    _, average = averaged
    assert average.average.keys() == {"dense.weight", "dense.bias", "seen"}
    assert 2.0 < average.average["dense.bias"][0] < 6.0
    assert average.average["seen"] == 2.0
    assert average.num_updates == 2


def test_swapped_exchanges_both_ways(averaged):
    """Inside the block the model is the average; after it everything is as before, to the bit."""
    model, average = averaged
    weights, means = snapshot(model), [a.copy() for a in average.average.values()]
    arrays = [p.data for p in model.parameters()]
    with average.swapped():
        for inside, mean in zip(snapshot(model), means, strict=True):
            np.testing.assert_array_equal(inside, mean)
        assert all(p.data is a for p, a in zip(model.parameters(), arrays, strict=True))
    for after, before in zip(snapshot(model), weights, strict=True):
        np.testing.assert_array_equal(after, before)
    for after, before in zip(average.average.values(), means, strict=True):
        np.testing.assert_array_equal(after, before)


def test_swapped_comes_back_after_an_error(averaged):
    """And can be used again."""
    model, average = averaged
    weights = snapshot(model)
    with pytest.raises(KeyError), average.swapped():
        raise KeyError
    for after, before in zip(snapshot(model), weights, strict=True):
        np.testing.assert_array_equal(after, before)
    with average.swapped():
        pass


def test_graphs_from_before_a_swap_are_refused(averaged):
    """Their saved values are no longer the model's."""
    model, average = averaged
    loss = model(np.ones((1, 2), np.float32)).sum()
    with average.swapped(), pytest.raises(GraphError):
        loss.backward()
    loss = model(np.ones((1, 2), np.float32)).sum()
    average.copy_to_model()
    with pytest.raises(GraphError):
        loss.backward()


@pytest.mark.parametrize(
    "call",
    [
        lambda a: a.update(),
        lambda a: a.copy_to_model(),
        lambda a: a.state_dict(),
        lambda a: a.load_state_dict({}),
        lambda a: a.swapped().__enter__(),
    ],
)
def test_what_makes_no_sense_inside_is_refused(averaged, call):
    """There the model holds the average, and the average the weights."""
    _, average = averaged
    with average.swapped(), pytest.raises(RuntimeError, match=r"inside swapped\(\)"):
        call(average)


def test_copy_to_model_keeps_the_average(averaged):
    """For the end of training."""
    model, average = averaged
    means = [a.copy() for a in average.average.values()]
    average.copy_to_model()
    for tensor, mean in zip(snapshot(model), means, strict=True):
        np.testing.assert_array_equal(tensor, mean)
    for p in model.parameters():
        p.data[...] = 0.0
    for own, mean in zip(average.average.values(), means, strict=True):
        np.testing.assert_array_equal(own, mean)


def test_versions_only_grow(averaged):
    """Or a change after an optimizer's would take its count back, and no graph would notice."""
    model, average = averaged
    before = [p.version for p in model.parameters()]
    with average.swapped():
        inside = [p.version for p in model.parameters()]
    after = [p.version for p in model.parameters()]
    average.copy_to_model()
    last = [p.version for p in model.parameters()]
    for four in zip(before, inside, after, last, strict=True):
        assert list(four) == sorted(set(four))


def test_works_beside_an_optimizer():
    """Which holds the weights in a flat buffer."""
    model = Sequential(Dense(2, 2, rng=np.random.default_rng(0)))
    ema = EMA(model, 0.5)
    optimizer = SGD(model.parameters(), lr=1.0)
    for _ in range(3):
        for p in model.parameters():
            p.grad = np.ones_like(p.data)
        optimizer.step()
        ema.update()
        with ema.swapped():
            pass
    fresh = Dense(2, 2, rng=np.random.default_rng(0))
    np.testing.assert_allclose(model[0].weight.data, fresh.weight.data - 3, rtol=1e-5)


def test_state_round_trip(averaged):
    """Bit-exact, and a copy."""
    model, average = averaged
    state = average.state_dict()
    kept = {k: v.copy() for k, v in state["average"].items()}
    twin = type(average)(Counting())
    twin.load_state_dict(state)
    for p in model.parameters():
        p.data[...] = -7.0
    average.update()
    for name, array in state["average"].items():
        np.testing.assert_array_equal(array, kept[name])
        np.testing.assert_array_equal(twin.average[name], kept[name])
        assert twin.average[name] is not array
    assert twin.num_updates == 2


def test_states_that_do_not_fit_change_nothing(averaged):
    """One error with every problem."""
    _, average = averaged
    good = average.state_dict()
    spoiled = {k: v for k, v in good["average"].items() if k != "seen"}
    spoiled["dense.bias"] = np.zeros(3, np.float32)
    spoiled["dense.weight"] = spoiled["dense.weight"].astype(np.float64)
    spoiled["other"] = np.zeros(1)
    with pytest.raises(StateDictError) as caught:
        average.load_state_dict({"num_updates": 9, "average": spoiled})
    for message in (
        "missing seen",
        "unexpected other",
        "dense.bias: expected float32 (2,), got float32 (3,)",
        "dense.weight: expected float32 (2, 2), got float64 (2, 2)",
    ):
        assert message in str(caught.value)
    with pytest.raises(StateDictError, match="missing 'num_updates'; missing 'average'"):
        average.load_state_dict({})
    assert average.num_updates == 2
    for name, array in average.average.items():
        np.testing.assert_array_equal(array, good["average"][name])


def test_takes_parameters_and_refuses_other_things():
    """With their positions as names."""
    assert EMA([Parameter([1.0]), Parameter([2.0])]).average.keys() == {"0", "1"}
    with pytest.raises(TypeError, match="EMA: expected Parameters, entry 1 is a ndarray"):
        EMA([Parameter([1.0]), np.ones(1)])
