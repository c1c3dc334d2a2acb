r"""Convolution and its two gradients in their plainest form: one product per kernel element.

An element (i, j) of the kernel, a *tap*, meets the input shifted by (i, j): a strided slice. So a
convolution is a sum of as many matrix products as the kernel has elements, and its gradients are
the same slices with the factors exchanged:

$$ y = \sum_{ij} W_{ij} \, x_{ij} \qquad dx_{ij} \mathrel{+}= W_{ij}^\top dy \qquad
   dW_{ij} = dy \, x_{ij}^\top $$

with x_ij = x[:, :, i d : : s, j d : : s] for stride s and dilation d. The faster forms beside this
file are tested against it; it serves itself where none of them applies.
"""

from collections.abc import Iterator

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_layers._geometry import Pair, Window

__all__: list[str] = []


def pad_zeros(x: Array, window: Window) -> Array:
    """Return the images (B, C, H, W) within their border of zeros."""
    (top, bottom), (left, right) = window.padding
    *leading, h, w = x.shape
    padded = np.zeros_like(x, shape=(*leading, h + top + bottom, w + left + right), order="C")
    padded[..., top : top + h, left : left + w] = x
    return padded


def taps(padded: Array, window: Window, places: Pair) -> Iterator[tuple[int, int, Array]]:
    """Yield each kernel element (i, j) with the view (B, C, OH, OW) of what it meets."""
    (kh, kw), (sh, sw), (dh, dw) = window.kernel, window.stride, window.dilation
    oh, ow = places
    for i in range(kh):
        rows = slice(i * dh, i * dh + (oh - 1) * sh + 1, sh)
        for j in range(kw):
            yield i, j, padded[..., rows, slice(j * dw, j * dw + (ow - 1) * sw + 1, sw)]


def correlate(x: Array, w: Array, b: Array | None, window: Window, groups: int) -> Array:
    """Return y (B, O, OH, OW) of x (B, C, H, W), w (O, C/groups, kh, kw) and b (O,)."""
    batch, channels = x.shape[:2]
    out, oh, ow = len(w), *window.places(x.shape[2:])
    grouped = (batch, groups, channels // groups, oh * ow)
    y = np.zeros_like(x, shape=(batch, groups, out // groups, oh * ow), order="C")
    w = w.reshape(groups, out // groups, *w.shape[1:])
    for i, j, x_ij in taps(pad_zeros(x, window), window, (oh, ow)):
        y += w[..., i, j] @ x_ij.reshape(grouped)
    y = y.reshape(batch, out, oh, ow)
    return y if b is None else y + b[:, None, None]


def input_gradient(dy: Array, w: Array, window: Window, groups: int, size: Pair) -> Array:
    """Return dx (B, C, H, W) of dy (B, O, OH, OW), for images of the given size."""
    batch, out, oh, ow = dy.shape
    channels = w.shape[1] * groups
    (top, bottom), (left, right) = window.padding
    h, width = size
    padded = (batch, channels, h + top + bottom, width + left + right)
    dx = np.zeros_like(dy, shape=padded, order="C")
    dy = dy.reshape(batch, groups, out // groups, oh * ow)
    w = w.reshape(groups, out // groups, *w.shape[1:])
    for i, j, dx_ij in taps(dx, window, (oh, ow)):
        dx_ij += (w[..., i, j].swapaxes(1, 2) @ dy).reshape(dx_ij.shape)
    return dx[..., top : top + h, left : left + width]


def weight_gradient(x: Array, dy: Array, window: Window, groups: int) -> Array:
    """Return dw (O, C/groups, kh, kw)."""
    (batch, channels), (out, oh, ow) = x.shape[:2], dy.shape[1:]
    grouped = (batch, groups, channels // groups, oh * ow)
    shape = (groups, out // groups, channels // groups, *window.kernel)
    dw = np.zeros_like(x, shape=shape, order="C")
    dy = dy.reshape(batch, groups, out // groups, oh * ow)
    for i, j, x_ij in taps(pad_zeros(x, window), window, (oh, ow)):
        dw[..., i, j] = (dy @ x_ij.reshape(grouped).swapaxes(2, 3)).sum(axis=0)
    return dw.reshape(out, channels // groups, *window.kernel)
