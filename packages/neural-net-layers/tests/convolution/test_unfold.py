"""Windows as columns."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import ShapeError, Tensor, default_dtype
from neural_net_layers import Unfold, conv2d, max_pool2d, unfold


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def test_numbers_worked_by_hand():
    """Two windows of 1 × 2 in each row; the middle column stands in both."""
    x = Tensor([[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]], requires_grad=True)
    y = unfold(x, (1, 2))
    assert y.tolist() == [[[1, 2, 4, 5], [2, 3, 5, 6]]]
    y.backward([[[1.0, 2.0, 3.0, 4.0], [10.0, 20.0, 30.0, 40.0]]])
    assert x.grad.tolist() == [[[[1, 12, 20], [3, 34, 40]]]]


PAIRS = st.tuples(st.integers(1, 3), st.integers(1, 3))


@given(PAIRS, PAIRS, st.tuples(st.integers(0, 2), st.integers(0, 2)), PAIRS, st.integers(1, 3))
def test_every_column_is_a_window(kernel, dilation, padding, stride, channels):
    x = numbers(2, channels, 8, 7)
    with default_dtype(np.float64):
        y = unfold(x, kernel, dilation, padding, stride)
    (pu, pv), (kh, kw), (dh, dw), (sh, sw) = padding, kernel, dilation, stride
    padded = np.pad(x, [(0, 0), (0, 0), (pu, pu), (pv, pv)])
    oh, ow = (
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, p, d, k, s in zip((8, 7), padding, dilation, kernel, stride, strict=True)
    )
    assert y.shape == (2, channels * kh * kw, oh * ow)
    for i, j in np.ndindex(oh, ow):
        rows, columns = slice(i * sh, i * sh + dh * kh, dh), slice(j * sw, j * sw + dw * kw, dw)
        window = padded[:, :, rows, columns]
        np.testing.assert_array_equal(y.data[:, :, i * ow + j], window.reshape(2, -1))


def test_a_convolution_is_a_product_with_the_columns():
    x, w = numbers(2, 3, 6, 5), numbers(4, 3, 3, 2)
    with default_dtype(np.float64):
        y = conv2d(x, w, None, 2, 1, (1, 2))
        product = w.reshape(4, -1) @ unfold(x, (3, 2), (1, 2), 1, 2).data
    np.testing.assert_allclose(product.reshape(y.shape), y.data, atol=1e-12)


def test_a_pooling_is_a_reduction_of_the_columns():
    x = numbers(2, 3, 6, 8).astype(np.float32)
    columns = unfold(x, 2, stride=2).data.reshape(2, 3, 4, 3, 4)
    np.testing.assert_array_equal(columns.max(axis=2), max_pool2d(x, 2).data)


def test_patches_of_a_vision_transformer():
    """Patches row by row, each with its pixels row by row, channel after channel."""
    x = np.arange(2 * 4 * 6.0).reshape(1, 2, 4, 6)
    patches = Unfold(2, stride=2)(x).data[0].T  # (6, 8)
    assert patches[1].tolist() == [2, 3, 8, 9, 26, 27, 32, 33]


def test_an_empty_batch_stays_empty():
    x = Tensor(np.zeros((0, 2, 4, 4)), requires_grad=True)
    y = Unfold(3)(x)
    assert y.shape == (0, 18, 4)
    y.sum().backward()
    assert x.grad.shape == x.shape


def test_nan_and_infinity_go_where_the_window_sees_them():
    y = unfold([[[[np.nan, 1.0, np.inf]]]], (1, 2)).data
    np.testing.assert_array_equal(y, [[[np.nan, 1], [1, np.inf]]])


def test_channels_may_lie_last_in_memory():
    x = numbers(2, 5, 6, 3).astype(np.float32)
    turned = x.transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(
        unfold(turned, 3).data, unfold(np.ascontiguousarray(turned), 3).data
    )


def test_errors_name_the_layer_and_the_size():
    with pytest.raises(ShapeError, match=r"^Unfold: expected input \(B, C, H, W\), got \(2, 3, 4"):
        Unfold(2)(np.zeros((2, 3, 4)))
    with pytest.raises(ShapeError, match=r"^Unfold\(kernel 5×5\): the window .* fit .* of 4×9"):
        Unfold(5)(np.zeros((1, 1, 4, 9)))
    with pytest.raises(ShapeError, match=r"of 5×3 \(the kernel with its dilation\) does not fit"):
        unfold(np.zeros((1, 1, 4, 9)), 3, (2, 1))
    for name in ("kernel_size", "dilation", "stride"):
        with pytest.raises(ValueError, match=f"Unfold: {name} must be an int >= 1, or 2 of them"):
            Unfold(**{"kernel_size": 2, name: 0})
    with pytest.raises(ValueError, match="Unfold: padding must be an int >= 0"):
        Unfold(2, padding="same")
