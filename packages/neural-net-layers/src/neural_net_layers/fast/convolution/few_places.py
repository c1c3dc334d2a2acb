"""Convolution to few places, with the kernel as it lies.

The other forms bring the kernel into the order of their products first, which pays over the places
of a batch. A single small image has so few that this costs more than the products: 256 × 256
kernels of 3 × 3 are 590,000 numbers, all moved for the 16 places of an image of 4 × 4. Here the
kernel is the first factor as PyTorch keeps it, a row for each output,

$$ Y_b = W X_b, $$

and the columns of X_b hold what each window of image b sees. Keeping a kernel in another order
from call to call would be no faster, and nobody could tell when `p.data` was written to.
"""

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_layers._geometry import Window

__all__: list[str] = []


def correlate(x: Array, w: Array, b: Array | None, window: Window, groups: int) -> Array:
    """Return y (B, O, OH, OW) of x (B, C, H, W), w (O, C/groups, kh, kw) and b (O,) or None."""
    batch, channels, height, width = x.shape
    out, each, kh, kw = w.shape
    seen = each * kh * kw  # by a window, within a group
    oh, ow = window.places((height, width))
    if window.kernel == window.stride == (1, 1) and (oh, ow) == (height, width):
        # Every place sees itself alone.
        columns = x
    else:
        columns = np.empty((batch, channels, kh, kw, oh, ow), x.dtype)
        columns[...] = _windows(x, window, columns.shape)
    matrices = columns.reshape(batch, groups, seen, oh * ow)
    y: Array = np.matmul(w.reshape(groups, out // groups, seen), matrices)
    y = y.reshape(batch, out, oh, ow)
    if b is not None:
        y += b[:, None, None]
    return y


def _windows(x: Array, window: Window, shape: tuple[int, ...]) -> Array:
    """Return what every window sees, as a view (B, C, kh, kw, OH, OW)."""
    batch, channels, height, width = x.shape
    (top, bottom), (left, right) = window.padding
    if top or bottom or left or right:
        padded = np.zeros((batch, channels, top + height + bottom, left + width + right), x.dtype)
        padded[:, :, top : top + height, left : left + width] = x
    else:
        padded = np.ascontiguousarray(x)
    image, channel, row, pixel = padded.strides
    (sh, sw), (dh, dw) = window.stride, window.dilation
    strides = (image, channel, dh * row, dw * pixel, sh * row, sw * pixel)
    return np.ndarray(shape, x.dtype, padded, strides=strides)
