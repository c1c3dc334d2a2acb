"""Hardswish."""

import numpy as np

from neural_net_core import Tensor, hardsigmoid, hardswish


def test_it_equals_its_composition():
    points = np.array([-5.0, -3.5, -2.0, 0.0, 1.5, 2.9, 3.1, 7.0])
    x, z = (Tensor(np.tile(points, 100), np.float64, requires_grad=True) for _ in range(2))
    y, w = hardswish(x), z * hardsigmoid(z)
    y.sum().backward()
    w.sum().backward()
    np.testing.assert_allclose(y.data, w.data, rtol=1e-15)
    np.testing.assert_allclose(x.grad, z.grad, rtol=1e-14)
