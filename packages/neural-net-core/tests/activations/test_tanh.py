"""The hyperbolic tangent."""

import math

import numpy as np

from neural_net_core import Tensor, sigmoid, tanh


def test_values():
    x = np.linspace(-5, 5, 101)
    y = tanh(Tensor(x, np.float64)).data
    np.testing.assert_allclose(y, [math.tanh(v) for v in x], rtol=1e-14)


def test_it_is_a_stretched_sigmoid():
    x = Tensor(np.linspace(-5, 5, 101), np.float64)
    np.testing.assert_allclose(tanh(x).data, (2 * sigmoid(2 * x) - 1).data, atol=1e-15)


def test_slope_is_one_at_zero_and_zero_far_out():
    x = Tensor([0.0, 50.0, -50.0], requires_grad=True)
    tanh(x).sum().backward()
    np.testing.assert_array_equal(x.grad, [1, 0, 0])
