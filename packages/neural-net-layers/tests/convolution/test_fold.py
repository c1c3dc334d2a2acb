"""Columns added up to images."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import ShapeError, Tensor, default_dtype, grad
from neural_net_layers import Fold, conv_transpose2d, fold, unfold


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def test_numbers_worked_by_hand():
    """Two windows of 1 × 2 that share the middle pixel."""
    x = Tensor([[[1.0, 2.0], [10.0, 20.0]]], requires_grad=True)
    y = fold(x, (1, 3), (1, 2))
    assert y.tolist() == [[[[1, 12, 20]]]]
    y.backward([[[[1.0, 2.0, 3.0]]]])
    assert x.grad.tolist() == [[[1, 2], [2, 3]]]


def test_lists_of_integers_are_numbers_of_the_default_dtype():
    y = fold([[[1, 2], [10, 20]]], (1, 3), (1, 2))
    assert y.dtype == np.float32
    assert y.tolist() == [[[[1, 12, 20]]]]


PAIRS = st.tuples(st.integers(1, 3), st.integers(1, 3))
WINDOWS = st.tuples(PAIRS, PAIRS, st.tuples(st.integers(0, 2), st.integers(0, 2)), PAIRS)


@given(WINDOWS)
def test_of_unfolded_images_it_is_the_image_times_how_often_each_pixel_was_seen(window):
    """So divided by the same of ones it is the image; pixels between the windows are lost."""
    x = numbers(2, 3, 8, 7)
    with default_dtype(np.float64):
        total = fold(unfold(x, *window), (8, 7), *window).data
        seen = fold(unfold(np.ones_like(x), *window), (8, 7), *window).data
    np.testing.assert_allclose(total, x * seen, atol=1e-12)
    if window[0] == window[3] and window[1] == (1, 1):  # windows side by side
        assert seen.max() == 1


@given(WINDOWS)
def test_it_is_the_transpose_of_unfold(window):
    """⟨fold(c), x⟩ = ⟨c, unfold(x)⟩, and each has the other as its gradient."""
    x = numbers(2, 3, 8, 7)
    with default_dtype(np.float64):
        leaf = Tensor(x, requires_grad=True)
        columns = unfold(leaf, *window)
        c = Tensor(numbers(*columns.shape, seed=1), requires_grad=True)
        images = fold(c, (8, 7), *window)
        left, right = (images.data * x).sum(), (c.data * columns.data).sum()
        np.testing.assert_allclose(left, right, rtol=1e-9, atol=1e-9)
        np.testing.assert_array_equal(grad(columns, leaf, c.data), images.data)
        np.testing.assert_array_equal(grad(images, c, x), columns.data)


def test_a_transposed_convolution_is_a_product_whose_columns_are_folded():
    x, w = numbers(2, 3, 4, 5), numbers(3, 2, 3, 3)
    with default_dtype(np.float64):
        y = conv_transpose2d(x, w, None, 2, 1)
        columns = w.reshape(3, -1).T @ x.reshape(2, 3, 20)
        folded = fold(columns, y.shape[2:], 3, 1, 1, 2)
    np.testing.assert_allclose(folded.data, y.data, atol=1e-12)


def test_an_empty_batch_stays_empty():
    assert Fold(4, 3)(np.zeros((0, 18, 4))).shape == (0, 2, 4, 4)


def test_errors_name_the_layer_and_the_size():
    layer = Fold((4, 5), 2)
    label = (
        r"^Fold\(output 4×5, kernel 2×2\): expected input \(B, C·4, 12\), a column for each of 3×4"
    )
    for shape in [(2, 8), (2, 8, 3, 4), (2, 9, 12), (2, 8, 11)]:
        with pytest.raises(ShapeError, match=label):
            layer(np.zeros(shape))
    with pytest.raises(ShapeError, match=r"^Fold\(output 4×5.*: the window of 6×6 does not fit"):
        Fold((4, 5), 6)
    with pytest.raises(ShapeError, match=r"^fold\(output 4×4, kernel 6×6\): the window of 6×6"):
        fold(np.zeros((2, 36, 1)), 4, 6)
    for name in ("output_size", "kernel_size", "dilation", "stride"):
        with pytest.raises(ValueError, match=f"Fold: {name} must be an int >= 1, or 2 of them"):
            Fold(**{"output_size": 4, "kernel_size": 2, name: 0})
