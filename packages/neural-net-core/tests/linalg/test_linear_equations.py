"""Systems of linear equations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matrices import invertible

from neural_net_core import LinAlgError, ShapeError, Tensor, grad, linalg


@given(a=invertible(), columns=st.integers(0, 4))
def test_the_solution_solves(a, columns):
    b = np.random.default_rng(0).normal(size=(*a.shape[:-1], columns))
    x = linalg.solve(Tensor(a, np.float64), Tensor(b, np.float64))
    assert x.shape == b.shape
    np.testing.assert_allclose(a @ x.data, b, atol=1e-12)


@given(a=invertible())
def test_vectors_are_solved_one_for_each_matrix(a):
    b = np.random.default_rng(0).normal(size=a.shape[:-1])
    x = linalg.solve(Tensor(a, np.float64), Tensor(b, np.float64))
    assert x.shape == b.shape
    np.testing.assert_allclose(np.vecdot(a, x.data[..., None, :]), b, atol=1e-12)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ((3, 3), (3,), (3,)),
        ((2, 3, 3), (3,), (2, 3)),
        ((2, 3, 3), (2, 3), (2, 3)),
        ((2, 3, 3), (3, 2), (2, 3, 2)),  # no vectors: not a.shape[:-1]
        ((2, 2, 2), (2, 2), (2, 2)),  # could be both, and counts as vectors
        ((4, 2, 2), (2, 2), (4, 2, 2)),
        ((3, 3), (5, 3, 2), (5, 3, 2)),
        ((3, 3), (5, 3), ShapeError),
        ((2, 3, 3), (4, 3), ShapeError),
        ((2, 3, 3), (4, 3, 1), ShapeError),
        ((2, 4, 3, 3), (5, 4, 3, 1), ShapeError),
        ((2, 1, 3, 3), (5, 3, 1), (2, 5, 3, 1)),
        ((3, 2), (3,), ShapeError),
        ((3,), (3,), ShapeError),
        ((3, 3), (), ShapeError),
    ],
)
def test_vectors_are_told_from_matrices_by_pytorchs_rule(a, b, expected):
    a = np.ones(a) if len(a) < 2 or a[-1] != a[-2] else np.broadcast_to(2 * np.eye(a[-1]), a)
    b = np.ones(b)
    if expected is ShapeError:
        with pytest.raises(ShapeError, match=r"solve: (a must be square|b must be)"):
            linalg.solve(a, b)
    else:
        x = linalg.solve(a, b)
        np.testing.assert_array_equal(x.data, np.full(expected, 0.5))


@given(a=invertible(3))
def test_it_is_the_product_with_the_inverse_in_values_and_gradients(a):
    b = np.random.default_rng(0).normal(size=(*a.shape[:-1], 2))
    dy = np.random.default_rng(1).normal(size=b.shape)

    def both(fn):
        x, y = Tensor(a, np.float64, requires_grad=True), Tensor(b, np.float64, requires_grad=True)
        z = fn(x, y)
        return [z.data, *grad(z, [x, y], dy)]

    for found, expected in zip(
        both(linalg.solve), both(lambda x, y: linalg.inv(x) @ y), strict=True
    ):
        np.testing.assert_allclose(found, expected, atol=1e-11)


@given(a=invertible(), rows=st.integers(0, 4))
def test_from_the_right_it_is_the_product_with_the_inverse_from_there(a, rows):
    b = np.random.default_rng(0).normal(size=(*a.shape[:-2], rows, a.shape[-1]))
    dy = np.random.default_rng(1).normal(size=b.shape)
    results = []
    for fn in (lambda x, y: linalg.solve(x, y, left=False), lambda x, y: y @ linalg.inv(x)):
        x, y = Tensor(a, np.float64, requires_grad=True), Tensor(b, np.float64, requires_grad=True)
        z = fn(x, y)
        results.append([z.data, *grad(z, [x, y], dy)])
    for found, expected in zip(*results, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-11)


@pytest.mark.parametrize("b", [(3,), (2, 3), (), (1, 2), (5, 1, 3)])
def test_from_the_right_every_row_is_a_right_side(b):
    with pytest.raises(ShapeError, match=r"x a = b, b must be \(\.\.\., K, 3\).*got shape"):
        linalg.solve(np.broadcast_to(np.eye(3), (2, 3, 3)), np.ones(b), left=False)


def test_the_message_says_how_many_rows_are_expected():
    with pytest.raises(ShapeError, match=r"b must be \(..., 3, K\), or vectors \(..., 3\)"):
        linalg.solve(np.ones((2, 3, 3)), np.ones((2, 4, 1)))


def test_a_singular_matrix_is_named_and_nothing_has_changed():
    a = np.broadcast_to(np.eye(2), (2, 3, 2, 2)).copy()
    a[1, 2] = [[1, 2], [2, 4]]
    x, b = Tensor(a, requires_grad=True), Tensor(np.ones((2, 3, 2)), requires_grad=True)
    before = x.data.copy()
    with pytest.raises(LinAlgError, match=r"solve: a\[1, 2\] is singular.*\(2, 3, 2, 2\) float32"):
        linalg.solve(x, b)
    with pytest.raises(np.linalg.LinAlgError, match="solve: a is singular"):
        linalg.solve([[0.0]], [1.0])
    np.testing.assert_array_equal(x.data, before)
    assert x.grad is None
    assert b.grad is None


def test_raw_operands_take_the_dtype_of_the_tensor_and_integers_become_floats():
    a = Tensor(np.eye(2), np.float64)
    assert linalg.solve(a, [1, 2]).dtype == np.float64
    assert linalg.solve([[2, 0], [0, 2]], [1, 2]).dtype == np.float32
    np.testing.assert_array_equal(linalg.solve([[2, 0], [0, 2]], [1, 2]).data, [0.5, 1])


def test_systems_without_elements():
    for a, b in (((0, 0), (0,)), ((0, 3, 3), (0, 3)), ((2, 0, 0), (2, 0, 4)), ((3, 3), (3, 0))):
        a = np.zeros(a) if 0 in a else np.eye(3)
        x, y = Tensor(a, requires_grad=True), Tensor(np.zeros(b), requires_grad=True)
        z = linalg.solve(x, y)
        assert z.shape == b
        z.sum().backward()
        assert (x.grad.shape, y.grad.shape) == (a.shape, b)
