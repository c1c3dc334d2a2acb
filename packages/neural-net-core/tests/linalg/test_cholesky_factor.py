"""The Cholesky factor."""

import numpy as np
import pytest
from hypothesis import given
from matrices import invertible, positive_definite

from neural_net_core import LinAlgError, ShapeError, Tensor, grad, linalg, ops


@given(a=invertible())
def test_the_factor_times_its_transpose_is_the_matrix(a):
    a = positive_definite(a)
    l = linalg.cholesky(Tensor(a, np.float64)).data
    np.testing.assert_allclose(l @ l.mT, a, atol=1e-12)
    np.testing.assert_array_equal(l, np.tril(l))
    assert (np.diagonal(l, axis1=-2, axis2=-1) > 0).all()


@given(a=invertible())
def test_the_upper_factor_is_the_transpose_in_values_and_gradients(a):
    x = Tensor(positive_definite(a), np.float64, requires_grad=True)
    dy = np.random.default_rng(0).normal(size=a.shape)
    upper, lower = linalg.cholesky(x, upper=True), linalg.cholesky(x).swapaxes(-1, -2)
    np.testing.assert_allclose(upper.data, lower.data, atol=1e-12)
    np.testing.assert_allclose(grad(upper, x, dy), grad(lower, x, dy), atol=1e-10)


@given(a=invertible())
def test_the_gradient_of_the_matrix_put_together_again_is_symmetric_and_comes_back(a):
    x = Tensor(positive_definite(a), np.float64, requires_grad=True)
    l = linalg.cholesky(x)
    dy = np.random.default_rng(0).normal(size=a.shape)
    dx = grad(ops.matmul(l, l.swapaxes(-1, -2)), x, dy)
    np.testing.assert_allclose(dx, (dy + dy.mT) / 2, atol=1e-10)


@given(a=invertible())
def test_half_the_log_determinant_stands_on_the_diagonal(a):
    x = Tensor(positive_definite(a), np.float64, requires_grad=True)
    diagonal = ops.einsum("...ii->...i", linalg.cholesky(x))
    logdet = 2 * diagonal.log().sum(-1)
    expected = linalg.slogdet(x).logabsdet
    np.testing.assert_allclose(logdet.data, expected.data, atol=1e-11)
    dy = np.random.default_rng(0).normal(size=a.shape[:-2])
    np.testing.assert_allclose(grad(logdet, x, dy), grad(expected, x, dy), atol=1e-10)


@pytest.mark.parametrize("upper", [False, True])
def test_one_triangle_alone_is_read(upper):
    a = np.array([[4.0, 2.0], [2.0, 5.0]])
    other = a.copy()
    other[(1, 0) if upper else (0, 1)] = 99
    np.testing.assert_array_equal(
        linalg.cholesky(other, upper=upper).data, linalg.cholesky(a, upper=upper).data
    )


def test_a_gradient_above_the_diagonal_counts_for_nothing():
    a = Tensor([[4.0, 2.0], [2.0, 5.0]], requires_grad=True)
    dx = grad(linalg.cholesky(a), a, [[0.0, 1.0], [0.0, 0.0]])
    np.testing.assert_array_equal(dx, np.zeros((2, 2)))


@pytest.mark.parametrize(
    "bad", [[[1.0, 2.0], [2.0, 1.0]], [[1.0, 1.0], [1.0, 1.0]], [[-1.0, 0.0], [0.0, 1.0]]]
)
def test_a_matrix_that_is_not_positive_definite_is_named(bad):
    a = Tensor(np.stack([np.eye(2), bad]), requires_grad=True)
    with pytest.raises(LinAlgError, match=r"cholesky: a\[1\] is not positive definite"):
        linalg.cholesky(a)
    with pytest.raises(LinAlgError, match=r"cholesky: a is not positive definite"):
        linalg.cholesky(bad, upper=True)
    assert a.grad is None


def test_of_no_rows_and_of_no_matrices():
    for shape in ((0, 0), (2, 0, 0), (0, 3, 3)):
        a = Tensor(np.zeros(shape), requires_grad=True)
        linalg.cholesky(a).sum().backward()
        assert a.grad.shape == shape


def test_wrong_arguments_are_refused():
    with pytest.raises(ShapeError, match="cholesky: a must be square matrices"):
        linalg.cholesky(np.ones((2, 3)))
    with pytest.raises(ValueError, match="cholesky: upper must be True or False, got 1"):
        linalg.cholesky(np.eye(2), upper=1)
