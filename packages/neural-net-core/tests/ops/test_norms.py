"""The Euclidean length."""

import numpy as np
import pytest

from neural_net_core import Tensor, grad, ops


@pytest.mark.parametrize("axis", [None, 0, -1])
@pytest.mark.parametrize("keepdims", [False, True])
def test_values_are_numpys(axis, keepdims):
    x = np.random.default_rng(0).normal(size=(3, 4))
    expected = np.sqrt((x**2).sum(axis=axis, keepdims=keepdims))
    y = ops.norm(Tensor(x, np.float64), axis, keepdims=keepdims)
    np.testing.assert_allclose(y.data, expected, rtol=1e-12)


def test_the_gradient_is_the_direction_and_zero_at_the_origin():
    x = Tensor([[3.0, 4.0], [0.0, 0.0]], requires_grad=True)
    np.testing.assert_allclose(grad(ops.norm(x, -1).sum(), x), [[0.6, 0.8], [0, 0]], rtol=1e-6)
