"""Vectors of length 1."""

import numpy as np

from neural_net_core import Tensor, ops
from neural_net_core.losses import normalize


def test_it_equals_its_composition():
    data, dy = np.random.default_rng(0).normal(size=(2, 3, 4))
    for axis in (0, 1, -1):
        x, z = (Tensor(data, np.float64, requires_grad=True) for _ in range(2))
        y, w = normalize(x, axis), z / ops.norm(z, axis, keepdims=True)
        y.backward(dy)
        w.backward(dy)
        np.testing.assert_allclose(y.data, w.data, rtol=1e-14)
        np.testing.assert_allclose(x.grad, z.grad, rtol=1e-11, atol=1e-14)


def test_zero_has_no_direction_and_no_gradient():
    with np.errstate(all="raise"):
        x = Tensor([[0.0, 0.0], [0.0, 2.0]], requires_grad=True)
        y = normalize(x)
        y.backward(np.ones((2, 2), np.float32))
    np.testing.assert_array_equal(y.data, [[0, 0], [0, 1]])
    np.testing.assert_array_equal(x.grad, [[0, 0], [0.5, 0]])
