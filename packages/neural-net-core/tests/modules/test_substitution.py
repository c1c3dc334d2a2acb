"""Calls of a module with other tensors in place of its parameters."""

import copy
import threading
from collections import deque, namedtuple
from types import MappingProxyType

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import (
    Buffer,
    Dense,
    FeedForward,
    Module,
    Parameter,
    StateDictError,
    Tensor,
    functional_call,
    grad,
    mse_loss,
    no_grad,
    trace,
)
from neural_net_core.testing import gradcheck

rng = np.random.default_rng(0)
X, Y = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
Pair = namedtuple("Pair", "first second")


def net(seed=0, dtype=None):
    return FeedForward((3, 4, 2), rng=np.random.default_rng(seed), dtype=dtype)


def fingerprint(model):
    """Return everything that a call must leave as it was."""
    tensors = [*model.named_parameters(remove_duplicate=False), *model.named_buffers()]
    return [
        (name, id(x), id(x.data), x.data.tobytes(), x.version, x.grad is None)
        for name, x in tensors
    ]


@given(scale=st.floats(-2, 2), seed=st.integers(0, 9))
def test_it_is_what_the_module_gives_after_loading_the_same_values(scale, seed):
    model, other = net(), net(seed)
    state = {name: scale * value for name, value in other.state_dict().items()}
    before = fingerprint(model)
    y = functional_call(model, state, X)
    assert fingerprint(model) == before
    model.load_state_dict(state)
    np.testing.assert_array_equal(y.data, model(X).data)


def test_gradients_flow_to_the_given_tensors_and_not_to_the_modules_own():
    model, other = net(0), net(1)
    given = dict(other.named_parameters())
    mse_loss(functional_call(model, given, X), Y).backward()
    found = [p.grad for p in other.parameters()]
    assert all(p.grad is None for p in model.parameters())
    other.zero_grad()
    mse_loss(other(X), Y).backward()
    for a, p in zip(found, other.parameters(), strict=True):
        np.testing.assert_array_equal(a, p.grad)


def test_what_is_not_named_keeps_its_own_values_and_gets_its_own_gradient():
    model = net()
    w = Tensor(np.zeros((4, 3)), requires_grad=True)
    functional_call(model, {"layers.0.weight": w}, X).sum().backward()
    assert w.grad.shape == (4, 3)
    assert [p.grad is None for p in model.parameters()] == [True, False, False, False]


def test_the_gradient_of_a_mixture_of_two_networks_is_right():
    a, b = net(0, np.float64), net(1, np.float64)

    def loss(t):
        pairs = zip(a.named_parameters(), b.parameters(), strict=True)
        mixed = {name: (1 - t) * p.data + t * q.data for (name, p), q in pairs}
        return mse_loss(functional_call(a, mixed, X), Y)

    assert gradcheck(loss, [np.array(0.3)])
    np.testing.assert_array_equal(functional_call(a, dict(b.named_parameters()), X).data, b(X).data)


def test_one_step_of_learning_inside_the_loss_as_in_meta_learning():
    """First-order MAML: the outer gradient is that of the new loss at the weights after a step."""
    model = net(dtype=np.float64)
    names = [name for name, _ in model.named_parameters()]
    task, query = (X[:3], Y[:3]), (X[3:], Y[3:])
    inner = grad(mse_loss(model(task[0]), task[1]), list(model.parameters()))
    fast = {name: p - 0.1 * g for name, p, g in zip(names, model.parameters(), inner, strict=True)}
    outer = mse_loss(functional_call(model, fast, query[0]), query[1])
    outer.backward()

    adapted = copy.deepcopy(model)
    with no_grad():
        for p, g in zip(adapted.parameters(), inner, strict=True):
            p -= 0.1 * g
    expected = mse_loss(adapted(query[0]), query[1])
    assert outer.item() == expected.item()
    for p, g in zip(model.parameters(), grad(expected, list(adapted.parameters())), strict=True):
        np.testing.assert_allclose(p.grad, g, rtol=1e-12)


class Everywhere(Module):
    """Has parameters in every kind of place, and a buffer that it writes."""

    __slots__ = ("slot",)

    def __init__(self):
        def p(i):
            return Parameter([float(i)])

        self.slot = p(1)
        self.list = [p(2), [p(3)]]
        self.dict = {"a": p(4), "b": {"c": p(5)}}
        self.tuple = (p(6), (p(7), None), Pair(p(8), [p(9)]))
        self.queue = deque([p(10)])
        self.frozen = MappingProxyType({"x": p(11), "y": (p(12),)})
        self.tied = self.list[0]
        self.sums = Buffer([0.0])
        self.table = Buffer([5.0], persistent=False)
        self.itself = self

    def forward(self):
        parts = [
            self.slot, *self.list[:1], *self.list[1], self.dict["a"], self.dict["b"]["c"],
            self.tuple[0], self.tuple[1][0], self.tuple[2].first, *self.tuple[2].second,
            self.queue[0], self.frozen["x"], *self.frozen["y"], self.tied,
        ]  # fmt: skip
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        self.sums.data += total.data
        self.sums.version += 1
        return total + self.table


NAMES = [name for name, _ in Everywhere().named_parameters()]


@given(chosen=st.sets(st.sampled_from(NAMES)), nested=st.sets(st.sampled_from(NAMES)))
def test_tensors_in_lists_tuples_dicts_and_slots_are_exchanged_and_come_back(chosen, nested):
    model = Everywhere()
    before, containers = fingerprint(model), dict(vars(model))
    own = {name: p.item() for name, p in model.named_parameters()}
    new = {name: Tensor([100.0 + i], requires_grad=True) for i, name in enumerate(NAMES)}
    given = {name: new[name] for name in chosen}

    class Calls(Module):
        """Exchanges some more of them while others are exchanged."""

        def __init__(self):
            self.model = model

        def forward(self):
            inner = functional_call(self.model, {name: new[name] * 10 for name in nested})
            return inner, self.model()

    sums = Buffer([0.0])
    inner, outer = functional_call(
        Calls(), {f"model.{name}": x for name, x in given.items()} | {"model.sums": sums}
    )
    values = own | {name: x.item() for name, x in given.items()}
    within = values | {name: 10 * new[name].item() for name in nested}
    for y, expected in ((inner, within), (outer, values)):
        assert y.item() == sum(expected.values()) + expected["list.0"] + 5  # tied: twice
    assert fingerprint(model) == before
    assert all(vars(model)[name] is value for name, value in containers.items())
    assert sums.item() == inner.item() + outer.item() - 10
    for name in chosen:
        count = 2 if name == "list.0" else 1
        assert grad(outer, new[name], retain_graph=True).item() == count


def test_what_is_written_into_a_buffer_goes_to_the_array_in_its_place():
    model, array = Everywhere(), np.zeros(1, np.float32)
    functional_call(model, {"sums": array})
    assert array.item() == sum(range(1, 13)) + 2
    assert model.sums.item() == 0
    assert model.sums.version == 0


def test_buffers_that_are_not_saved_can_be_named_too():
    assert functional_call(Everywhere(), {"table": [0.0]}).item() == sum(range(1, 13)) + 2


class Failing(Module):
    """Fails in the middle of its forward pass."""

    def __init__(self):
        self.first, self.second = Dense(3, 4), Dense(5, 2)

    def forward(self, x):
        return self.second(self.first(x))


def test_an_exception_leaves_the_module_as_it_was():
    model = Failing()
    before = fingerprint(model)
    with pytest.raises(ValueError, match="expected input") as caught:
        functional_call(model, {"first.weight": np.ones((4, 3))}, X)
    assert "in second (Dense) of Failing" in caught.value.__notes__
    assert fingerprint(model) == before
    assert functional_call(model.first, {}, X).shape == (5, 4)


@pytest.mark.parametrize(
    ("parameters", "strict", "message"),
    [
        ({"layers.0.wieght": np.ones((4, 3))}, False, "unexpected layers.0.wieght"),
        ({"layers.0.weight": np.ones((3, 4))}, False, r"weight: expected shape \(4, 3\), got \(3"),
        ({"layers.0.weight": "text"}, False, "layers.0.weight: .*numbers"),
        ({"layers.0.weight": np.ones((4, 3))}, True, "missing layers.0.bias, layers.1.weight"),
        ([1.0], False, "expected a state dict, a mapping"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_exchanged(parameters, strict, message):
    model = net()
    before = fingerprint(model)
    with pytest.raises(StateDictError, match=message):
        functional_call(model, parameters, X, strict=strict)
    assert fingerprint(model) == before


def test_strict_is_content_with_a_state_dict():
    model = Everywhere()
    assert functional_call(model, model.state_dict(), strict=True).item() == sum(range(1, 13)) + 7


def test_a_tied_parameter_comes_under_one_name_or_with_one_value_under_both():
    model = Everywhere()
    total = sum(range(1, 13))
    new = Tensor([7.0])
    for named in ({"list.0": new}, {"tied": new}, {"list.0": new, "tied": new}):
        assert functional_call(model, named).item() == total - 2 + 2 * 7 + 5
    with pytest.raises(StateDictError, match="tied: it is tied to one that came with other values"):
        functional_call(model, {"list.0": new, "tied": Tensor([8.0])})
    learned = Tensor([7.0], requires_grad=True)
    for other in (Tensor([7.0], requires_grad=True), Tensor([7.0])):
        for both in ({"list.0": learned, "tied": other}, {"list.0": other, "tied": learned}):
            with pytest.raises(StateDictError, match="tied"):
                functional_call(model, both)
    nan = [np.array([np.nan], np.float32) for _ in range(2)]
    assert np.isnan(functional_call(model, {"list.0": nan[0], "tied": nan[1]}).item())


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="functional_call: model must be a Module, got 3"):
        functional_call(3, {})
    with pytest.raises(ValueError, match="functional_call: strict must be True or False"):
        functional_call(net(), {}, X, strict=1)


@given(x=hnp.arrays(np.float64, (2, 3), elements=st.floats(-1, 1)))
def test_keywords_reach_the_module(x):
    class Scaled(Dense):
        def forward(self, x, *, factor=1.0):
            return super().forward(x) * factor

    model = Scaled(3, 2)
    np.testing.assert_array_equal(
        functional_call(model, {"bias": np.ones(2)}, x, factor=2.0).data,
        (2 * (x.astype(np.float32) @ model.weight.data.T + 1)),
    )


def test_a_trace_shows_the_tensors_and_the_paths():
    model, w = net(), Tensor(np.ones((4, 3)))
    with trace() as calls:
        functional_call(model, {"layers.0.weight": w}, X)
    assert calls[0].path == "layers.0"
    assert calls[0].inputs[1] is w


class Waits(Module):
    """Says when it is in the middle of a call, and goes on when it may."""

    def __init__(self):
        self.weight = Parameter([1.0])
        self.inside, self.may_go_on = threading.Event(), threading.Event()

    def forward(self, x):
        if x == 0:
            self.inside.set()
            assert self.may_go_on.wait(60)
        return self.weight * 1


def test_in_another_thread_a_plain_call_sees_the_exchange_and_one_with_nothing_exchanged_waits():
    model, found = Waits(), {}

    def keep(name, call):
        found[name] = call().item()

    def with_other_weight():
        return functional_call(model, {"weight": [2.0]}, 0)

    first = threading.Thread(target=keep, args=("exchanged", with_other_weight))
    first.start()
    assert model.inside.wait(60)
    waiting = threading.Thread(target=keep, args=("waits", lambda: functional_call(model, {}, 1)))
    waiting.start()
    keep("plain", lambda: model(1))
    assert "waits" not in found
    model.may_go_on.set()
    for thread in (first, waiting):
        thread.join()
    assert found == {"exchanged": 2, "plain": 2, "waits": 1}
    assert model(1).item() == 1


def test_calls_in_several_threads_wait_for_one_another():
    model = net()
    expected = {i: i * model(X).data[0] for i in range(1, 5)}
    wrong = []
    state = {name: x for name, x in model.state_dict().items() if name.startswith("layers.1")}

    def work(i):
        for _ in range(20):
            y = functional_call(model, {name: i * x for name, x in state.items()}, X)
            if not np.allclose(y.data[0], expected[i]):
                wrong.append(i)

    threads = [threading.Thread(target=work, args=(i,)) for i in expected]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
