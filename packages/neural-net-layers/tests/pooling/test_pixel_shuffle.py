"""Channels as pixels, and pixels as channels."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import ShapeError, Tensor
from neural_net_core.testing import gradcheck
from neural_net_layers import (
    PixelShuffle,
    PixelUnshuffle,
    pixel_shuffle,
    pixel_unshuffle,
    unfold,
)


def test_numbers_worked_by_hand():
    x = Tensor(np.arange(16.0).reshape(8, 1, 2), requires_grad=True)
    y = pixel_shuffle(x, 2)
    assert y.tolist() == [
        [[0, 2, 1, 3], [4, 6, 5, 7]],
        [[8, 10, 9, 11], [12, 14, 13, 15]],
    ]
    y.backward(np.arange(100.0, 116.0).reshape(2, 2, 4))
    assert x.grad[:, 0].tolist() == [
        [100, 102], [101, 103], [104, 106], [105, 107],
        [108, 110], [109, 111], [112, 114], [113, 115],
    ]  # fmt: skip


SIZES = st.integers(1, 4)


@given(SIZES, SIZES, SIZES, SIZES, st.sampled_from([(), (2,), (2, 3)]))
def test_every_pixel_comes_from_where_the_formula_says_and_goes_back(r, c, h, w, batch):
    x = np.random.default_rng(0).normal(size=(*batch, c * r * r, h, w)).astype(np.float32)
    y = pixel_shuffle(x, r)
    assert y.shape == (*batch, c, h * r, w * r)
    for i, j, k, u, v in itertools.product(range(c), range(h), range(w), range(r), range(r)):
        expected = x[..., r * r * i + r * u + v, j, k]
        np.testing.assert_array_equal(y.data[..., i, r * j + u, r * k + v], expected)
    np.testing.assert_array_equal(pixel_unshuffle(y, r).data, x)


def test_gradients():
    rng = np.random.default_rng(0)
    assert gradcheck(lambda x: pixel_shuffle(x, 2), [rng.normal(size=(1, 8, 2, 3))])
    assert gradcheck(lambda x: pixel_unshuffle(x, 3), [rng.normal(size=(2, 1, 3, 6))])


def test_channels_of_pixels_are_windows_side_by_side():
    x = np.random.default_rng(0).normal(size=(2, 3, 6, 8)).astype(np.float32)
    columns = unfold(x, 2, stride=2).data.reshape(2, 12, 3, 4)
    np.testing.assert_array_equal(pixel_unshuffle(x, 2).data, columns)


def test_empty_images_stay_empty():
    assert PixelShuffle(2)(np.zeros((0, 4, 3, 3))).shape == (0, 1, 6, 6)
    assert PixelUnshuffle(2)(np.zeros((1, 4, 0, 2))).shape == (1, 16, 0, 1)


def test_errors_name_the_layer_and_the_size():
    for shape in [(2, 3), (1, 6, 2, 2)]:
        with pytest.raises(ShapeError, match=r"^PixelShuffle: expected input \(..., C·4, H, W\)"):
            PixelShuffle(2)(np.zeros(shape))
    for shape in [(4, 4), (1, 1, 4, 5), (1, 1, 5, 4)]:
        with pytest.raises(ShapeError, match=r"^PixelUnshuffle: .* \(..., C, 2·H, 2·W\), got"):
            PixelUnshuffle(2)(np.zeros(shape))
    with pytest.raises(ValueError, match="PixelShuffle: upscale_factor must be an int >= 1, got 0"):
        PixelShuffle(0)
    with pytest.raises(ValueError, match="pixel_unshuffle: downscale_factor must be an int >= 1"):
        pixel_unshuffle(np.zeros((1, 2, 2)), 1.5)
