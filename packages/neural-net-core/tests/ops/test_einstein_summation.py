"""Sums of products by letters."""

import numpy as np
import pytest

from neural_net_core import Tensor, grad, ops
from neural_net_core.ops.einstein_summation import spell_out

rng = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("subscripts", "shapes"),
    [
        ("ij,jk->ik", [(2, 3), (3, 4)]),
        ("ij,jk", [(2, 3), (3, 4)]),
        ("ba", [(2, 3)]),
        ("ii", [(3, 3)]),
        ("ii->i", [(3, 3)]),
        ("...ij,...jk", [(2, 1, 3, 4), (5, 4, 2)]),
        ("i...->...", [(3, 2)]),
        ("ij,jk,kl->il", [(2, 3), (3, 4), (4, 5)]),
        ("bhqd,bhkd->bhqk", [(2, 3, 40, 8), (2, 3, 40, 8)]),
    ],
)
def test_values_are_numpys(subscripts, shapes):
    arrays = [rng.normal(size=shape) for shape in shapes]
    y = ops.einsum(subscripts, *(Tensor(a, np.float64) for a in arrays))
    np.testing.assert_allclose(y.data, np.einsum(subscripts, *arrays), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    ("subscripts", "ndims", "expected"),
    [
        ("ij,jk->ik", (2, 2), (("ij", "jk"), "ik")),
        ("ij,jk", (2, 2), (("ij", "jk"), "ik")),
        ("ba", (2,), (("ba",), "ab")),
        ("ii", (2,), (("ii",), "")),
        ("...A,A", (3, 1), (("BCA", "A"), "BC")),
        ("...i,...i->...", (3, 2), (("ABi", "Bi"), "AB")),
        (" i j -> j i ", (2,), (("ij",), "ji")),
    ],
)
def test_the_letters_are_spelled_out(subscripts, ndims, expected):
    assert spell_out(subscripts, ndims) == expected


def test_equals_the_matrix_product():
    a, b = rng.normal(size=(2, 5, 3)), rng.normal(size=(3, 4))
    x, w = Tensor(a, np.float64, requires_grad=True), Tensor(b, np.float64, requires_grad=True)
    y, z = ops.einsum("bij,jk->bik", x, w), x @ w
    np.testing.assert_allclose(y.data, z.data, rtol=1e-12)
    for dx, dz in zip(grad(y.sum(), (x, w)), grad(z.sum(), (x, w)), strict=True):
        np.testing.assert_allclose(dx, dz, rtol=1e-12)


def test_a_diagonal_of_length_one_that_broadcasts():
    x, v = Tensor([[2.0]], requires_grad=True), Tensor([1.0, 2.0, 3.0], requires_grad=True)
    dx, dv = grad(ops.einsum("ii,i->i", x, v).sum(), (x, v))
    assert dx.tolist() == [[6]]
    assert dv.tolist() == [2, 2, 2]


def test_raw_factors_take_the_dtype_of_the_tensor_beside_them():
    assert ops.einsum("i,i->", Tensor([1.0]), np.ones(1)).dtype == np.float32


def test_mistakes_are_numpys_errors():
    for subscripts, arrays in (("ij->k", [np.ones((2, 2))]), ("ij", [np.ones(3)])):
        with pytest.raises(ValueError, match=r"einst|subscript|operand"):
            ops.einsum(subscripts, *arrays)
