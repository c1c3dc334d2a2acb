"""Sign and logarithm of the determinant."""

import numpy as np
import pytest
from hypothesis import given
from matrices import invertible

from neural_net_core import LinAlgError, ShapeError, Tensor, grad, linalg


@given(a=invertible())
def test_it_is_the_product_of_the_eigenvalues(a):
    sign, logabsdet = linalg.slogdet(Tensor(a, np.float64))
    eigenvalues = np.linalg.eigvals(a)
    assert sign.shape == logabsdet.shape == a.shape[:-2]
    product = np.prod(eigenvalues, axis=-1).real
    np.testing.assert_allclose(sign.data * np.exp(logabsdet.data), product, rtol=1e-10)
    np.testing.assert_allclose(
        logabsdet.data, np.log(np.abs(eigenvalues)).sum(-1), rtol=1e-10, atol=1e-10
    )


@given(a=invertible())
def test_of_an_orthogonal_change_of_basis_nothing_is_seen(a):
    q = np.linalg.qr(np.random.default_rng(0).normal(size=a.shape[-2:]))[0]
    for found, expected in zip(
        linalg.slogdet(Tensor(q @ a @ q.T, np.float64)),
        linalg.slogdet(Tensor(a, np.float64)),
        strict=True,
    ):
        np.testing.assert_allclose(found.data, expected.data, atol=1e-11)


def test_determinants_that_float32_cannot_hold():
    for scale in (1e-3, 1e3):
        a = Tensor(scale * np.eye(40), requires_grad=True)
        sign, logabsdet = linalg.slogdet(a)
        assert sign.item() == 1
        assert logabsdet.item() == pytest.approx(40 * np.log(scale), rel=1e-6)
        np.testing.assert_allclose(grad(logabsdet, a), np.eye(40) / scale, rtol=1e-6)


def test_the_result_has_names_and_unpacks():
    result = linalg.slogdet([[0.0, 1.0], [2.0, 0.0]])
    assert result.sign.item() == -1
    assert result.logabsdet.item() == pytest.approx(np.log(2), rel=1e-6)
    sign, logabsdet = result
    assert (sign, logabsdet) == (result.sign, result.logabsdet)


def test_a_singular_matrix_has_a_value_and_no_gradient():
    a = Tensor(np.stack([np.eye(2), np.ones((2, 2))]), requires_grad=True)
    sign, logabsdet = linalg.slogdet(a)
    np.testing.assert_array_equal(sign.data, [1, 0])
    np.testing.assert_array_equal(logabsdet.data, [0, -np.inf])
    with pytest.raises(LinAlgError, match=r"gradient of slogdet: a\[1\] is singular"):
        logabsdet.sum().backward()
    assert a.grad is None


def test_no_gradient_flows_through_the_sign():
    a = Tensor([[2.0, 1.0], [1.0, -3.0]], requires_grad=True)
    np.testing.assert_array_equal(grad(linalg.slogdet(a).sign, a), np.zeros((2, 2)))


def test_what_is_not_square_is_refused():
    with pytest.raises(ShapeError, match="slogdet: a must be square matrices"):
        linalg.slogdet(np.ones((2, 3)))


def test_of_no_rows_and_of_no_matrices():
    sign, logabsdet = linalg.slogdet(np.zeros((2, 0, 0)))
    np.testing.assert_array_equal(sign.data, [1, 1])
    np.testing.assert_array_equal(logabsdet.data, [0, 0])
    a = Tensor(np.zeros((0, 3, 3)), requires_grad=True)
    linalg.slogdet(a).logabsdet.sum().backward()
    assert a.grad.shape == (0, 3, 3)
