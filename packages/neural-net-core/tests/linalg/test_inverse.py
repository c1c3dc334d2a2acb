"""The inverse."""

import numpy as np
import pytest
from hypothesis import given
from matrices import invertible

from neural_net_core import LinAlgError, ShapeError, Tensor, grad, linalg


@given(a=invertible())
def test_a_matrix_times_its_inverse_is_the_unit_matrix(a):
    y = linalg.inv(Tensor(a, np.float64)).data
    unit = np.broadcast_to(np.eye(a.shape[-1]), a.shape)
    np.testing.assert_allclose(a @ y, unit, atol=1e-12)
    np.testing.assert_allclose(y @ a, unit, atol=1e-12)


@given(a=invertible())
def test_the_inverse_of_the_inverse_is_the_matrix_and_its_gradient_comes_back(a):
    x = Tensor(a, np.float64, requires_grad=True)
    twice = linalg.inv(linalg.inv(x))
    dy = np.random.default_rng(0).normal(size=a.shape)
    np.testing.assert_allclose(twice.data, a, atol=1e-11)
    np.testing.assert_allclose(grad(twice, x, dy), dy, atol=1e-10)


def test_the_derivative_of_one_over_x():
    x = Tensor([[[4.0]], [[-0.5]]], requires_grad=True)
    np.testing.assert_array_equal(linalg.inv(x).data.ravel(), [0.25, -2])
    np.testing.assert_array_equal(grad(linalg.inv(x).sum(), x).ravel(), [-1 / 16, -4])


@pytest.mark.parametrize("shape", [(2, 3), (3,), (), (4, 3, 2)])
def test_what_is_not_square_is_refused(shape):
    with pytest.raises(ShapeError, match=r"inv: a must be square matrices"):
        linalg.inv(np.ones(shape))


def test_the_first_singular_matrix_is_named():
    a = np.stack([np.eye(2), np.zeros((2, 2)), np.zeros((2, 2))])
    with pytest.raises(LinAlgError, match=r"inv: a\[1\] is singular"):
        linalg.inv(a)


@pytest.mark.filterwarnings("ignore:invalid value")
def test_nan_stays_nan_and_in_its_own_matrix():
    a = np.stack([np.eye(2), np.full((2, 2), np.nan)])
    y = linalg.inv(a).data
    np.testing.assert_array_equal(y[0], np.eye(2))
    assert np.isnan(y[1]).all()
