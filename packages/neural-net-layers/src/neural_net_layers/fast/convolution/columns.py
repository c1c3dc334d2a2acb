r"""Convolution as one matrix product, over columns that hold what each window sees (im2col).

Each output place sees kh · kw · C numbers of the input. Written out as one row per place, they make
a matrix X, and convolution and the gradient of its kernel are ordinary products:

$$ Y = X W^\top \qquad dW = dY^\top X $$

The input's gradient goes the other way (col2im): dX = dY W, tap by tap, each added to the places
where the tap came from. The matrix repeats every number up to kh · kw times, so it is made for a
few rows of the output at a time, in memory that stays in the processor's cache.

Two layouts, by what can be copied in long runs. With few channels (the first layer of a network)
X^⊤ is laid out, a row per tap and channel: with stride 1, the tap (i, j) of all windows is the
padded image itself, beginning i rows and j columns further on, one run for a whole strip. (At the
end of a row a few windows reach around into the next; what they give lies beyond the output's
width and is never looked at.) With many channels X is laid out, where the runs are a pixel's
channels, for a row of the window if it is not dilated.

References: Chellapilla et al. (2006), High performance convolutional neural networks.
"""

import functools
import math

import numpy as np

from neural_net_core.dtypes import Array, DType
from neural_net_layers._geometry import Pair, Window
from neural_net_layers.fast.products import (
    cut_rows,
    cut_sum,
    factors,
    joined,
    sum_of_rows,
    summed_factors,
    summed_shape,
)
from neural_net_layers.fast.threads import parts_for, share, share_sums
from neural_net_layers.fast.units import copy_rows, plan_units, scratch

__all__: list[str] = []

# From how many channels of a group on a pixel is a run worth copying.
_MANY = 8


class _Strips:
    """The sizes of a convolution cut into strips of output rows, and the views of one thread.

    A *unit* of work is `images` images times `rows` output rows.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        dtype: DType,
        out: int,
        window: Window,
        groups: int,
        *,
        summed: bool,
    ) -> None:
        self.batch, self.height, self.width, self.channels = shape  # (B, H, W, C)
        self.window, self.groups = window, groups
        self.each, self.out = self.channels // groups, out // groups
        self.taps_first = self.each < _MANY
        self.taps = math.prod(window.kernel) * self.each
        # X^⊤ gets a row of ones below, which multiplies the bias: K.
        self.size = self.taps + 1 if self.taps_first else self.taps
        (self.top, _), (self.left, right) = window.padding
        self.oh, self.ow = window.places((self.height, self.width))
        self.flat = self.taps_first and window.stride == (1, 1)
        self.pitch = self.width + self.left + right
        if self.flat:
            # The border right of a row is also the border left of the next one.
            self.pitch = max(self.width + max(self.left, right), self.ow)
        # Output places in a row, with those that reach around.
        self.places = self.pitch if self.flat else self.ow
        row = self.places * (groups * self.size + out) * dtype.itemsize
        parts = parts_for(self.batch * self.oh * self.places * self.size * out)
        self.images, self.rows, self.units = plan_units(self.batch, self.oh, row, parts)
        self.positions = self.images * self.rows * self.places
        cut = cut_sum if summed else cut_rows
        self.blocks = cut(self.positions, self.size, self.out)
        # Large products have threads of their own.
        self.parts = parts if self.blocks.small else 1

    def shapes(self) -> list[tuple[int, ...]]:
        """Return the shapes of the buffers of a thread: padded rows, columns, output places."""
        window = self.window
        rows = (self.rows - 1) * window.stride[0] + window.extent[0]
        places = self.blocks.count * self.blocks.length
        output = (places, self.groups * self.out)
        if self.taps_first:
            # Below the last row, zeros for the windows that reach around.
            rows += -(-window.extent[1] // self.pitch) if self.flat else 0
            padded: tuple[int, ...] = (self.images, self.channels, rows, self.pitch)
            return [padded, (self.groups, self.size, places), output]
        padded = (self.images, rows, self.pitch, self.channels)
        return [padded, (self.groups, places, self.size), output]

    def rows_of(self, padded: Array) -> Array:
        """Return the buffer of padded rows as (images, rows, pitch, C)."""
        return padded.transpose(0, 2, 3, 1) if self.taps_first else padded

    def windows_of(self, padded: Array) -> Array:
        """Return what the windows see, a view of the padded rows in the order of the columns."""
        window, each = self.window, self.each
        (kh, kw), (sh, sw), (dh, dw) = window.kernel, window.stride, window.dilation
        shape: tuple[int, ...]
        strides: tuple[int, ...]
        if self.taps_first:
            image, channel, row, pixel = padded.strides
            shape = (self.groups, each, kh, kw, self.images)
            strides = (each * channel, channel, dh * row, dw * pixel, image)
            if self.flat:
                shape, strides = (*shape, self.rows * self.pitch), (*strides, pixel)
            else:
                shape, strides = (*shape, self.rows, self.ow), (*strides, sh * row, sw * pixel)
        else:
            image, row, pixel, channel = padded.strides
            shape = (self.groups, self.images, self.rows, self.ow, kh, kw, each)
            strides = (each * channel, image, sh * row, sw * pixel, dh * row, dw * pixel, channel)
        return np.ndarray(shape, padded.dtype, padded, strides=strides)

    def windows_in(self, columns: Array, shape: tuple[int, ...]) -> Array:
        """Return where the windows go in the columns, and set what they leave out."""
        if self.taps_first:
            columns[..., self.positions :] = 0
            columns[:, -1] = 1
            return columns[:, :-1, : self.positions].reshape(shape)
        columns[:, self.positions :] = 0
        return columns[:, : self.positions].reshape(shape)

    def matrices_of(self, columns: Array) -> Array:
        """Return the columns as (groups, blocks, places, K)."""
        count, length = self.blocks.count, self.blocks.length
        if self.taps_first:
            split = columns.reshape(self.groups, self.size, count, length)
            return split.transpose(0, 2, 3, 1)
        return columns.reshape(self.groups, count, length, self.size)

    def outputs_of(self, rows: Array) -> Array:
        """Return the buffer of output rows as (groups, blocks, places, out of a group)."""
        shape = (self.blocks.count, self.blocks.length, self.groups, self.out)
        return rows.reshape(shape).transpose(2, 0, 1, 3)

    def kernel_of(self, w: Array, b: Array | None) -> Array:
        """Return w, and b where it is multiplied, as (groups, K, out of a group)."""
        if not self.taps_first:
            w = w.transpose(0, 2, 3, 1).reshape(self.groups, self.out, self.taps)
            # In the order of the product: OpenBLAS has no small kernel for the transpose.
            return np.ascontiguousarray(w.swapaxes(1, 2))
        kernel = np.zeros((self.groups, self.size, self.out), w.dtype)
        kernel[:, :-1] = w.reshape(self.groups, self.out, self.taps).swapaxes(1, 2)
        if b is not None:
            kernel[:, -1] = b.reshape(self.groups, self.out)
        return kernel

    def gradients_of(self, total: Array, db: Array) -> tuple[Array, Array]:
        """Return dw (O, C/groups, kh, kw) and db of the gradient of the kernel above."""
        out = self.groups * self.out
        if self.taps_first:
            dw = total[:, :-1].swapaxes(1, 2).reshape(out, self.each, *self.window.kernel)
            return dw, total[:, -1].reshape(out)
        dw = total.swapaxes(1, 2).reshape(out, *self.window.kernel, self.each)
        return dw.transpose(0, 3, 1, 2), db


_strips = functools.lru_cache(maxsize=256)(_Strips)


def correlate(x: Array, w: Array, b: Array | None, window: Window, groups: int) -> Array:
    """Return y (B, OH, OW, O) of x (B, H, W, C), w (O, C/groups, kh, kw) and b (O,) or None."""
    out = len(w)
    plan = _strips(x.shape, x.dtype, out, window, groups, summed=False)
    kernel = plan.kernel_of(w, b)
    length = plan.ow * out
    shift = None
    if b is not None and not plan.taps_first:
        shift = np.concatenate([b] * plan.ow)
    y = np.empty((plan.batch, plan.oh, length), x.dtype)

    def work(start: int, stop: int) -> None:
        padded, columns, values = scratch(x.dtype, *plan.shapes())
        padded[...] = 0
        windows = plan.windows_of(padded)
        gathered = plan.windows_in(columns, windows.shape)
        matrices, matrix, products = factors(
            plan.matrices_of(columns), kernel, plan.outputs_of(values), plan.blocks
        )
        output_rows = values[: plan.positions].reshape(plan.images, plan.rows, plan.places * out)
        for image, row in plan.units[start:stop]:
            first = row * window.stride[0] - plan.top
            copy_rows(plan.rows_of(padded), x[image : image + plan.images], first, plan.left)
            np.copyto(gathered, windows)
            np.matmul(matrices, matrix, out=products)
            target = y[image : image + plan.images, row : row + plan.rows]
            valid = output_rows[: target.shape[0], : target.shape[1], :length]
            if shift is None:
                np.copyto(target, valid)
            else:
                np.add(valid, shift, out=target)

    share(len(plan.units), plan.parts, work)
    return y.reshape(plan.batch, plan.oh, plan.ow, out)


def weight_gradient(x: Array, dy: Array, window: Window, groups: int) -> tuple[Array, Array]:
    """Return dw (O, C/groups, kh, kw) and db (O,) of x (B, H, W, C) and dy (B, OH, OW, O)."""
    out = dy.shape[3]
    plan = _strips(x.shape, x.dtype, out, window, groups, summed=True)
    shape = (groups, *summed_shape(plan.size, plan.out, plan.blocks))

    def work(start: int, stop: int) -> tuple[Array, Array]:
        padded, columns, values, product = scratch(x.dtype, *plan.shapes(), shape)
        padded[...] = 0
        windows = plan.windows_of(padded)
        gathered = plan.windows_in(columns, windows.shape)
        # dy on the same grid, with zeros in the columns beyond the output's width.
        values[...] = 0
        dy_rows = values[: plan.positions].reshape(plan.images, plan.rows, plan.places, out)
        matrices, factor = summed_factors(
            plan.matrices_of(columns), plan.outputs_of(values), plan.blocks
        )
        total = np.zeros((groups, *shape[2:]), x.dtype)
        db = np.zeros(out, x.dtype)
        for image, row in plan.units[start:stop]:
            part = slice(image, image + plan.images)
            first = row * window.stride[0] - plan.top
            copy_rows(plan.rows_of(padded), x[part], first, plan.left)
            copy_rows(dy_rows, dy[part], row, 0)
            np.copyto(gathered, windows)
            np.matmul(matrices, factor, out=product)
            total += product[:, 0] if plan.blocks.count == 1 else product.sum(axis=1)
            if not plan.taps_first:
                db += sum_of_rows(values)
        return total, db

    total, db = share_sums(len(plan.units), plan.parts, work)
    return plan.gradients_of(joined(total), db)


def input_gradient(dy: Array, w: Array, window: Window, groups: int, size: Pair) -> Array:
    """Return dx (B, H, W, C) of dy (B, OH, OW, O), for images of the given size."""
    batch, oh, ow, out = dy.shape
    each = w.shape[1]
    (top, bottom), (left, right) = window.padding
    (sh, sw), (dh, dw) = window.stride, window.dilation
    height, width = size
    dx = np.zeros((batch, height + top + bottom, width + left + right, groups * each), dy.dtype)
    # (kh, kw, G, O/G, C/G)
    taps = w.reshape(groups, out // groups, *w.shape[1:]).transpose(3, 4, 0, 1, 2)
    taps = np.ascontiguousarray(taps)
    parts = parts_for(batch * oh * ow * each * out * taps.shape[0] * taps.shape[1])
    # Whole images, because the windows of neighbouring rows add to the same places.
    pixel = (out + groups * each) * dy.itemsize
    images, _, units = plan_units(batch, 1, oh * ow * pixel, parts)
    positions = images * oh * ow
    blocks = cut_rows(positions, out // groups, each)
    parts = parts if blocks.small else 1
    places = blocks.count * blocks.length

    def work(start: int, stop: int) -> None:
        gathered, values = scratch(dy.dtype, (places, out), (places, groups * each))
        gathered[positions:] = 0
        dy_rows = gathered[:positions].reshape(images, oh, ow, out)
        dx_rows = values[:positions].reshape(images, oh, ow, groups * each)
        split = (blocks.count, blocks.length, groups)
        factor = gathered.reshape(*split, out // groups).transpose(2, 0, 1, 3)
        product = values.reshape(*split, each).transpose(2, 0, 1, 3)
        products = [[factors(factor, w_ij, product, blocks) for w_ij in w_i] for w_i in taps]
        for image, _ in units[start:stop]:
            copy_rows(dy_rows, dy[image : image + images], 0, 0)
            target = dx[image : image + images]
            for i, row_of_products in enumerate(products):
                rows = slice(i * dh, i * dh + (oh - 1) * sh + 1, sh)
                for j, (matrices, tap, values_at_tap) in enumerate(row_of_products):
                    np.matmul(matrices, tap, out=values_at_tap)
                    cols = slice(j * dw, j * dw + (ow - 1) * sw + 1, sw)
                    target[:, rows, cols] += dx_rows[: len(target)]

    share(len(units), parts, work)
    return dx[:, top : top + height, left : left + width]
