"""Optimizers whose rule sees a whole parameter at a time."""

from typing import ClassVar

import numpy as np

from neural_net_core import Parameter
from neural_net_optim import TensorwiseOptimizer
from neural_net_optim.base.limits import at_least


class Normalized(TensorwiseOptimizer):
    """Steps of one length, in the direction of the sum of all gradients."""

    limits: ClassVar = {"lr": at_least(0)}

    def __init__(self, params, lr=1.0):
        super().__init__(params, {"lr": lr})

    def init_state(self, p, group):
        return {"sum": np.zeros_like(p)}

    def rule(self, p, g, state, group, t):
        total = state["sum"] + g
        return p - group["lr"] * t * total / np.linalg.norm(total), {"sum": total}


def test_own_rule_in_a_few_lines():
    """The rule sees the parameter in its own shape, and its own count of steps."""
    a, b = Parameter([[3.0, 4.0]], "float64"), Parameter(np.zeros(2), "float64")
    optimizer = Normalized([a, b], lr=5.0)
    a.grad = np.array([[3.0, 4.0]])
    optimizer.step()
    b.grad = np.array([0.0, 2.0])
    optimizer.step()
    np.testing.assert_allclose(a.data, [[-6.0, -8.0]])
    np.testing.assert_allclose(b.data, [0.0, -5.0])


def test_each_update_counts_as_a_change():
    """So that a graph from before it is refused; a skipped parameter has not changed."""
    a, b = Parameter(np.ones(2)), Parameter(np.ones(2))
    optimizer = Normalized([a, b])
    versions = a.version, b.version
    a.grad = np.ones(2, dtype=np.float32)
    optimizer.step()
    assert a.version > versions[0]
    assert b.version == versions[1]


def test_parameters_keep_their_own_arrays():
    """There is no flat buffer that they would have to move to."""
    p = Parameter([1.0])
    held = p.data
    optimizer = Normalized([p])
    p.grad = np.ones(1, dtype=np.float32)
    optimizer.step()
    assert p.data is held
    assert held == [0.0]
