"""What windows see, and its transpose."""

import numpy as np
import pytest

from neural_net_layers._geometry import Window
from neural_net_layers._unfold import fold, unfold

WINDOWS = [
    Window((2, 2)),
    Window((3, 2), (2, 3), ((1, 2), (0, 1)), (1, 2)),
    Window((2, 2), (3, 3)),  # gaps between the windows
    Window((1, 1), (2, 2), ((2, 0), (0, 2))),
]


def test_windows_of_a_small_image_worked_by_hand():
    x = np.arange(6.0).reshape(1, 1, 2, 3)
    seen = unfold(x, Window((2, 2), padding=((0, 0), (1, 0))), -1)
    assert seen[0, 0, 0].tolist() == [[[-1, 0], [-1, 3]], [[0, 1], [3, 4]], [[1, 2], [4, 5]]]
    ones = np.ones((1, 1, 1, 2, 2, 2))
    assert fold(ones, Window((2, 2)), (2, 3)).tolist() == [[[[1, 2, 1], [1, 2, 1]]]]


@pytest.mark.parametrize("window", WINDOWS)
def test_every_element_is_the_pixel_of_the_formula(window):
    x = np.random.default_rng(0).normal(size=(2, 3, 6, 7))
    seen = unfold(x, window, np.nan)
    assert seen.shape == (2, 3, *window.places((6, 7)), *window.kernel)
    (sh, sw), (dh, dw), ((top, _), (left, _)) = window.stride, window.dilation, window.padding
    for i, j, u, v in np.ndindex(*seen.shape[2:]):
        p, q = i * sh + u * dh - top, j * sw + v * dw - left
        inside = 0 <= p < 6 and 0 <= q < 7
        expected = x[:, :, p, q] if inside else np.full((2, 3), np.nan)
        np.testing.assert_array_equal(seen[:, :, i, j, u, v], expected)


@pytest.mark.parametrize("window", WINDOWS)
def test_folding_is_the_transpose_of_unfolding(window):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 3, 6, 7))
    seen = unfold(x, window)
    d = rng.normal(size=seen.shape)
    np.testing.assert_allclose((d * seen).sum(), (fold(d, window, (6, 7)) * x).sum())


def test_the_memory_order_of_the_image_stays():
    x = np.zeros((2, 6, 5, 3)).transpose(0, 3, 1, 2)
    seen = unfold(x, WINDOWS[0])
    assert np.argsort(seen.strides[:4]).tolist() == [1, 3, 2, 0]
    assert fold(seen, WINDOWS[0], (6, 5)).transpose(0, 2, 3, 1).flags.c_contiguous
