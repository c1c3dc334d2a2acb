"""Sine and cosine."""

import numpy as np

from neural_net_core import Tensor, grad, ops


def test_each_is_the_derivative_of_the_other():
    x = Tensor(np.linspace(-7, 7, 29), requires_grad=True)
    np.testing.assert_array_equal(grad(ops.sin(x).sum(), x), ops.cos(x).data)
    np.testing.assert_array_equal(grad(ops.cos(x).sum(), x), -ops.sin(x).data)
