"""Convolution and its two gradients on arrays (B, C, H, W), each in the form that is fastest.

| form | when |
|---|---|
| few places | forward, a single small image or so |
| depthwise | as many groups as channels |
| Cook-Toom rows | stride and dilation 1, one group, channels enough for long runs |
| columns | the rest: stride, dilation, groups, few channels |

What comes out has the channels last in memory, unless its places are few, seen through a view with
the axes in PyTorch's order: elementwise operations keep that layout, and the next convolution wants
it again.
"""

from neural_net_core.dtypes import Array
from neural_net_layers._geometry import Pair, Window
from neural_net_layers.fast.convolution import columns, cook_toom, depthwise, few_places

__all__: list[str] = []

# From how many channels on windows of the padded image are long enough as rows of a matrix.
_CHANNELS = 8

# Up to so many places in all images, or so many numbers that all their windows see. Measured beside
# the other forms, in one thread: 49 places of 64 channels take 0.7 of the time, 196 of 32 channels
# 1.1, and 1,024 of 16 channels 1.7; but 784 places that see 9 numbers each 0.5.
_FEW, _FEW_SEEN = 100, 1 << 14


def _by_rows(window: Window, channels: int, groups: int) -> bool:
    plain = window.stride == (1, 1) and window.dilation == (1, 1) and groups == 1
    return plain and channels >= _CHANNELS


def _channels_last(x: Array) -> Array:
    return x.transpose(0, 2, 3, 1)


def _channels_first(x: Array) -> Array:
    return x.transpose(0, 3, 1, 2)


def correlate(x: Array, w: Array, b: Array | None, window: Window, groups: int) -> Array:
    """Return y (B, O, OH, OW) of x (B, C, H, W), w (O, C/groups, kh, kw) and b (O,) or None."""
    channels = x.shape[1]
    oh, ow = window.places((x.shape[2], x.shape[3]))
    places = len(x) * oh * ow
    if places <= _FEW or places * channels * window.kernel[0] * window.kernel[1] <= _FEW_SEEN:
        return few_places.correlate(x, w, b, window, groups)
    x = _channels_last(x)
    if 1 < groups == channels:
        # Several outputs per channel are as many channels with the same input.
        x = x.repeat(len(w) // groups, axis=3) if len(w) > groups else x
        y = depthwise.correlate(x, w, b, window)
    elif _by_rows(window, channels, groups):
        y = cook_toom.correlate(x, w, b, window)
    else:
        y = columns.correlate(x, w, b, window, groups)
    return _channels_first(y)


def weight_gradient(x: Array, dy: Array, window: Window, groups: int) -> tuple[Array, Array]:
    """Return dw (O, C/groups, kh, kw) and db (O,) of x (B, C, H, W) and dy (B, O, OH, OW)."""
    channels, out = x.shape[1], dy.shape[1]
    x, dy = _channels_last(x), _channels_last(dy)
    if 1 < groups == channels:
        x = x.repeat(out // groups, axis=3) if out > groups else x
        return depthwise.weight_gradient(x, dy, window)
    if _by_rows(window, channels, groups):
        return cook_toom.weight_gradient(x, dy, window)
    return columns.weight_gradient(x, dy, window, groups)


def input_gradient(dy: Array, w: Array, window: Window, groups: int, size: Pair) -> Array:
    """Return dx (B, C, H, W) of dy (B, O, OH, OW), for images of the given size."""
    channels, out = w.shape[1] * groups, len(w)
    if 1 < groups == channels:
        dx = depthwise.input_gradient(_channels_last(dy), w, window, size)
        if out > groups:
            dx = dx.reshape(*dx.shape[:3], groups, out // groups).sum(axis=4)
        return _channels_first(dx)
    if window.stride == (1, 1) and window.dilation == (1, 1) and groups == 1:
        # A convolution again, of dy with the kernel turned around.
        turned, window, (rows, cols) = cook_toom.flipped(w, window, size)
        return correlate(dy[:, :, rows, cols], turned, None, window, 1)
    return _channels_first(columns.input_gradient(_channels_last(dy), w, window, groups, size))
