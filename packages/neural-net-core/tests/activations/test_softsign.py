"""Softsign."""

import numpy as np

from neural_net_core import Tensor, softsign


def test_values_and_slopes():
    x = Tensor([-3.0, 0.0, 1.0], requires_grad=True)
    y = softsign(x)
    y.sum().backward()
    np.testing.assert_array_equal(y.data, [-0.75, 0, 0.5])
    np.testing.assert_array_equal(x.grad, [1 / 16, 1, 1 / 4])


def test_a_huge_input_does_not_overflow():
    x = Tensor([1e30], requires_grad=True)
    softsign(x).sum().backward()
    assert x.grad == 0
