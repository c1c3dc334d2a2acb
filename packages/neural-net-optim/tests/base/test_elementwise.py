"""Elementwise optimizers: the rule is all that an author writes; storage and form stay aside."""

from contextlib import nullcontext
from typing import ClassVar

import numpy as np
import pytest

from neural_net_core import Parameter, textbook
from neural_net_optim import SGD, Adam, AdamW, ElementwiseOptimizer
from neural_net_optim.base.limits import at_least


def test_dtypes_live_side_by_side():
    """One group may hold several; each keeps its own."""
    params = [Parameter(np.ones(3), dtype) for dtype in ("float32", "float64", "float32")]
    optimizer = Adam(params, lr=0.1)
    for p in params:
        p.grad = np.ones_like(p.data)
    optimizer.step()
    assert [str(p.data.dtype) for p in params] == ["float32", "float64", "float32"]
    for p in params:
        np.testing.assert_allclose(p.data, 0.9)
    state = optimizer.state_dict()["state"]
    assert [str(state[k]["exp_avg"].dtype) for k in "012"] == ["float32", "float64", "float32"]


def test_tied_parameters_stay_tied():
    """One object under two names is one parameter; its array is changed in place."""
    p = Parameter(np.ones(3))
    held = []

    class Layer:
        weight = p

    optimizer = SGD([p], lr=1.0)
    held.append(p.data)
    p.grad = np.ones(3, dtype=np.float32)
    optimizer.step()
    assert Layer.weight.data is held[0]
    assert held[0].tolist() == [0, 0, 0]


def test_two_optimizers_over_one_parameter():
    """The one that finds the array replaced takes it in again; no update is lost."""
    p = Parameter([0.0])
    a, b = SGD([p], lr=1.0), SGD([p], lr=10.0)
    for optimizer in (a, b, a, a, b):
        p.grad = np.ones(1, dtype=np.float32)
        optimizer.step()
    assert p.data == [-23.0]


def test_gradients_of_other_layouts_and_dtypes():
    """Transposed, strided, broadcast and float64 gradients of float32 parameters."""
    rng = np.random.default_rng(0)
    g = rng.standard_normal((4, 6))
    for grad in (
        np.asfortranarray(g.astype(np.float32)),
        np.repeat(g.astype(np.float32), 2, axis=1)[:, ::2],
        g,
        np.broadcast_to(np.float32(0.5), (4, 6)),
    ):
        p = Parameter(np.zeros((4, 6)))
        q = Parameter(np.zeros(2))
        for params in ([p], [p, q]):
            p.data[...] = 0
            p.grad, q.grad = grad, np.zeros(2, np.float32)
            SGD(params, lr=1.0).step()
            np.testing.assert_allclose(p.data, -grad, rtol=1e-6)
            assert p.data.dtype == np.float32


class SignSGD(ElementwiseOptimizer):
    """The example of the module's docstring."""

    limits: ClassVar = {"lr": at_least(0)}

    def __init__(self, params, lr=1e-3):
        super().__init__(params, {"lr": lr})

    def rule(self, p, g, state, group, t):
        return p - group["lr"] * np.sign(g), {}


class Growing(SignSGD):
    """One with state and numbers of its own."""

    scalar_state: ClassVar = {"factor": 1.0}

    def state_names(self, group):
        return ("sum",)

    def initial_state(self, group):
        return {"sum": 100.0}

    def advance(self, scalars, group):
        super().advance(scalars, group)
        scalars["factor"] *= 2

    def rule(self, p, g, state, group, t):
        total = state["sum"] + g
        return p + group["lr"] * state["factor"] * t * total, {"sum": total}


@pytest.fixture(params=["as it comes", "textbook"])
def form(request):
    """Run a test in the present form, and in the textbook's."""
    with textbook() if request.param == "textbook" else nullcontext():
        yield


@pytest.mark.usefixtures("form")
def test_own_rule_in_a_few_lines():
    """Nothing but the rule is needed; parameters have counts and numbers of their own."""
    p, q, late = Parameter([1.0, 1.0]), Parameter([0.0]), Parameter([0.0])
    p.grad, q.grad = np.array([0.5, -7.0], np.float32), np.array([1.0], np.float32)
    SignSGD([p], lr=0.25).step()
    assert p.data.tolist() == [0.75, 1.25]
    growing = Growing([q, late], lr=1.0)
    growing.step()
    late.grad = q.grad
    growing.step()
    assert q.data == [2 * 1 * 101 + 4 * 2 * 102]
    assert late.data == [2 * 1 * 101]
    state = growing.state_dict()["state"]
    assert [state[key]["factor"] for key in "01"] == [4.0, 2.0]
    assert [state[key]["step"] for key in "01"] == [2, 1]


@pytest.mark.usefixtures("form")
def test_a_rule_may_return_what_it_was_given():
    """The two arrays change places, though both are written in place."""

    class Swapping(SignSGD):
        def state_names(self, group):
            return ("other",)

        def rule(self, p, g, state, group, t):
            return state["other"], {"other": p[...]}

    p = Parameter([1.0, 2.0])
    optimizer = Swapping([p])
    p.grad = np.ones(2, np.float32)
    optimizer.step()
    assert p.data.tolist() == [0, 0]
    assert optimizer.state_dict()["state"]["0"]["other"].tolist() == [1, 2]
    optimizer.step()
    assert p.data.tolist() == [1, 2]


@pytest.mark.usefixtures("form")
@pytest.mark.parametrize("result", [None, (0.0, {}), (0.0, None), (0.0, {"sum": 1.0}, 1), [0.0]])
def test_a_rule_that_returns_something_else(result):
    """Such as one that works in place."""

    class Wrong(Growing):
        def rule(self, p, g, state, group, t):
            return result

    p = Parameter([1.0])
    p.grad = np.ones(1, np.float32)
    with pytest.raises(TypeError, match=r"Wrong: rule must return .* dict .* with 'sum' in it"):
        Wrong([p]).step()
    assert p.data == [1.0]


def test_state_names_may_change_with_the_settings():
    """An option that is switched on gets its array, also when a state is loaded first."""
    p = Parameter([1.0])
    p.grad = np.ones(1, dtype=np.float32)
    optimizer = AdamW([p])
    optimizer.step()
    optimizer.param_groups[0]["amsgrad"] = True
    state = optimizer.state_dict()["state"]["0"]
    assert state["max_exp_avg_sq"].tolist() == [0.0]
    optimizer.step()
    state = optimizer.state_dict()["state"]["0"]
    assert state["max_exp_avg_sq"] > 0


def test_an_option_switched_on_between_two_steps():
    """Nobody need ask for the state first."""
    p = Parameter([1.0])
    p.grad = np.ones(1, dtype=np.float32)
    optimizer = AdamW([p])
    optimizer.step()
    optimizer.param_groups[0]["amsgrad"] = True
    optimizer.step()
    assert optimizer.state_dict()["state"]["0"]["max_exp_avg_sq"] > 0
