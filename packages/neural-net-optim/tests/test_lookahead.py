"""Lookahead around other optimizers."""

import copy

import numpy as np
import pytest

from neural_net_core import GraphError, Parameter, StateDictError
from neural_net_optim import SGD, Adam, Lookahead


def test_follows_algorithm_1(run):
    """Zhang et al. (2019), Algorithm 1, with Adam inside, for some k and α."""
    for k, alpha in ((1, 0.5), (3, 0.8), (4, 0.7), (5, 0.5)):
        params, grads = run(steps=17)
        inner = [Parameter(p.data, "float64") for p in params]
        optimizer = Lookahead(Adam(params, lr=0.1), k=k, alpha=alpha)
        reference = Adam(inner, lr=0.1)
        slow = [p.data.copy() for p in inner]
        for t, step in enumerate(grads, 1):
            for p, q, g in zip(params, inner, step, strict=True):
                p.grad, q.grad = g, g
            optimizer.step()
            reference.step()
            if t % k == 0:
                for i, q in enumerate(inner):
                    slow[i] = slow[i] + alpha * (q.data - slow[i])
                    q.data[...] = slow[i]
            for p, q in zip(params, inner, strict=True):
                np.testing.assert_allclose(p.data, q.data, rtol=1e-12, atol=1e-14)


def test_behaves_as_an_optimizer():
    """Groups, gradients, closures, versions, added parameters."""
    p = Parameter([8.0])
    optimizer = Lookahead(SGD([p], lr=1.0), k=1, alpha=0.5)
    assert optimizer.param_groups is optimizer.optimizer.param_groups
    version = p.version
    p.grad = np.ones(1, np.float32)
    assert optimizer.step(lambda: 42) == 42
    assert p.data == [7.5]
    assert p.version > version
    q = Parameter([4.0])
    optimizer.add_param_group({"params": [q]})
    p.grad = q.grad = np.ones(1, np.float32)
    optimizer.step()
    assert (float(p), float(q)) == (7.0, 3.5)
    optimizer.zero_grad(set_to_none=False)
    assert q.grad == [0.0]
    optimizer.zero_grad()
    assert p.grad is None
    assert repr(optimizer).startswith("Lookahead(k=1, alpha=0.5, SGD(\n")


def test_a_parameter_that_only_the_slow_step_moved_has_a_new_version():
    """Else a graph that was built before would be differentiated with the new weights."""
    p = Parameter([8.0])
    optimizer = Lookahead(SGD([p], lr=1.0), k=2)
    p.grad = np.array([2.0], np.float32)
    optimizer.step()
    assert optimizer.num_steps == 1
    loss = (p * p).sum()
    p.grad = None
    optimizer.step()
    assert optimizer.num_steps == 2
    assert p.data == [7.0]
    with pytest.raises(GraphError):
        loss.backward()


def test_defaults_are_the_papers():
    """k = 5 and α = 0.5."""
    optimizer = Lookahead(SGD([Parameter([1.0])]))
    assert (optimizer.k, optimizer.alpha) == (5, 0.5)


def test_state_is_a_copy_and_bit_exact(run):
    """Saved between two slow steps."""
    params, grads = run(steps=10)
    optimizer = Lookahead(SGD(params, lr=0.1, momentum=0.9), k=4)

    def go(optimizer, params, steps):
        for step in steps:
            for p, g in zip(params, step, strict=True):
                p.grad = g
            optimizer.step()

    go(optimizer, params, grads[:5])
    state = optimizer.state_dict()
    kept = copy.deepcopy(state)
    again = [Parameter(p.data, "float64") for p in params]
    go(optimizer, params, grads[5:])
    for a, b in zip(state["slow"], kept["slow"], strict=True):
        np.testing.assert_array_equal(a, b)
    resumed = Lookahead(SGD(again, lr=0.5, momentum=0.9), k=4)
    resumed.load_state_dict(state)
    go(resumed, again, grads[5:])
    for p, q in zip(params, again, strict=True):
        np.testing.assert_array_equal(p.data, q.data)


def test_states_that_do_not_fit_change_nothing():
    """Neither the slow weights nor the inner optimizer."""
    optimizer = Lookahead(SGD([Parameter([1.0, 2.0])], lr=0.25))
    good = optimizer.state_dict()
    other = Lookahead(SGD([Parameter([1.0])], lr=0.5)).state_dict()
    for bad, message in [
        ({}, "missing 'optimizer'; missing 'slow'; missing 'num_steps'"),
        ({**good, "slow": other["slow"]}, r"the slow weights are \[\(\(1,\)"),
        ({**good, "slow": [x.astype(np.float64) for x in good["slow"]]}, "the slow weights are"),
        ({**good, "num_steps": 7, "optimizer": {}}, "SGD: the state dict does not fit"),
    ]:
        with pytest.raises(StateDictError, match=message):
            optimizer.load_state_dict(bad)
    assert optimizer.num_steps == 0
    assert optimizer.param_groups[0]["lr"] == 0.25


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"k": 0}, "Lookahead: k must be a whole number >= 1, got 0"),
        ({"alpha": 1.5}, r"Lookahead: alpha must be a number in \[0, 1\], got 1.5"),
    ],
)
def test_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        Lookahead(SGD([Parameter([1.0])]), **options)


def test_refuses_what_is_no_optimizer():
    with pytest.raises(TypeError, match="Lookahead: expected an Optimizer, got a list"):
        Lookahead([])
