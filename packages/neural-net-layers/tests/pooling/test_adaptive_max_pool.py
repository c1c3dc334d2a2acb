"""Max pooling to a given size, of sequences and of images."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import ShapeError, Tensor
from neural_net_layers import (
    AdaptiveMaxPool1D,
    AdaptiveMaxPool2D,
    adaptive_max_pool1d,
    adaptive_max_pool2d,
    max_pool2d,
)


def windows(n, m):
    return [slice(i * n // m, -(-(i + 1) * n // m)) for i in range(m)]


def by_definition(x, size, dy):
    """Outputs, places and the input's gradient, window by window."""
    batch, channels, height, width = x.shape
    y, places, dx = np.empty(dy.shape), np.empty(dy.shape, int), np.zeros(x.shape)
    pixel = np.arange(height * width).reshape(height, width)
    for b, c in np.ndindex(batch, channels):
        for i, rows in enumerate(windows(height, size[0])):
            for j, columns in enumerate(windows(width, size[1])):
                seen = x[b, c, rows, columns]
                y[b, c, i, j] = seen.max()
                places[b, c, i, j] = pixel[rows, columns].ravel()[seen.argmax()]
                dx[b, c].ravel()[places[b, c, i, j]] += dy[b, c, i, j]
    return y, places, dx


SIZES = st.tuples(st.integers(1, 7), st.integers(1, 7))


@given(SIZES, SIZES, st.booleans(), st.booleans())
def test_outputs_places_and_gradients_are_those_of_each_window(image, size, ties, last):
    rng = np.random.default_rng(0)
    x = rng.permutation(2 * 3 * image[0] * image[1]).reshape(2, 3, *image).astype(np.float32)
    if ties:
        x = np.floor(x / x.size * 3)
    if last:  # in memory
        x = np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    dy = rng.integers(-4, 5, size=(2, 3, *size)).astype(np.float32)
    leaf = Tensor(x, requires_grad=True)
    y, places = adaptive_max_pool2d(leaf, size, return_indices=True)
    y.backward(dy)
    for found, expected in zip(
        (y.data, places.data, leaf.grad), by_definition(x, size, dy), strict=True
    ):
        np.testing.assert_array_equal(found, expected)


def test_windows_that_overlap_worked_by_hand():
    """Both windows see the middle, which is the largest: it gets what both give."""
    x = Tensor([[[1.0, 7.0, 6.0]]], requires_grad=True)
    y = adaptive_max_pool1d(x, 2)
    assert y.tolist() == [[[7, 7]]]
    y.backward([[[2.0, 4.0]]])
    assert x.grad.tolist() == [[[0, 6, 0]]]


def test_even_windows_are_ordinary_max_pooling():
    x = np.random.default_rng(0).normal(size=(2, 3, 6, 8)).astype(np.float32)
    pooled, expected = adaptive_max_pool2d(x, (3, 2)), max_pool2d(x, (2, 4))
    np.testing.assert_array_equal(pooled.data, expected.data)


@given(st.integers(1, 9), st.integers(1, 9))
def test_of_sequences_it_is_that_of_images_of_one_row(length, size):
    x = np.random.default_rng(0).normal(size=(2, 3, length)).astype(np.float32)
    y, steps = adaptive_max_pool1d(x, size, return_indices=True)
    rows, places = adaptive_max_pool2d(x[:, :, None], (1, size), return_indices=True)
    np.testing.assert_array_equal(y.data, rows.data[:, :, 0])
    np.testing.assert_array_equal(steps.data, places.data[:, :, 0])
    np.testing.assert_array_equal(np.take_along_axis(x, steps.data, 2), y.data)


@pytest.mark.parametrize("size", [2, 3])  # the second is uneven
def test_nan_has_the_gradient_of_its_windows(size):
    x = Tensor([[[np.nan, 1.0, 2.0, 5.0]]], requires_grad=True)
    y = adaptive_max_pool1d(x, size)
    assert np.isnan(y.data[0, 0, 0]) and y.data[0, 0, -1] == 5
    y.sum().backward()
    assert x.grad.tolist() == [[[1, 0, size - 2, 1]]]


def test_where_all_is_minus_infinity_the_first_has_the_gradient():
    x = Tensor(np.full((1, 1, 3), -np.inf), requires_grad=True)
    y, steps = adaptive_max_pool1d(x, 2, return_indices=True)
    assert y.tolist() == [[[-np.inf] * 2]] and steps.tolist() == [[[0, 1]]]


def test_none_keeps_the_inputs_size():
    x = np.random.default_rng(0).normal(size=(1, 2, 5, 6)).astype(np.float32)
    assert AdaptiveMaxPool2D((None, 4))(x).shape == (1, 2, 5, 4)
    np.testing.assert_array_equal(AdaptiveMaxPool2D(None)(x).data, x)
    np.testing.assert_array_equal(AdaptiveMaxPool1D(None)(x[0]).data, x[0])


def test_the_modules_return_places_on_request():
    x = np.random.default_rng(0).normal(size=(2, 2, 5)).astype(np.float32)
    y, steps = AdaptiveMaxPool1D(3, return_indices=True)(x)
    np.testing.assert_array_equal(np.take_along_axis(x, steps.data, 2), y.data)
    _, places = AdaptiveMaxPool2D(3, return_indices=True)(x[:, :, None])
    assert places.dtype == np.int64 and places.shape == (2, 2, 3, 3)
    assert repr(AdaptiveMaxPool1D(3, True)) == (
        "AdaptiveMaxPool1D(output_size=3, return_indices=True)"
    )


def test_an_empty_batch_stays_empty():
    for size in (2, 3):
        x = Tensor(np.zeros((0, 2, 4, 5)), requires_grad=True)
        y = AdaptiveMaxPool2D(size)(x)
        assert y.shape == (0, 2, size, size)
        y.sum().backward()
        assert x.grad.shape == x.shape


def test_errors_name_the_layer_and_the_size():
    with pytest.raises(ShapeError, match=r"^AdaptiveMaxPool2D: expected input \(B, C, H, W\), got"):
        AdaptiveMaxPool2D(2)(np.zeros((4, 4)))
    with pytest.raises(ShapeError, match=r"^AdaptiveMaxPool1D: expected input \(B, C, L\), got"):
        AdaptiveMaxPool1D(2)(np.zeros((4, 4)))
    with pytest.raises(ShapeError, match=r"^adaptive_max_pool2d: expected input \(B, C, H, W\)"):
        adaptive_max_pool2d(np.zeros((4, 4)), 2)
    with pytest.raises(ShapeError, match=r"^adaptive_max_pool1d: expected input \(B, C, L\)"):
        adaptive_max_pool1d(np.zeros((4, 4)), 2)
    with pytest.raises(ValueError, match=r"^AdaptiveMaxPool1D: expected output_size to be one"):
        AdaptiveMaxPool1D((1, 2))
    with pytest.raises(ValueError, match=r"^adaptive_max_pool1d: expected output_size to be one"):
        adaptive_max_pool1d(np.zeros((1, 2, 3)), (1, 2))
    with pytest.raises(ShapeError, match=r"at least one pixel, got \(1, 2, 0, 3\)"):
        AdaptiveMaxPool2D(2)(np.zeros((1, 2, 0, 3)))
    with pytest.raises(ShapeError, match=r"at least one step, got \(1, 2, 0\)"):
        AdaptiveMaxPool1D(2)(np.zeros((1, 2, 0)))
    with pytest.raises(ValueError, match="AdaptiveMaxPool2D: output_size must be an int >= 1"):
        AdaptiveMaxPool2D((0, 2))
    with pytest.raises(ValueError, match="output_size to be one or two sizes"):
        AdaptiveMaxPool2D((1, 2, 3))
