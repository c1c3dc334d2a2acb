"""Picking elements, and gradients that find their way back."""

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import ShapeError, Tensor, grad, ops


def slow_gradient(shape, index, dy):
    """Return the gradient by NumPy's unbuffered addition, which is right and slow."""
    dx = np.zeros(shape)
    np.add.at(dx, index, dy)
    return dx


@given(data=st.data(), shape=hnp.array_shapes(max_dims=3, max_side=4))
def test_basic_indices(data, shape):
    index = data.draw(hnp.basic_indices(shape, allow_newaxis=True))
    check_index(shape, index)


@given(data=st.data(), shape=hnp.array_shapes(max_dims=3, max_side=4))
def test_integer_indices_with_repetitions(data, shape):
    index = data.draw(hnp.integer_array_indices(shape))
    check_index(shape, index)


@given(data=st.data(), shape=hnp.array_shapes(max_dims=3, max_side=4))
def test_rows_by_integers_from_both_ends(data, shape):
    n = shape[0]
    rows = data.draw(hnp.arrays(np.int32, st.integers(0, 20), elements=st.integers(-n, n - 1)))
    check_index(shape, rows)


@pytest.mark.parametrize(
    "index",
    [
        (slice(None), [2, 2, 0]),
        ([1, 1], slice(None), [3, 3]),
        (None, [1, 1], ..., None),
        (0, [1, 1]),
        (..., [3, 3]),
        ([True, False], [1, 1]),
        (np.array([[0, 1], [1, 1]], np.uint8), np.array([2, -1])),
        np.random.default_rng(0).random((2, 3, 4)) < 0.5,
        (slice(None), np.random.default_rng(0).random((3, 4)) < 0.5),
        [],
        np.zeros((0, 2), int),
        True,
        np.int64(1),
    ],
    ids=repr,
)
def test_indices_of_every_kind(index):
    check_index((2, 3, 4), index)


def check_index(shape, index):
    array = np.arange(float(np.prod(shape))).reshape(shape)
    x = Tensor(array, np.float64, requires_grad=True)
    y = x[index]
    np.testing.assert_array_equal(y.data, array[index])
    dy = np.asarray(np.random.default_rng(0).integers(1, 9, size=y.shape), np.float64)
    np.testing.assert_array_equal(grad(y, x, dy), slow_gradient(shape, index, dy))


def test_a_gradient_in_fortran_order():
    """The flat view that accumulation writes through must not be a copy."""
    x = Tensor(np.zeros((3, 4)), requires_grad=True)
    dy = np.asfortranarray(np.arange(8.0).reshape(2, 4))
    assert grad(x[[1, 1]], x, dy)[1].tolist() == [4, 6, 8, 10]


def test_a_million_wide_gather_takes_no_memory_for_what_it_does_not_touch():
    """One logit per row: positions are counted for the rows, not for the whole array."""
    x = Tensor(np.zeros((4, 1000)), requires_grad=True)
    dx = grad(x[np.arange(4), [5, 5, 7, 9]].sum(), x)
    assert dx.sum() == 4
    assert dx[1, 5] == 1


def test_index_by_tensors():
    x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    i = Tensor([2, 2])
    assert x[i].data.tolist() == [3, 3]
    assert ops.getitem(x, (i,)).data.tolist() == [3, 3]
    assert grad(x[i].sum(), x).tolist() == [0, 0, 2]


def test_a_float_index_is_refused():
    with pytest.raises(IndexError):
        Tensor([1.0, 2.0])[Tensor([0.5])]


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_take_along_axis_is_numpys(axis):
    array = np.random.default_rng(0).normal(size=(3, 4, 5))
    n, shape = array.shape[axis], list(array.shape)
    shape[axis] = 6
    indices = np.random.default_rng(1).integers(-n, n, size=shape)
    x = Tensor(array, np.float64, requires_grad=True)
    y = ops.take_along_axis(x, indices, axis)
    np.testing.assert_array_equal(y.data, np.take_along_axis(array, indices, axis))
    counts = grad(y.sum(), x)
    assert counts.sum() == y.size


def test_take_along_axis_broadcasts_the_other_axes():
    x = np.arange(6.0).reshape(2, 3)
    y = ops.take_along_axis(x, [[2, 0]], axis=1)
    assert y.data.tolist() == [[2, 0], [5, 3]]


def test_take_along_axis_wants_as_many_axes():
    with pytest.raises(ShapeError, match=r"2 axes of x, got shape \(3,\)"):
        ops.take_along_axis(np.ones((2, 3)), [0, 1, 2], axis=1)
