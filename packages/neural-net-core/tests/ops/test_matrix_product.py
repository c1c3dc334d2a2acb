"""Matrix products by NumPy's rules."""

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import ShapeError, Tensor, grad, ops
from neural_net_core.forms import is_textbook


@given(data=st.data(), shapes=hnp.mutually_broadcastable_shapes(signature="(n?,k),(k,m?)->(n?,m?)"))
def test_any_shapes_that_numpy_accepts(data, shapes):
    """Vectors, matrices and stacks that broadcast: values of np.matmul, gradients in shape."""
    rng = np.random.default_rng(data.draw(st.integers(0, 9)))
    a, b = (rng.normal(size=shape) for shape in shapes.input_shapes)
    x, y = Tensor(a, np.float64, requires_grad=True), Tensor(b, np.float64, requires_grad=True)
    z = ops.matmul(x, y)
    np.testing.assert_allclose(z.data, np.matmul(a, b), rtol=1e-12, atol=1e-12)
    z.sum().backward()
    assert x.grad.shape == a.shape
    assert y.grad.shape == b.shape


def test_a_stack_that_is_not_contiguous():
    a = np.random.default_rng(0).normal(size=(4, 3, 2)).transpose(2, 0, 1)
    b = np.random.default_rng(1).normal(size=(5, 3)).T
    for left, right in ((a, b), (a[:, ::2], b[:, ::-2])):
        y = ops.matmul(Tensor(left, np.float64), Tensor(right, np.float64))
        np.testing.assert_allclose(y.data, left @ right, rtol=1e-12)


def test_arrays_without_elements():
    for a, b in (((0, 3), (3, 2)), ((2, 0), (0, 3)), ((4, 0, 3), (3, 2)), ((4, 2, 0), (0, 3))):
        x, w = Tensor(np.ones(a), requires_grad=True), Tensor(np.ones(b), requires_grad=True)
        y = ops.matmul(x, w)
        np.testing.assert_array_equal(y.data, np.ones(a) @ np.ones(b))
        y.sum().backward()
        np.testing.assert_array_equal(w.grad, np.zeros(b))


@pytest.mark.skipif(is_textbook(), reason="skipping is the fast form's")
def test_only_the_gradients_asked_for_are_computed():
    x, w = Tensor(np.ones((2, 3))), Tensor(np.ones((3, 2)), requires_grad=True)
    node = ops.matmul(x, w).node
    np.testing.assert_array_equal(node.a, x.data)
    assert not hasattr(node, "b")
    assert node.backward(np.ones((2, 2), np.float32))[0] is None


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="matmul"):
        ops.matmul(np.ones((2, 3)), np.ones((2, 3)))


@pytest.mark.parametrize(
    ("a", "b"),
    [((3, 1), (1, 4)), ((2, 3, 1), (1, 4)), ((3, 1), (2, 1, 4)), ((5, 2, 3, 1), (2, 1, 4))],
)
def test_columns_times_rows(a, b):
    """Products over a single number are not left to BLAS."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=a).astype(np.float32), rng.normal(size=b).astype(np.float32)
    np.testing.assert_array_equal(ops.matmul(a, b).data, np.einsum("...ij,...jk->...ik", a, b))


@given(n=st.integers(0, 5), m=st.integers(0, 5), seed=st.integers(0, 9))
def test_the_outer_product_is_numpys_and_a_product_of_matrices(n, m, seed):
    rng = np.random.default_rng(seed)
    a, b, dy = rng.normal(size=n), rng.normal(size=m), rng.normal(size=(n, m))
    x, y = Tensor(a, np.float64, requires_grad=True), Tensor(b, np.float64, requires_grad=True)
    z = ops.outer(x, y)
    np.testing.assert_array_equal(z.data, np.outer(a, b))
    product = ops.matmul(x.expand_dims(1), y.expand_dims(0))
    for found, wanted in zip(grad(z, [x, y], dy), grad(product, [x, y], dy), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-14)


def test_an_outer_product_is_one_of_vectors_of_one_dtype():
    assert ops.outer(Tensor([1.0]), np.array([2.0])).dtype == np.float32
    assert ops.outer(Tensor([1.0], np.float64), [2]).dtype == np.float64
    for wrong in (2.0, np.ones((2, 2))):
        with pytest.raises(ShapeError, match=r"outer: expected two vectors, \(N,\) and \(M,\)"):
            ops.outer(wrong, [1.0])
