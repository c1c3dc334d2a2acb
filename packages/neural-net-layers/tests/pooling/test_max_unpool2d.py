"""Maxima back to their places."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import DTypeError, PositionError, ShapeError, Tensor, trace
from neural_net_core.testing import gradcheck
from neural_net_layers import MaxPool2D, MaxUnpool2D, max_pool2d, max_unpool2d


def test_numbers_worked_by_hand():
    x = Tensor([[[[4.0, 5.0]]]], requires_grad=True)
    y = max_unpool2d(x, [[[[4, 3]]]], 2)
    assert y.tolist() == [[[[0, 0, 0, 5], [4, 0, 0, 0]]]]
    y.backward(np.arange(8.0).reshape(1, 1, 2, 4))
    assert x.grad.tolist() == [[[[4, 3]]]]


@given(st.integers(1, 3), st.integers(0, 2), st.integers(0, 2))
def test_every_maximum_goes_back_and_pooling_again_finds_it(k, rows, columns):
    """Windows that do not overlap; what is left over below and right is zero."""
    x = np.random.default_rng(0).normal(5, 1, size=(2, 3, 3 * k + rows % k, 4 * k + columns % k))
    y, places = max_pool2d(x, k, return_indices=True)
    back = max_unpool2d(y, places, k, output_size=x.shape)
    assert back.shape == x.shape
    kept = back.data != 0
    np.testing.assert_array_equal(back.data[kept], x.astype(np.float32)[kept])
    assert kept.sum() == y.size
    np.testing.assert_array_equal(max_pool2d(back, k).data, y.data)


def test_gradients():
    _, places = max_pool2d(
        np.random.default_rng(0).normal(size=(2, 2, 4, 6)), 2, return_indices=True
    )
    x = np.random.default_rng(1).normal(size=(2, 2, 2, 3))
    assert gradcheck(lambda x: max_unpool2d(x, places, 2), [x])


def test_of_maxima_from_one_pixel_one_stays_and_has_the_gradient():
    x = Tensor([[[[7.0, 7.0]]]], requires_grad=True)
    y = max_unpool2d(x, [[[[1, 1]]]], (1, 2), 1)
    assert y.tolist() == [[[[0, 7, 0]]]]
    y.backward([[[[0.0, 3.0, 0.0]]]])
    assert sorted(x.grad.ravel()) == [0, 3]


def test_the_indices_may_be_a_tensor_and_are_an_input_of_the_operation():
    layer = MaxUnpool2D(2)
    y, places = MaxPool2D(2, return_indices=True)(
        np.random.default_rng(0).normal(size=(1, 2, 4, 4))
    )
    with trace() as calls:
        layer(y, places)
    assert [call.cost().operations for call in calls] == [0] * len(calls)
    integers = [x for c in calls for x in c.inputs if np.asarray(x).dtype.kind == "i"]
    np.testing.assert_array_equal(np.asarray(integers[0]).ravel(), places.data.ravel())
    assert repr(MaxUnpool2D(3, 2, 1)) == "MaxUnpool2D(kernel 3×3, stride 2×2, padding 1×1)"


def test_an_empty_batch_stays_empty():
    assert MaxUnpool2D(2)(np.zeros((0, 1, 2, 2)), np.zeros((0, 1, 2, 2), int)).shape == (0, 1, 4, 4)


def test_errors_name_the_layer_and_what_came():
    layer, x, places = MaxUnpool2D(2), np.zeros((1, 1, 2, 2)), np.zeros((1, 1, 2, 2), int)
    with pytest.raises(
        ShapeError, match=r"^MaxUnpool2D: expected input \(B, C, H, W\), got \(2, 2\)"
    ):
        layer(x[0, 0], places[0, 0])
    with pytest.raises(ShapeError, match=r"^MaxUnpool2D: expected indices \(1, 1, 2, 2\), got"):
        layer(x, places[:, :, :1])
    for wrong in (-1, 16):
        with pytest.raises(PositionError, match=r"indices from 0 to 15, of an output of 4×4, got"):
            layer(x, places + wrong)
    with pytest.raises(DTypeError, match="MaxUnpool2D: indices must be integers"):
        layer(x, places + 0.5)
    for size in ((3, 6), (2, 4), (1, 1, 9, 4)):
        with pytest.raises(ShapeError, match=r"output_size less than a stride, 2×2, from 4×4, got"):
            layer(x, places, size)
    assert layer(x, places, 5).shape == (1, 1, 5, 5)
    with pytest.raises(ValueError, match="output_size must be an int >= 1, or 2 of them"):
        layer(x, places, (4,))
    with pytest.raises(ShapeError, match="from 0×0, got 0×0"):
        max_unpool2d(np.zeros((1, 1, 1, 1)), [[[[0]]]], 2, padding=1)
