r"""Depthwise convolution: every channel has a kernel of its own and meets no other channel.

There is nothing to multiply matrices with; it is a sum over the kernel's taps of a shifted image
times one number per channel. With channels last and stride 1 a row of the image is one run, and
the numbers are repeated along it, so NumPy works on whole rows.
"""

import math
from collections.abc import Iterator

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_layers._geometry import Pair, Window
from neural_net_layers.fast.products import sum_of_rows
from neural_net_layers.fast.threads import parts_for, share, share_sums
from neural_net_layers.fast.units import copy_rows, plan_units, scratch

__all__: list[str] = []


def _views(padded: Array, window: Window, places: Pair) -> Iterator[tuple[int, int, Array]]:
    """Yield each tap with the view of what it meets, (B, OH, OW · C), or with OW, C apart."""
    (kh, kw), (sh, sw), (dh, dw) = window.kernel, window.stride, window.dilation
    oh, ow = places
    batch, height, width, channels = padded.shape
    flat = padded.reshape(batch, height, width * channels)
    for i in range(kh):
        rows = slice(i * dh, i * dh + (oh - 1) * sh + 1, sh)
        for j in range(kw):
            if sw == 1:
                first = j * dw * channels
                yield i, j, flat[:, rows, first : first + ow * channels]
            else:
                yield i, j, padded[:, rows, j * dw : j * dw + (ow - 1) * sw + 1 : sw]


def _along_rows(w: Array, window: Window, ow: int) -> Array:
    """Return w (C, 1, kh, kw) as (kh, kw, C), repeated along a row where `_views` are rows."""
    taps = np.ascontiguousarray(w[:, 0].transpose(1, 2, 0))
    return np.tile(taps, (1, 1, ow)) if window.stride[1] == 1 else taps


class _Plan:
    """The sizes of the work and its units, strips of output rows of a few images."""

    def __init__(self, x: Array, window: Window) -> None:
        self.batch, height, width, self.channels = x.shape
        (self.top, _), (self.left, right) = window.padding
        self.window = window
        self.oh, self.ow = window.places((height, width))
        self.pitch = width + self.left + right
        row = (self.pitch * window.stride[0] + 2 * self.ow) * self.channels * x.itemsize
        self.parts = parts_for(
            4 * self.batch * self.oh * self.ow * self.channels * math.prod(window.kernel)
        )
        self.images, self.rows, units = plan_units(self.batch, self.oh, row, self.parts)
        self.units = units

    def shapes(self) -> list[tuple[int, ...]]:
        """Return the shapes of the buffers: padded rows, and two of the size of the output."""
        rows = (self.rows - 1) * self.window.stride[0] + self.window.extent[0]
        output = (self.images, self.rows, self.ow, self.channels)
        return [(self.images, rows, self.pitch, self.channels), output, output]

    def first_row(self, strip: int) -> int:
        """Return the row of the image where the windows of an output row begin."""
        return strip * self.window.stride[0] - self.top


def correlate(x: Array, w: Array, b: Array | None, window: Window) -> Array:
    """Return y (B, OH, OW, C) of x (B, H, W, C), w (C, 1, kh, kw) and b (C,)."""
    plan = _Plan(x, window)
    kernel = _along_rows(w, window, plan.ow)
    shift = None if b is None else np.tile(b, plan.ow)
    y = np.empty((plan.batch, plan.oh, plan.ow, plan.channels), x.dtype)

    def work(start: int, stop: int) -> None:
        padded, product, _ = scratch(x.dtype, *plan.shapes())
        padded[...] = 0
        for image, strip in plan.units[start:stop]:
            target = y[image : image + plan.images, strip : strip + plan.rows]
            images, rows = target.shape[:2]
            copy_rows(padded, x[image : image + plan.images], plan.first_row(strip), plan.left)
            for i, j, view in _views(padded[:images], window, (rows, plan.ow)):
                target_view = target.reshape(view.shape)
                if i == j == 0:
                    np.multiply(view, kernel[i, j], out=target_view)
                else:
                    term = product[:images, :rows].reshape(view.shape)
                    target_view += np.multiply(view, kernel[i, j], out=term)
            if shift is not None:
                target.reshape(images, rows, -1)[...] += shift

    share(len(plan.units), plan.parts, work)
    return y


def weight_gradient(x: Array, dy: Array, window: Window) -> tuple[Array, Array]:
    """Return dw (C, 1, kh, kw) and db (C,) of x (B, H, W, C) and dy (B, OH, OW, C)."""
    plan = _Plan(x, window)
    channels = plan.channels

    def work(start: int, stop: int) -> tuple[Array, Array]:
        padded, product, gathered = scratch(x.dtype, *plan.shapes())
        padded[...] = 0
        total = np.zeros((*window.kernel, channels), x.dtype)
        db = np.zeros(channels, x.dtype)
        for image, strip in plan.units[start:stop]:
            part = dy[image : image + plan.images, strip : strip + plan.rows]
            images, rows = part.shape[:2]
            factor = gathered[:images, :rows]
            np.copyto(factor, part)
            copy_rows(padded, x[image : image + plan.images], plan.first_row(strip), plan.left)
            for i, j, view in _views(padded[:images], window, (rows, plan.ow)):
                term = product[:images, :rows].reshape(view.shape)
                np.multiply(view, factor.reshape(view.shape), out=term)
                total[i, j] += sum_of_rows(term.reshape(-1, channels))
            db += sum_of_rows(factor.reshape(-1, channels))
        return total, db

    total, db = share_sums(len(plan.units), plan.parts, work)
    return total.transpose(2, 0, 1)[:, None], db


def input_gradient(dy: Array, w: Array, window: Window, size: Pair) -> Array:
    """Return dx (B, H, W, C) of dy (B, OH, OW, C), for images of the given size."""
    batch, oh, ow, channels = dy.shape
    (top, bottom), (left, right) = window.padding
    height, width = size
    dx = np.zeros((batch, height + top + bottom, width + left + right, channels), dy.dtype)
    kernel = _along_rows(w, window, ow)
    parts = parts_for(4 * dy.size * window.kernel[0] * window.kernel[1])
    # Whole images, because the windows of neighbouring rows add to the same places.
    images, _, units = plan_units(batch, 1, 2 * dx[:1].nbytes, parts)

    def work(start: int, stop: int) -> None:
        gathered, product = scratch(dy.dtype, *[(images, oh, ow, channels)] * 2)
        for image, _ in units[start:stop]:
            part = dy[image : image + images]
            factor = gathered[: len(part)]
            np.copyto(factor, part)
            for i, j, view in _views(dx[image : image + images], window, (oh, ow)):
                term = product[: len(part)].reshape(view.shape)
                view += np.multiply(factor.reshape(view.shape), kernel[i, j], out=term)

    share(len(units), parts, work)
    return dx[:, top : top + height, left : left + width]
