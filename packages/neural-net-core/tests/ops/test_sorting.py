"""Order: which comes first, where it stood, and that its gradient finds the way back."""

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import PositionError, Tensor, grad, ops

# Few different values, so that there are ties, and NaN among them.
ELEMENTS = st.sampled_from([-np.inf, -1.0, -0.0, 0.0, 1.0, 2.0, np.inf, np.nan])
ARRAYS = hnp.arrays(
    st.sampled_from([np.float32, np.float64]),
    hnp.array_shapes(max_dims=3, min_side=0, max_side=6),
    elements=ELEMENTS,
)


def key(i, value):
    """Return by what Python sorts: NaN is the largest."""
    return (bool(np.isnan(value)), 0.0 if np.isnan(value) else value)


def order_by_python(line, descending):
    """Return the positions in order, by Python's sort, which is stable both ways."""
    return sorted(range(len(line)), key=lambda i: key(i, line[i]), reverse=descending)


@given(x=ARRAYS, data=st.data(), descending=st.booleans())
def test_the_order_is_pythons_along_any_axis(x, data, descending):
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    y, order = ops.sort(Tensor(x, x.dtype), axis, descending=descending)
    assert (y.dtype, y.shape, order.shape) == (x.dtype, x.shape, x.shape)
    lines = np.moveaxis(x, axis, -1).reshape(-1, x.shape[axis]) if x.size else []
    orders = np.moveaxis(order.data, axis, -1).reshape(-1, x.shape[axis]) if x.size else []
    for line, found in zip(lines, orders, strict=True):
        assert found.tolist() == order_by_python(line, descending)
    np.testing.assert_array_equal(y.data, np.take_along_axis(x, order.data, axis))


@given(x=ARRAYS, data=st.data(), largest=st.booleans())
def test_the_first_k_are_the_first_k_of_the_order(x, data, largest):
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    k = data.draw(st.integers(0, x.shape[axis]))
    y, where = ops.topk(Tensor(x, x.dtype), k, axis, largest=largest)
    whole, order = ops.sort(Tensor(x, x.dtype), axis, descending=largest)
    np.testing.assert_array_equal(y.data, np.take(whole.data, range(k), axis))
    np.testing.assert_array_equal(where.data, np.take(order.data, range(k), axis))


@given(x=ARRAYS, data=st.data(), descending=st.booleans())
def test_the_gradient_goes_back_to_where_each_stood(x, data, descending):
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    k = data.draw(st.integers(0, x.shape[axis]))
    leaf = Tensor(x, x.dtype, requires_grad=True)
    y, order = ops.sort(leaf, axis, descending=descending)
    dy = np.random.default_rng(0).integers(1, 99, size=x.shape).astype(x.dtype)
    # Sorted the same way, the gradient is dy.
    dx = grad(y, leaf, dy)
    assert dx.dtype == x.dtype
    np.testing.assert_array_equal(np.take_along_axis(dx, order.data, axis), dy)
    y, where = ops.topk(leaf, k, axis, largest=descending)
    first = np.take(dy, range(k), axis)
    dx = grad(y, leaf, first)
    np.testing.assert_array_equal(np.take_along_axis(dx, where.data, axis), first)
    assert np.count_nonzero(dx) == first.size


def test_the_positions_are_integers_without_a_gradient():
    x = Tensor([3.0, 1.0, 2.0], requires_grad=True)
    for y, order in (ops.sort(x), ops.topk(x, 2)):
        assert y.requires_grad and not order.requires_grad
        assert order.dtype.kind == "i"
    assert x[ops.sort(x)[1]].data.tolist() == [1, 2, 3]


def test_whole_numbers_at_the_end_of_their_range_are_in_order():
    """Sorting −x from the smallest would take the least int for the largest, and uint8 wrongly."""
    for dtype in (np.int8, np.uint8):
        ends = np.iinfo(dtype)
        x = np.array([1, ends.min, ends.max, 0, 1], dtype)
        y, order = ops.sort(x, descending=True)
        assert y.data.tolist() == sorted(x.tolist(), reverse=True)
        assert y.dtype == dtype
        assert ops.topk(x, 1)[0].data.tolist() == [ends.max]
        assert order.data.tolist()[1:3] == [0, 4]


def test_a_median_learns_through_the_one_element_that_it_is():
    x = Tensor([5.0, 1.0, 3.0], requires_grad=True)
    assert grad(ops.sort(x)[0][1], x).tolist() == [0, 0, 1]


@pytest.mark.parametrize("k", [4, -1, 1.0, True, None, "2", np.ones(1)], ids=repr)
def test_k_is_a_number_of_elements_that_there_are(k):
    with pytest.raises(ValueError, match=r"topk: k must be an int from 0 to 3, got"):
        ops.topk([1.0, 2.0, 3.0], k)


def test_a_number_has_no_axis_to_sort_along():
    for fn in (ops.sort, lambda x: ops.topk(x, 1)):
        with pytest.raises(PositionError, match="axis must be an int"):
            fn(3.0)


def test_flags_are_flags():
    with pytest.raises(ValueError, match="sort: descending must be True or False, got 1"):
        ops.sort([1.0], descending=1)
    with pytest.raises(ValueError, match="topk: largest must be True or False, got None"):
        ops.topk([1.0], 1, largest=None)
