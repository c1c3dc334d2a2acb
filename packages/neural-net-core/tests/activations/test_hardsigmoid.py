"""Hardsigmoid."""

import numpy as np

from neural_net_core import Tensor, hardsigmoid, sigmoid


def test_values_and_slopes():
    x = Tensor([-4.0, -3.0, -1.5, 0.0, 3.0, 4.0], requires_grad=True)
    y = hardsigmoid(x)
    y.sum().backward()
    np.testing.assert_array_equal(y.data, [0, 0, 0.25, 0.5, 1, 1])
    np.testing.assert_allclose(x.grad, np.array([0, 0, 1, 1, 0, 0]) / 6, rtol=1e-7)


def test_it_stays_near_the_sigmoid():
    x = np.linspace(-8, 8, 161)
    assert np.abs(hardsigmoid(x).data - sigmoid(x).data).max() < 0.1
