"""What every optimizer shares: groups, settings, saved states, copies."""

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import neural_net_optim as optim
from neural_net_core import (
    Dense,
    DTypeError,
    GraphError,
    Parameter,
    Sequential,
    ShapeError,
    StateDictError,
    Tensor,
    textbook,
)
from neural_net_core.observing import viewed_by

CLASSES = [
    optim.SGD,
    optim.Adagrad,
    optim.Adadelta,
    optim.RMSprop,
    optim.Adam,
    optim.AdamW,
    optim.Adamax,
    optim.NAdam,
    optim.RAdam,
    optim.Rprop,
    optim.Lion,
    optim.LAMB,
    optim.Adafactor,
    optim.Muon,
]
# Settings that give every optimizer all the state it can have.
FULL = {
    "SGD": {"momentum": 0.9},
    "RMSprop": {"momentum": 0.9, "centered": True, "eps": 1e-3},
    "Adam": {"amsgrad": True},
    "AdamW": {"amsgrad": True},
    "Adagrad": {"initial_accumulator_value": 0.5},
    "Adafactor": {"beta1": 0.9},
}


def make(cls, params):
    return cls(params, **FULL.get(cls.__name__, {}))


def take_steps(optimizer, params, grads):
    for step in grads:
        for p, g in zip(params, step, strict=True):
            p.grad = None if g is None else g.copy()
        optimizer.step()


every = pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)


def test_every_optimizer_is_in_the_table():
    """A new optimizer goes through all of these tests."""
    bases = (optim.ElementwiseOptimizer, optim.TensorwiseOptimizer)
    found = [
        value
        for value in vars(optim).values()
        if isinstance(value, type) and issubclass(value, bases) and value not in bases
    ]
    assert set(found) == set(CLASSES)


# Groups ---------------------------------------------------------------------------------------


@every
def test_groups_have_their_own_settings(cls):
    """What a group sets is its own; the rest comes from the constructor."""
    a, b = Parameter([1.0]), Parameter([1.0])
    optimizer = cls([{"params": [a], "lr": 0.5}, {"params": [b]}], lr=0.25)
    assert [group["lr"] for group in optimizer.param_groups] == [0.5, 0.25]
    assert optimizer.param_groups[0]["params"] == [a]
    assert optimizer.defaults["lr"] == 0.25
    for p in (a, b):
        p.grad = np.ones(1, dtype=np.float32)
    optimizer.step()
    assert a.data[0] != b.data[0]


def test_parameters_come_as_iterator_pairs_or_groups():
    """All the ways of PyTorch."""
    model = Sequential(Dense(2, 3), Dense(3, 1))
    assert len(optim.SGD(model.parameters()).param_groups[0]["params"]) == 4
    optimizer = optim.SGD(model.named_parameters())
    assert optimizer.state_dict()["param_groups"][0]["params"] == [
        "0.weight",
        "0.bias",
        "1.weight",
        "1.bias",
    ]
    groups = [{"params": model[0].named_parameters()}, {"params": iter(model[1].parameters())}]
    keys = [g["params"] for g in optim.SGD(groups).state_dict()["param_groups"]]
    assert keys == [["weight", "bias"], ["2", "3"]]
    single = optim.SGD([{"params": model[0].weight}])
    assert single.param_groups[0]["params"] == [model[0].weight]


def test_a_group_may_be_empty_but_not_all():
    """A model without biases has an empty group of them."""
    p = Parameter([1.0])
    optimizer = optim.SGD([{"params": []}, {"params": [p]}], lr=1.0)
    p.grad = np.ones(1, dtype=np.float32)
    optimizer.step()
    assert p.data == [0.0]
    with pytest.raises(ValueError, match="SGD: got an empty list of parameters"):
        optim.SGD([])


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        (lambda p: p, TypeError, "got a Parameter; pass a list"),
        (lambda p: Dense(1, 1), TypeError, r"got a Dense; pass model.parameters\(\)"),
        (lambda p: {"params": [p]}, TypeError, "got a dict; pass a list"),
        (lambda p: "params", TypeError, "got a str; pass a list"),
        (lambda p: 5, TypeError, "expected parameters in a list, got a int"),
        (lambda p: {p}, TypeError, "parameters need an order, got a set"),
        (lambda p: [Tensor([1.0])], TypeError, r"entry 0 .* must be a Parameter or .* got Tensor"),
        (lambda p: [p, np.ones(1)], TypeError, "entry 1 .* got ndarray"),
        (lambda p: [(1, p)], TypeError, "entry 0 of the parameters must be"),
        (lambda p: [{"params": [p]}, p], TypeError, "entry 0 is a group but entry 1 is a Par"),
        (lambda p: [{"lr": 1.0}], ValueError, r"""a group needs "params", got the keys \['lr'\]"""),
        (
            lambda p: [p, p],
            ValueError,
            r"'1' of shape \(1,\) is given twice .* already here as '0'",
        ),
        (lambda p: [{"params": [p]}, {"params": [p]}], ValueError, "given twice"),
        (lambda p: [("a", p), ("a", Parameter([1.0]))], ValueError, "two parameters are named 'a'"),
        (lambda p: [("1", p), Parameter([1.0])], ValueError, "two parameters are named '1'"),
        (
            lambda p: [{"params": [p], "learning_rate": 1.0}],
            ValueError,
            "unknown hyper-parameter 'learning_rate'; it has lr, momentum",
        ),
        (lambda p: [{"params": [p], "lr": -1}], ValueError, "SGD: lr must be"),
    ],
)
def test_refuses_what_is_no_list_of_parameters(params, error, message):
    """Each mistake by its own message."""
    with pytest.raises(error, match=message):
        optim.SGD(params(Parameter([1.0])), lr=0.1)


def test_refuses_parameters_that_are_not_floating():
    """There is nothing to step along in whole numbers."""
    p = Parameter([1.0])
    p.data = np.array([1])
    with pytest.raises(DTypeError, match="parameter 0 must be floating, got int64"):
        optim.SGD([p])


@every
def test_group_added_in_the_middle(cls):
    """Unfrozen layers start with no state and a count of their own."""
    a, b = Parameter(np.ones((2, 2))), Parameter(np.ones((2, 2)))
    optimizer = make(cls, [a])
    g = np.ones((2, 2), dtype=np.float32)
    take_steps(optimizer, [a], [[g]] * 3)
    optimizer.add_param_group({"params": [b], "lr": 0.125})
    take_steps(optimizer, [a, b], [[g, g]] * 2)
    state = optimizer.state_dict()
    assert [state["state"][k]["step"] for k in ("0", "1")] == [5, 2]
    assert optimizer.param_groups[1]["lr"] == 0.125
    fresh = Parameter(np.ones((2, 2)))
    alone = make(cls, [{"params": [fresh], "lr": 0.125}])
    take_steps(alone, [fresh], [[g]] * 2)
    np.testing.assert_array_equal(b.data, fresh.data)
    with pytest.raises(ValueError, match="given twice"):
        optimizer.add_param_group({"params": [a]})


def test_a_refused_group_changes_nothing():
    """Neither the optimizer nor the parameters that came with it."""
    a, b = Parameter([1.0]), Parameter([2.0])
    optimizer = optim.SGD([a])
    before = b.data
    with pytest.raises(ValueError, match="lr must be"):
        optimizer.add_param_group({"params": [b], "lr": -1.0})
    with pytest.raises(ValueError, match="nesterov needs"):
        optimizer.add_param_group({"params": [b], "nesterov": True})
    assert len(optimizer.param_groups) == 1
    assert b.data is before
    optimizer.add_param_group({"params": [b], "name": "second"})
    assert optimizer.param_groups[1]["name"] == "second"


# Steps ----------------------------------------------------------------------------------------


@every
def test_parameters_without_gradient_and_frozen_ones_are_left_alone(cls):
    """No decay, no moment, no step: as if they were not there."""
    params = [Parameter(np.full((2, 2), i + 1.0)) for i in range(3)]
    decay = {"weight_decay": 0.5} if "weight_decay" in cls.limits else {}
    optimizer = cls(params, **decay)
    for p in params:
        p.grad = np.ones((2, 2), dtype=np.float32)
    params[0].grad = None
    params[1].requires_grad = False
    before = [p.data.copy() for p in params]
    versions = [p.version for p in params]
    optimizer.step()
    np.testing.assert_array_equal(params[0].data, before[0])
    np.testing.assert_array_equal(params[1].data, before[1])
    assert (params[2].data != before[2]).all()
    assert [p.version - old for p, old in zip(params, versions, strict=True)] == [0, 0, 1]
    assert list(optimizer.state_dict()["state"]) == ["2"]


@every
def test_step_counts_changes_and_keeps_gradients(cls):
    """A backward pass through a graph from before the step raises; gradients stay as they are."""
    p = Parameter(np.ones((2, 2)), name="w")
    optimizer = make(cls, [p])
    loss = (p * p).sum()
    p.grad = np.full((2, 2), 3.0, dtype=np.float32)
    assert optimizer.step() is None
    np.testing.assert_array_equal(p.grad, np.full((2, 2), 3.0))
    with pytest.raises(GraphError, match="w was changed after the forward pass"):
        loss.backward()


@every
def test_maximize_is_descent_along_the_negated_gradient(cls):
    """The same numbers to the bit."""
    rng = np.random.default_rng(0)
    start, grads = rng.standard_normal((3, 4)), rng.standard_normal((5, 3, 4))
    up, down = Parameter(start, "float64"), Parameter(start, "float64")
    a, b = cls([up], maximize=True), cls([down])
    take_steps(a, [up], [[g] for g in grads])
    take_steps(b, [down], [[-g] for g in grads])
    np.testing.assert_array_equal(up.data, down.data)


@every
def test_closure_is_called_first_and_its_result_returned(cls):
    """As in PyTorch."""
    p = Parameter(np.ones((2, 2)))
    optimizer = cls([p])

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    assert float(optimizer.step(closure)) == 4.0
    assert (p.data != 1).all()


@every
def test_zero_size_and_zero_dimensional_parameters(cls):
    """Edge shapes do not disturb the others."""
    params = [Parameter(np.ones(shape)) for shape in [(0, 3), (), (2, 3), (0,), (1, 1)]]
    optimizer = make(cls, params)
    for p in params:
        p.grad = np.ones_like(p.data)
    optimizer.step()
    assert all((p.data < 1).all() for p in params)
    assert [p.shape for p in params] == [(0, 3), (), (2, 3), (0,), (1, 1)]


@every
def test_float32_stays_float32(cls):
    """Parameters, state and results, also with a NumPy number for the rate."""
    p = Parameter(np.ones((2, 3)), "float32")
    optimizer = make(cls, [p])
    optimizer.param_groups[0]["lr"] = np.float64(0.01)
    take_steps(optimizer, [p], [[np.ones((2, 3), np.float32)]] * 2)
    assert p.data.dtype == np.float32
    state = optimizer.state_dict()["state"]["0"]
    assert all(v.dtype == np.float32 for v in state.values() if isinstance(v, np.ndarray))


@every
def test_wrong_gradient_shape_changes_nothing(cls):
    """Also not the parameters before it, which were right."""
    a, b = Parameter(np.ones((2, 2)), name="first"), Parameter(np.ones((2, 2)), name="second")
    optimizer = make(cls, [a, b])
    a.grad, b.grad = np.ones((2, 2), np.float32), np.ones(2, np.float32)
    with pytest.raises(
        ShapeError, match=r"parameter 'second': expected a gradient of shape \(2, 2\), got \(2,\)"
    ):
        optimizer.step()
    np.testing.assert_array_equal(a.data, np.ones((2, 2)))
    assert optimizer.state_dict()["state"] == {}


@every
def test_array_replaced_by_somebody(cls):
    """The new values count; another shape or dtype is refused."""
    a, b = Parameter(np.ones((2, 2))), Parameter(np.ones((2, 2)))
    x, y = make(cls, [a]), make(cls, [b])
    g = [[np.ones((2, 2), np.float32)]]
    take_steps(x, [a], g)
    take_steps(y, [b], g)
    a.data = np.full((2, 2), 5.0, np.float32)
    b.data[...] = 5.0
    take_steps(x, [a], g)
    take_steps(y, [b], g)
    np.testing.assert_array_equal(a.data, b.data)
    a.data = a.data.astype(np.float64)
    with pytest.raises(
        DTypeError, match=r"was float32 .* is float64 now; make the optimizer after"
    ):
        x.step()
    a.data = np.ones(4, np.float32)
    with pytest.raises(ShapeError, match=r"was \(2, 2\) when .* is \(4,\) now; make a new"):
        x.step()


def test_zero_grad():
    """None by default, so that what gets no gradient next time is skipped; zeros on request."""
    a, b = Parameter([1.0]), Parameter([1.0])
    optimizer = optim.SGD([a, b])
    a.grad = held = np.ones(1, np.float32)
    optimizer.zero_grad(set_to_none=False)
    assert a.grad is held
    assert held == [0.0]
    assert b.grad is None
    optimizer.zero_grad()
    assert a.grad is None


# Saved states ---------------------------------------------------------------------------------


@every
def test_state_round_trip_is_bit_exact(cls, run):
    """Ten steps are five, a save, a load into a new optimizer, and five."""
    params, grads = run(steps=10, dtype="float32")
    skipping = [
        [None if (t + i) % 4 == 0 else g for i, g in enumerate(s)] for t, s in enumerate(grads)
    ]
    straight = make(cls, params)
    take_steps(straight, params, skipping[:5])
    saved = copy.deepcopy(straight.state_dict())
    halfway = [p.data.copy() for p in params]
    take_steps(straight, params, skipping[5:])

    again = [Parameter(x) for x in halfway]
    resumed = make(cls, [{"params": again, "lr": 0.5}])
    resumed.load_state_dict(saved)
    assert resumed.param_groups[0]["lr"] == straight.param_groups[0]["lr"]
    take_steps(resumed, again, skipping[5:])
    for p, q in zip(params, again, strict=True):
        assert p.data.tobytes() == q.data.tobytes()


@every
def test_state_is_a_copy_in_the_parameters_shapes(cls, run):
    """Later steps do not change it; a parameter that never moved has none."""
    params, grads = run(steps=2, dtype="float32")
    optimizer = make(cls, params)
    grads[0][1] = None
    take_steps(optimizer, params, grads[:1])
    state = optimizer.state_dict()
    assert list(state["state"]) == ["0", "2", "3"]
    before = copy.deepcopy(state)
    take_steps(optimizer, params, grads[1:])
    for key, values in state["state"].items():
        for name, value in values.items():
            np.testing.assert_array_equal(value, before["state"][key][name])
    if issubclass(cls, optim.ElementwiseOptimizer):
        for key, p in (("0", params[0]), ("2", params[2])):
            arrays = [v for v in state["state"][key].values() if isinstance(v, np.ndarray)]
            assert all(a.shape == p.shape and a.base is None for a in arrays)


@every
def test_loading_a_state_before_any_step_forgets_the_steps(cls, run):
    """A parameter without saved state begins again from the start."""
    params, grads = run(steps=3, dtype="float32")
    optimizer = make(cls, params)
    empty = optimizer.state_dict()
    take_steps(optimizer, params, grads)
    optimizer.load_state_dict(empty)
    assert optimizer.state_dict()["state"] == {}
    values = [p.data.copy() for p in params]
    take_steps(optimizer, params, grads[:2])
    fresh = [Parameter(x) for x in values]
    take_steps(make(cls, fresh), fresh, grads[:2])
    for p, q in zip(params, fresh, strict=True):
        np.testing.assert_array_equal(p.data, q.data)


@every
def test_state_from_json_fits(cls):
    """Tuples come back as lists."""
    p = Parameter(np.ones((2, 2)))
    optimizer = make(cls, [p])
    state = optimizer.state_dict()
    group = {k: list(v) if isinstance(v, tuple) else v for k, v in state["param_groups"][0].items()}
    optimizer.load_state_dict({"state": {}, "param_groups": [group]})
    for key, value in optimizer.param_groups[0].items():
        assert type(value) is type(make(cls, [p]).param_groups[0][key]), key


@pytest.fixture
def adam():
    params = [Parameter(np.ones((2, 3))), Parameter(np.ones(3))]
    optimizer = optim.Adam(zip(["w", "b"], params, strict=True))
    g = [np.ones((2, 3), np.float32), np.ones(3, np.float32)]
    take_steps(optimizer, params, [g] * 2)
    return optimizer


@pytest.mark.parametrize(
    ("spoil", "messages"),
    [
        (lambda s: s.pop("state"), ["missing 'state'"]),
        (lambda s: s.clear(), ["missing 'state'", "missing 'param_groups'"]),
        (lambda s: s["param_groups"].append({}), ["expected 1 parameter groups, got 2"]),
        (
            lambda s: s["param_groups"][0].update(params=["b", "w"]),
            [r"group 0: the parameters are not \['w', 'b'\]"],
        ),
        (lambda s: s["param_groups"][0].pop("params"), ["the parameters are not"]),
        (
            lambda s: s["param_groups"][0].pop("lr"),
            ["group 0: missing hyper-parameter 'lr'"],
        ),
        (
            lambda s: s["param_groups"][0].update(lr=-1.0),
            ["group 0: Adam: lr must be a finite number >= 0, got -1.0"],
        ),
        (
            lambda s: s["param_groups"][0].update(momentum=0.9),
            ["group 0: Adam: unknown hyper-parameter 'momentum'"],
        ),
        (lambda s: s["state"].update(x={}), ["state of an unknown parameter 'x'"]),
        (lambda s: s["state"]["w"].pop("step"), ["w: missing 'step'"]),
        (lambda s: s["state"]["w"].update(step=-1), ["w: bad step -1"]),
        (lambda s: s["state"]["w"].update(step=1.5), ["w: bad step 1.5"]),
        (lambda s: s["state"]["w"].update(step=np.ones(2)), ["w: bad step"]),
        (lambda s: s["state"]["w"].update(step="2"), ["w: bad step '2'"]),
        (lambda s: s["state"]["w"].pop("exp_avg"), ["w: missing 'exp_avg'"]),
        (lambda s: s["state"]["w"].update(extra=np.ones(2)), ["w: unexpected 'extra'"]),
        (
            lambda s: s["state"]["w"].update(exp_avg=np.ones(3, np.float32)),
            [r"w: exp_avg: expected float32 \(2, 3\), got float32 \(3,\)"],
        ),
        (
            lambda s: s["state"]["b"].update(exp_avg_sq=np.ones(3)),
            [r"b: exp_avg_sq: expected float32 \(3,\), got float64 \(3,\)"],
        ),
        (
            lambda s: (s["state"]["w"].pop("exp_avg"), s["state"]["b"].pop("step")),
            ["w: missing 'exp_avg'", "b: missing 'step'"],
        ),
        (
            lambda s: s["param_groups"][0].update(amsgrad=True),
            ["w: missing 'max_exp_avg_sq'", "b: missing 'max_exp_avg_sq'"],
        ),
    ],
)
def test_mismatches_are_all_reported_and_change_nothing(adam, spoil, messages):
    """One error with every problem; the optimizer goes on as if nothing had been tried."""
    before = adam.state_dict()
    state = copy.deepcopy(before)
    state["param_groups"][0]["lr"] = 0.5
    state["state"]["w"]["exp_avg"] += 1
    spoil(state)
    with pytest.raises(StateDictError, match=r"^Adam: the state dict does not fit: ") as caught:
        adam.load_state_dict(state)
    for message in messages:
        assert pytest.raises(StateDictError, match=message).matches(caught.value)
    after = adam.state_dict()
    assert after["param_groups"] == before["param_groups"]
    for key in before["state"]:
        for name, value in before["state"][key].items():
            np.testing.assert_array_equal(value, after["state"][key][name])


def test_a_state_of_another_optimizer_does_not_fit(adam):
    """SGD's momentum is no Adam state."""
    p = [Parameter(np.ones((2, 3))), Parameter(np.ones(3))]
    sgd = optim.SGD(zip(["w", "b"], p, strict=True), momentum=0.9)
    with pytest.raises(StateDictError, match="unknown hyper-parameter 'betas'"):
        sgd.load_state_dict(adam.state_dict())


def test_settings_that_do_not_go_together_do_not_fit():
    """What a constructor refuses cannot come from a file either."""
    optimizer = optim.SGD([Parameter([1.0])], momentum=0.5)
    state = optimizer.state_dict()
    state["param_groups"][0].update(momentum=0.0, nesterov=True)
    with pytest.raises(StateDictError, match="group 0: SGD: nesterov needs"):
        optimizer.load_state_dict(state)
    assert optimizer.param_groups[0]["momentum"] == 0.5


def test_numbers_of_a_rule_that_have_come_to_zero_fit():
    """NAdam's product of many momenta is 0 one day."""
    p = Parameter([1.0])
    optimizer = optim.NAdam([p])
    take_steps(optimizer, [p], [[np.ones(1, np.float32)]])
    state = optimizer.state_dict()
    state["state"]["0"]["mu_product"] = 0.0
    optimizer.load_state_dict(state)
    assert optimizer.state_dict()["state"]["0"]["mu_product"] == 0


def test_a_failed_load_leaves_the_initial_state_alone():
    """The values that Adagrad starts from stay its own."""
    p = Parameter([0.0])
    optimizer = optim.Adagrad([p], lr=1.0, initial_accumulator_value=3.0)
    other = Parameter([0.0])
    saving = optim.Adagrad([other], initial_accumulator_value=8.0)
    other.grad = np.ones(1, np.float32)
    saving.step()
    state = saving.state_dict()
    state["state"]["0"]["sum"] = np.ones(2)
    with pytest.raises(StateDictError):
        optimizer.load_state_dict(state)
    p.grad = np.ones(1, np.float32)
    optimizer.step()
    assert p.data == [-0.5]


# Copies ---------------------------------------------------------------------------------------


@every
def test_copies_are_independent_and_go_on_alike(cls, run):
    """A copy moves its own parameters, with its own state."""
    params, grads = run(steps=4, dtype="float32")
    optimizer = make(cls, params)
    take_steps(optimizer, params, grads[:2])
    twin = copy.deepcopy(optimizer)
    theirs = twin.param_groups[0]["params"]
    assert not any(p is q for p, q in zip(params, theirs, strict=True))
    still = [p.data.copy() for p in params]
    take_steps(twin, theirs, grads[2:])
    for p, old in zip(params, still, strict=True):
        np.testing.assert_array_equal(p.data, old)
    take_steps(optimizer, params, grads[2:])
    for p, q in zip(params, theirs, strict=True):
        np.testing.assert_array_equal(p.data, q.data)


def test_a_copy_together_with_its_model_belongs_to_it():
    """deepcopy of both at once keeps them together."""
    model = Sequential(Dense(2, 2))
    optimizer = optim.Adam(model.parameters())
    twin_model, twin = copy.deepcopy((model, optimizer))
    assert all(
        p is q for p, q in zip(twin_model.parameters(), twin.param_groups[0]["params"], strict=True)
    )
    for p in twin_model.parameters():
        p.grad = np.ones_like(p.data)
    before = model.state_dict()
    twin.step()
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[name])
        assert (twin_model.state_dict()[name] != value).all()


def test_repr_shows_the_groups():
    """One line per group with its settings."""
    p = [Parameter([1.0]) for _ in range(3)]
    text = repr(optim.SGD([{"params": p[:1], "lr": 0.5}, {"params": p[1:]}], lr=0.1))
    rest = "momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False, maximize=False"
    assert text.splitlines() == [
        "SGD(",
        f"  group 0: 1 parameter, lr=0.5, {rest}",
        f"  group 1: 2 parameters, lr=0.1, {rest}",
        ")",
    ]


@pytest.mark.parametrize(
    "data",
    [
        np.ma.array([1.0, 2.0], np.float32, mask=[True, False]),
        np.array(["a", "b"]),
        np.ones(2, int),
        np.ones(2, np.float16),
        np.ones(2, complex),
        np.array([1.0, None]),
        "ab",
        None,
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", [optim.SGD, optim.Muon])
def test_data_set_to_what_is_no_array_of_numbers_is_named(kind, data):
    a, b = Parameter([1.0, 1.0], name="a"), Parameter([1.0, 1.0], name="b")
    optimizer = kind([a, b], lr=0.5)
    for p in (a, b):
        p.grad = np.ones(2, np.float32)
    b.data = data
    with pytest.raises(TypeError, match="parameter 'b'"):
        optimizer.step()
    np.testing.assert_array_equal(a.data, [1, 1])
    with pytest.raises(TypeError, match="parameter 0"):
        kind([b], lr=0.5)


def test_whoever_observes_hands_out_what_a_rule_computes_with() -> None:
    seen = []

    def view(by: Any, of: tuple[Any, ...], arrays: Sequence[Any]) -> Sequence[Any]:
        seen.append((type(by).__name__, of, len(arrays)))
        return arrays

    p = Parameter([1.0, 2.0])
    p.grad = np.array([0.5, 0.5], np.float32)
    optimizer = optim.Adam([p])
    with textbook(), viewed_by(view):
        optimizer.step()
    assert seen == [("Adam", (p, "exp_avg", "exp_avg_sq"), 4)]
