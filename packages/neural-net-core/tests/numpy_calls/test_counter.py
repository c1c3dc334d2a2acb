"""What an operation costs is that of its textbook form, and counting changes nothing."""

from itertools import pairwise

import numpy as np
import pytest

from neural_net_core import Dense, Op, ReLU, Sequential, Tensor, default_rng, no_grad, trace
from neural_net_core.activations.relu import ReLUOp
from neural_net_core.numpy_calls.counter import forward_cost


class NoisyOp(Op):
    """x + noise, drawn as many times as there are rows."""

    def __init__(self, rng=None, observe=None):
        self.rng, self.observe = rng or default_rng(), observe

    def forward(self, x):
        if self.observe is not None:
            self.observe(x.mean())
        return x + self.rng.normal(size=x.shape)

    def backward(self, dy):
        return dy


@pytest.mark.parametrize("own", [True, False])
def test_generators_stay_where_they_are_and_nobody_is_told_again(own):
    rng = np.random.default_rng(3) if own else None
    told = []
    with trace() as calls:
        NoisyOp.apply(np.ones((4, 3)), rng=rng, observe=told.append)
    state = (rng or default_rng()).bit_generator.state
    assert calls[0].cost().operations == 12
    assert (rng or default_rng()).bit_generator.state == state
    assert len(told) == 1


def test_the_form_that_ran_does_not_matter():
    x = Tensor(np.linspace(-1, 1, 100_000, dtype=np.float32))
    with no_grad(), trace() as calls:
        ReLUOp.apply(x)
        if ReLUOp.fast is not None:
            ReLUOp.fast.apply(x)
    assert {call.cost().operations for call in calls} == {100_000}


@pytest.mark.parametrize(("n", "sizes"), [(1, (8, 3)), (5, (8, 16, 3)), (7, (2, 4, 4, 1))])
def test_dense_layers_cost_their_formulas(n, sizes):
    """2 N I O for the product and N O for the bias; read are X, W, the product and the bias."""
    parts = [part for a, b in pairwise(sizes) for part in (Dense(a, b), ReLU())]
    with trace() as calls:
        Sequential(*parts)(np.ones((n, sizes[0]), np.float32))
    for i, (a, b) in enumerate(pairwise(sizes)):
        dense, relu = calls[2 * i].cost(), calls[2 * i + 1].cost()
        assert dense.operations == 2 * n * a * b + n * b
        assert dense.read == 4 * (n * a + a * b + n * b + b)
        assert dense.written == 4 * 2 * n * b
        assert (relu.operations, relu.read, relu.written) == (n * b, 4 * n * b, 4 * n * b)


def test_arrays_of_another_library_are_counted_too():
    class Elsewhere:
        """Holds an array that only np.asarray gets out."""

        def __init__(self, array):
            self.array, self.shape, self.dtype = array, array.shape, array.dtype

        def __array__(self, dtype=None, copy=None):
            return self.array

    cost = forward_cost(ReLUOp, {}, (Elsewhere(np.ones((2, 3), np.float32)),))
    assert cost.operations == 6
