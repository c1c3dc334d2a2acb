"""Max pooling."""

import itertools
from contextlib import nullcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neural_net_core import ShapeError, Tensor, default_dtype, grad
from neural_net_core.forms import textbook
from neural_net_layers import MaxPool2D, max_pool2d
from neural_net_layers.pooling._pooling import fitted, pooling_window


def largest(seen):
    """Return the last NaN of what a window sees, or else the first of equal maxima."""
    nan = [item for item in seen if np.isnan(item[0])]
    return nan[-1] if nan else max(seen, key=lambda item: item[0])


def by_window(x, kernel, stride, padding, dilation, ceil_mode, dy=None):
    """Look at every window by itself; return the maxima, their places, and dx."""
    window = pooling_window("test", kernel, stride, padding, dilation)
    oh, ow = fitted("test", window, x.shape[2:], ceil_mode).places(x.shape[2:])
    (kh, kw), (sh, sw), (dh, dw) = window.kernel, window.stride, window.dilation
    (top, _), (left, _) = window.padding
    height, width = x.shape[2:]
    y = np.zeros((*x.shape[:2], oh, ow))
    found, dx = np.zeros(y.shape, int), np.zeros_like(x)
    for b, c, p, q in np.ndindex(y.shape):
        seen = [
            (x[b, c, row, column], row, column)
            for row in range(p * sh - top, p * sh - top + dh * kh, dh)
            for column in range(q * sw - left, q * sw - left + dw * kw, dw)
            if 0 <= row < height and 0 <= column < width
        ]
        value, row, column = largest(seen)
        y[b, c, p, q], found[b, c, p, q] = value, row * width + column
        if dy is not None:
            dx[b, c, row, column] += dy[b, c, p, q]
    return y, found, dx


def in_both_forms(x, options, rng):
    """Yield maxima, places, some gradient and dx of the form that runs, and of the textbook's."""
    for form in (nullcontext, textbook):
        with default_dtype(np.float64), form():
            leaf = Tensor(x, requires_grad=True)
            y, indices = max_pool2d(leaf, *options, True)
            dy = rng.normal(size=y.shape)
            yield y.data, indices.data, dy, grad(y, leaf, dy)


OPTIONS = list(itertools.product([2, (3, 2)], [None, 1, (2, 3)], [0, 1], [1, 2], [False, True]))


@pytest.mark.parametrize("order", ["channels first", "channels last"])
@pytest.mark.parametrize(("kernel", "stride", "padding", "dilation", "ceil_mode"), OPTIONS)
def test_values_places_and_gradients_of_all_options(
    kernel, stride, padding, dilation, ceil_mode, order
):
    """Small integers, so that most windows have several equal maxima."""
    rng = np.random.default_rng(0)
    x = rng.integers(-2, 3, size=(3, 4, 7, 8)).astype(float)
    if order == "channels last":
        x = np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    options = (kernel, stride, padding, dilation, ceil_mode)
    for y, indices, dy, dx in in_both_forms(x, options, rng):
        expected = by_window(x, *options, dy)
        for found, wanted in zip((y, indices), expected, strict=False):
            assert np.array_equal(found, wanted)
        np.testing.assert_allclose(dx, expected[2], atol=1e-12)


@pytest.mark.parametrize("order", ["channels first", "channels last"])
@pytest.mark.parametrize(("kernel", "stride", "padding", "ceil_mode"), [
    option for *option, dilation, ceil_mode in OPTIONS if dilation == 1
    for option in [(*option, ceil_mode)]
])  # fmt: skip
@pytest.mark.parametrize("values", [[np.nan, 0, 1], [-np.inf, np.inf, 0], [-np.inf, np.nan]])
def test_nan_and_infinity_have_the_gradient_where_they_are_found(
    values, kernel, stride, padding, ceil_mode, order
):
    """With the values, places and gradients of a look at every window."""
    rng = np.random.default_rng(0)
    x = rng.choice([*values, *values, 2], size=(3, 4, 7, 8))
    if order == "channels last":
        x = np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    options = (kernel, stride, padding, 1, ceil_mode)
    for y, indices, dy, dx in in_both_forms(x, options, rng):
        expected = by_window(x, *options, dy)
        np.testing.assert_array_equal(y, expected[0])
        np.testing.assert_array_equal(indices, expected[1])
        np.testing.assert_allclose(dx, expected[2], atol=1e-12)


def test_a_window_that_sees_padding_alone_gives_its_gradient_to_nothing():
    x = Tensor(np.ones((1, 1, 1, 1)), requires_grad=True)
    y = max_pool2d(x, 2, 2, 1, dilation=2)  # the corners around the only number
    assert y.data.tolist() == [[[[-np.inf]]]]
    y.backward([[[[3.0]]]])
    assert x.grad.tolist() == [[[[0.0]]]]


def test_the_only_pixel_of_an_image_has_the_gradients_of_all_windows():
    x = Tensor([[[[5.0]]]], requires_grad=True)
    y = max_pool2d(x, 2, 1, 1)
    assert y.data.tolist() == [[[[5, 5], [5, 5]]]]
    y.backward([[[[1.0, 2.0], [3.0, 4.0]]]])
    assert x.grad.tolist() == [[[[10]]]]


def test_numbers_worked_by_hand():
    x = Tensor([[[[1.0, 5.0, 5.0, 0.0], [5.0, 2.0, 0.0, 7.0]]]], requires_grad=True)
    y = max_pool2d(x, 2)
    assert y.data.tolist() == [[[[5, 7]]]]
    y.backward([[[[10.0, 20.0]]]])
    assert x.grad.tolist() == [[[[0, 10, 0, 0], [0, 0, 0, 20]]]]


def test_an_image_of_equal_numbers_gives_the_gradient_to_the_first_of_each_window():
    x = Tensor(np.zeros((1, 1, 4, 4)), requires_grad=True)
    max_pool2d(x, 2).sum().backward()
    assert x.grad[0, 0].tolist() == [[1, 0, 1, 0], [0, 0, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0]]


def test_padding_never_is_the_maximum():
    x = -np.ones((1, 1, 3, 3))
    y, indices = max_pool2d(x, 3, 1, 1, return_indices=True)
    assert (y.data == -1).all()
    assert indices.data[0, 0].tolist() == [[0, 0, 1], [0, 0, 1], [3, 3, 4]]
    y, indices = max_pool2d(np.full((1, 1, 2, 2), -np.inf), 2, 1, 1, return_indices=True)
    assert (y.data == -np.inf).all()
    assert indices.data[0, 0].tolist() == [[0, 0, 1], [0, 0, 1], [2, 2, 3]]


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "places"),
    [
        (5, 2, 2, 0, 3),  # the last window begins at 4, inside
        (4, 2, 3, 0, 2),
        (3, 1, 3, 0, 1),  # one would begin at 3: outside
        (4, 2, 2, 1, 3),
        (5, 2, 2, 1, 3),  # one would begin at 5, in the padding after the image
        (2, 3, 2, 0, 1),  # larger than the image, but begins inside
        (4, 3, 2, 1, 3),  # the last begins at 3, inside, and sticks out of the padding
        (5, 4, 3, 2, 3),  # two begin inside, one in the padding before
    ],
)
def test_with_ceil_mode_the_last_window_begins_inside(size, kernel, stride, padding, places):
    y = max_pool2d(np.zeros((1, 1, size, size)), kernel, stride, padding, ceil_mode=True)
    assert y.shape == (1, 1, places, places)


@pytest.mark.parametrize("size", [(3, 9), (9, 3)])
def test_with_ceil_mode_too_a_window_has_to_fit_in_both_directions(size):
    with pytest.raises(ShapeError, match="the window of 5×5 does not fit"):
        max_pool2d(np.zeros((1, 1, *size)), 5, 2, ceil_mode=True)


def test_nan_is_the_maximum_of_its_window():
    x = np.array([[[[1.0, np.nan, 3.0, 4.0]]]])
    y, indices = max_pool2d(x, (1, 2), return_indices=True)
    np.testing.assert_array_equal(y.data, [[[[np.nan, 4]]]])
    assert indices.data.tolist() == [[[[1, 3]]]]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_every_gradient_arrives_once(seed):
    rng = np.random.default_rng(seed)
    x = Tensor(rng.integers(0, 3, size=(2, 3, 6, 5)).astype("f4"), requires_grad=True)
    y = max_pool2d(x, 3, 2, 1)
    dy = rng.integers(1, 5, size=y.shape).astype("f4")
    y.backward(dy)
    np.testing.assert_allclose(x.grad.sum(axis=(2, 3)), dy.sum(axis=(2, 3)))


def test_the_layer_returns_indices_on_request():
    y, indices = MaxPool2D(2, return_indices=True)(np.zeros((1, 1, 4, 4)))
    assert y.shape == indices.shape == (1, 1, 2, 2)
    assert indices.dtype == np.int64
    assert not indices.requires_grad


def test_errors_name_the_layer_and_the_size():
    with pytest.raises(
        ShapeError, match=r"^MaxPool2D: expected input \(B, C, H, W\), got \(3, 4\)"
    ):
        MaxPool2D(2)(np.zeros((3, 4)))
    with pytest.raises(
        ShapeError, match=r"^MaxPool2D\(kernel 3×3\): the window of 3×3 does not fit"
    ):
        MaxPool2D(3)(np.zeros((1, 1, 2, 5)))
    with pytest.raises(ValueError, match="padding of at most half the kernel, 3×2, got 2×1"):
        MaxPool2D((3, 2), padding=(2, 1))
    with pytest.raises(ValueError, match=r"^MaxPool2D: stride must be an int >= 1"):
        MaxPool2D(2, 0)


@pytest.mark.parametrize("stride", [1, 2])
def test_an_infinite_gradient_goes_to_the_maximum_alone(stride):
    x = Tensor([[[[1.0, 2.0, 0.0], [3.0, 0.0, 0.0]]]], requires_grad=True)
    y = max_pool2d(x, 2, stride)
    dy = np.zeros(y.shape, np.float32)
    dy[..., 0] = -np.inf
    y.backward(dy)
    np.testing.assert_array_equal(x.grad, [[[[0, 0, 0], [-np.inf, 0, 0]]]])


def test_windows_that_see_padding_alone_give_back_nothing():
    x = Tensor(np.zeros((1, 3, 0, 2)), requires_grad=True)
    y = max_pool2d(x, (4, 1), (1, 3), (2, 0))
    np.testing.assert_array_equal(y.data, np.full((1, 3, 1, 1), -np.inf))
    y.sum().backward()
    assert x.grad.shape == x.shape
