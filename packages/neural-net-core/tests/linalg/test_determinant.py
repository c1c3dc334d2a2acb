"""The determinant, whose gradient singular matrices have too."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matrices import invertible

from neural_net_core import LinAlgError, ShapeError, Tensor, grad, linalg


def by_permutations(a):
    """Return the determinant by Leibniz's formula: a signed product for every permutation."""
    n = len(a)
    signs = {p: np.linalg.det(np.eye(n)[list(p)]) for p in permutations(range(n))}
    return sum(sign * np.prod([a[i, j] for i, j in enumerate(p)]) for p, sign in signs.items())


def cofactors(a):
    """Return the determinants of what is left without a row and a column, with their signs."""
    n = len(a)
    minors = [[np.delete(np.delete(a, i, 0), j, 1) for j in range(n)] for i in range(n)]
    return np.array(
        [[(-1) ** (i + j) * by_permutations(minors[i][j]) for j in range(n)] for i in range(n)]
    )


@given(
    n=st.integers(1, 4),
    rank=st.integers(0, 4),
    seed=st.integers(0, 1000),
)
def test_value_and_gradient_at_every_rank(n, rank, seed):
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(n, min(rank, n))) @ rng.normal(size=(min(rank, n), n))
    x = Tensor(a, np.float64, requires_grad=True)
    y = linalg.det(x)
    np.testing.assert_allclose(y.data, by_permutations(a), atol=1e-9)
    np.testing.assert_allclose(grad(y, x), cofactors(a), atol=1e-9)


@given(a=invertible())
def test_the_gradient_is_that_of_sign_and_logarithm(a):
    x = Tensor(a, np.float64, requires_grad=True)
    sign, logabsdet = linalg.slogdet(x)
    composed = sign.data * logabsdet.exp()
    dy = np.random.default_rng(0).normal(size=a.shape[:-2])
    y = linalg.det(x)
    np.testing.assert_allclose(y.data, composed.data, rtol=1e-11)
    np.testing.assert_allclose(grad(y, x, dy), grad(composed, x, dy), atol=1e-10)


def test_at_zero_only_a_matrix_of_one_row_has_a_gradient():
    for n, expected in ((1, [[1.0]]), (2, np.zeros((2, 2)))):
        x = Tensor(np.zeros((n, n)), requires_grad=True)
        np.testing.assert_array_equal(grad(linalg.det(x), x), expected)


def test_of_no_rows_and_of_no_matrices():
    assert linalg.det(np.zeros((0, 0))).item() == 1
    a = Tensor(np.zeros((0, 3, 3)), requires_grad=True)
    linalg.det(a).sum().backward()
    assert a.grad.shape == (0, 3, 3)


def test_what_is_not_square_is_refused():
    with pytest.raises(ShapeError, match="det: a must be square matrices"):
        linalg.det(np.ones((2, 3)))


@pytest.mark.filterwarnings("ignore:invalid value")
def test_a_matrix_with_nan_has_the_determinant_nan_and_is_named_by_its_gradient():
    a = Tensor(np.stack([np.eye(2), np.full((2, 2), np.nan)]), requires_grad=True)
    y = linalg.det(a)
    np.testing.assert_array_equal(y.data, [1, np.nan])
    with pytest.raises(LinAlgError, match=r"gradient of det: a\[1\] holds NaN or infinity"):
        y.sum().backward()
    assert a.grad is None
