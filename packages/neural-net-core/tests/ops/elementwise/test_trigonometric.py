"""Sine, cosine and angles."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from neural_net_core import Tensor, grad, ops


def test_each_is_the_derivative_of_the_other():
    x = Tensor(np.linspace(-7, 7, 29), requires_grad=True)
    np.testing.assert_array_equal(grad(ops.sin(x).sum(), x), ops.cos(x).data)
    np.testing.assert_array_equal(grad(ops.cos(x).sum(), x), -ops.sin(x).data)


@given(
    a=st.floats(-(2.0**99), 2.0**99, width=32) | st.sampled_from([0.0, -0.0]),
    b=st.floats(-(2.0**99), 2.0**99, width=32) | st.sampled_from([0.0, -0.0]),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_the_angle_is_numpys_and_turns_with_the_point(a, b, dtype):
    x = [Tensor(np.array(v, dtype), dtype, requires_grad=True) for v in (a, b)]
    y = ops.arctan2(*x)
    np.testing.assert_array_equal(y.data, np.arctan2(*(v.data for v in x)))
    assert y.dtype == dtype
    r = math.hypot(a, b)
    assume(r == 0 or r > 2.0**-99)  # the gradient, 1 / r, is no number of float32 any more
    da, db = (float(d) for d in grad(y, x))
    # Outwards the angle stays; a step of r across turns it by 1, at any distance.
    if r > 0:
        assert da * a + db * b == pytest.approx(0, abs=1e-6)
        assert da * b - db * a == pytest.approx(1, rel=1e-5)
    else:
        assert (da, db) == (0, 0)


def test_angles_of_all_quarters_and_shapes():
    a, b = np.array([[1.0], [-1.0]]), np.array([1.0, -1.0, 0.0])
    y = ops.arctan2(a, b)
    np.testing.assert_allclose(y.data, np.arctan2(a, b), rtol=1e-6)
    assert ops.arctan2(1, 1).dtype == ops.arctan2([1, 2], 3).dtype == np.float32
    x = Tensor([0.5, 1.0], requires_grad=True)
    assert ops.arctan2(x, np.ones(2)).dtype == np.float32
    np.testing.assert_allclose(grad(ops.arctan2(x, 1).sum(), x), [0.8, 0.5])


def test_the_angle_of_a_tiny_vector_keeps_its_gradient():
    """Of 1e-30 squared, float32 leaves nothing."""
    x = Tensor([1e-30, 0.0], requires_grad=True), Tensor([1e-30, 1e-30], requires_grad=True)
    da, db = grad(ops.arctan2(*x).sum(), x)
    np.testing.assert_allclose(da, [5e29, 1e30], rtol=1e-6)
    np.testing.assert_allclose(db, [-5e29, 0], rtol=1e-6)
