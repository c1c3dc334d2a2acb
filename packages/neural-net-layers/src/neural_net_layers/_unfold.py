r"""What the windows of an image see, and the way back.

A window stands at the places (i, j) of the output, and its kernel has the elements (u, v). With
stride s, dilation d and p rows or columns of padding before the image,

$$ seen_{i,j,u,v} = x_{s i + d u - p,\; s j + d v - p} $$

Windows that overlap see the same pixel. So the way back, which is the transpose of this map, adds
up what all of them hand to it. The two are called im2col and col2im as well.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from neural_net_core.dtypes import Array
from neural_net_layers._geometry import Pair, Window

__all__: list[str] = []


def unfold(x: Array, window: Window, outside: float = 0.0) -> Array:
    """Return what every window sees: of x (B, C, H, W) the view (B, C, OH, OW, kh, kw).

    Args:
        x: Images.
        window: Kernel, stride, padding and dilation.
        outside: What the padding holds.
    """
    (top, bottom), (left, right) = window.padding
    batch, channels, h, w = x.shape
    # In the memory order of x, where `np.pad` would lay the channels first.
    padded = np.full_like(x, outside, shape=(batch, channels, top + h + bottom, left + w + right))
    padded[:, :, top : top + h, left : left + w] = x
    (sh, sw), (dh, dw) = window.stride, window.dilation
    # A window at every pixel, with no pixel left out; the steps below choose from both.
    seen: Array = sliding_window_view(padded, window.extent, axis=(2, 3))
    return seen[:, :, ::sh, ::sw, ::dh, ::dw]  # (B, C, OH, OW, kh, kw)


def fold(seen: Array, window: Window, size: Pair) -> Array:
    """Return the transpose: of (B, C, OH, OW, kh, kw) the sums (B, C, H, W) of what meets a pixel.

    Args:
        seen: One number for every element of every window.
        window: Kernel, stride, padding and dilation.
        size: H and W.
    """
    (top, bottom), (left, right) = window.padding
    (sh, sw), (dh, dw) = window.stride, window.dilation
    (batch, channels, oh, ow, kh, kw), (h, w) = seen.shape, size
    shape = (batch, channels, top + h + bottom, left + w + right)
    padded = np.zeros_like(seen[..., 0, 0], shape=shape)
    for u in range(kh):
        for v in range(kw):
            rows = slice(u * dh, u * dh + oh * sh, sh)  # s i + d u for every i
            columns = slice(v * dw, v * dw + ow * sw, sw)
            padded[:, :, rows, columns] += seen[..., u, v]
    return padded[:, :, top : top + h, left : left + w]
