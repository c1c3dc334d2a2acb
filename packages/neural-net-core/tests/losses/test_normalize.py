"""Vectors of length 1."""

import numpy as np
import pytest

from neural_net_core import Tensor, normalize, ops
from neural_net_core.losses.normalize import unit_vectors


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


def test_lengths_count_as_at_least_eps():
    """Unless it is given, that is 1e-12; a vector of this length has no gradient yet."""
    for length, expected in [(0.5e-12, 0.5), (1.5e-12, 1.0)]:
        y = normalize(np.array([length, 0.0]))
        assert y.data[0] == pytest.approx(expected, rel=1e-6)
    x = np.array([[3.0, 4.0], [6.0, 8.0]])
    y, inverse = unit_vectors(x, -1, 5.0)
    np.testing.assert_array_equal(y, [[0.6, 0.8], [0.6, 0.8]])
    np.testing.assert_array_equal(inverse, [[0], [0.1]])
