"""Joining and splitting are each other's inverse and each other's gradient."""

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import Tensor, grad, ops


@given(
    shape=hnp.array_shapes(max_dims=3, min_side=0, max_side=5),
    cuts=st.lists(st.integers(0, 5), max_size=3),
    data=st.data(),
)
def test_concatenating_the_pieces_gives_the_whole(shape, cuts, data):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    array = np.arange(float(np.prod(shape))).reshape(shape)
    x = Tensor(array, requires_grad=True)
    cuts = sorted(min(cut, shape[axis]) for cut in cuts)
    pieces = ops.split(x, cuts, axis)
    for piece, expected in zip(pieces, np.split(array, cuts, axis), strict=True):
        np.testing.assert_array_equal(piece.data, expected)
    whole = ops.concatenate(pieces, axis)
    np.testing.assert_array_equal(whole.data, array)
    np.testing.assert_array_equal(grad(whole, x, whole.data), array)


def test_a_number_of_sections_must_divide_the_axis():
    assert [p.shape for p in ops.split(np.ones((2, 6)), 3, axis=1)] == [(2, 2)] * 3
    with pytest.raises(ValueError, match="equal division"):
        ops.split(np.ones(5), 2)


def test_a_piece_that_nobody_used_has_no_gradient():
    x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    assert grad(ops.split(x, 3)[1].sum(), x).tolist() == [0, 1, 0]
    assert grad(ops.unstack(x)[2], x).tolist() == [0, 0, 1]


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_stack_and_unstack(axis):
    arrays = np.random.default_rng(0).normal(size=(3, 2, 4)).astype(np.float32)
    leaves = [Tensor(array, requires_grad=True) for array in arrays]
    y = ops.stack(leaves, axis)
    np.testing.assert_array_equal(y.data, np.stack(arrays, axis))
    for leaf, dx in zip(leaves, grad(y, leaves, y.data), strict=True):
        np.testing.assert_array_equal(dx, leaf.data)
    for part, array in zip(ops.unstack(y, axis), arrays, strict=True):
        np.testing.assert_array_equal(part.data, array)


def test_raw_data_take_the_dtype_of_the_tensor_beside_them():
    x = Tensor([1.0], requires_grad=True)
    for y in (
        ops.concatenate([x, np.ones(2)]),
        ops.concatenate([[1, 2], x]),
        ops.stack([x, Tensor([1])]),
    ):
        assert y.dtype == np.float32
    assert ops.concatenate([Tensor([1.0], np.float64), [1 / 3]]).data[1] == 1 / 3
    assert ops.stack([1, 2]).dtype == np.int64


def test_gradients_of_parts_are_arrays_of_their_own():
    a, b = Tensor([1.0], requires_grad=True), Tensor([1.0], requires_grad=True)
    ops.concatenate([a, b, a]).sum().backward()
    a.grad *= 0
    assert b.grad.tolist() == [1]


def test_nothing_cannot_be_joined():
    for fn in (ops.concatenate, ops.stack):
        with pytest.raises(ValueError, match="at least one array"):
            fn([])
