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
from neural_net_layers._threads import SMALL_PRODUCT, parts_for, share
from neural_net_layers._units import copy_rows, plan_units, scratch

__all__: list[str] = []

# From how many channels of a group on a pixel is a run worth copying.
_MANY = 8


class _Strips:
    """The sizes of a convolution cut into strips of output rows, and the views of one thread.

    A *unit* of work is `images` images times `strips` strips of `rows` output rows.
    """

    def __init__(
        self, shape: tuple[int, ...], dtype: DType, out: int, window: Window, groups: int
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
        row = self.places * self.size
        # A strip is as many rows as make a small product, if one row does.
        small = min(SMALL_PRODUCT // max(row * self.out, 1), self.oh)
        self.narrow = small >= 1
        count = -(-self.oh // max(small, 1))
        self.rows = -(-self.oh // count)
        self.strips_per_image = -(-self.oh // self.rows)
        self.parts = parts_for(self.batch * self.oh * row * out) if self.narrow else 1
        self.images, self.strips, self.units = plan_units(
            self.batch,
            self.strips_per_image,
            self.rows * row * groups * dtype.itemsize,
            self.parts,
            budget=1 if self.narrow else 4,
        )
        # Strips are the blocks of a product, but where they are too wide for small ones.
        self.blocks = self.strips if self.narrow else 1
        self.length = self.strips * self.rows * self.places // self.blocks

    def shapes(self) -> list[tuple[int, ...]]:
        """Return the shapes of the buffers of a thread: padded rows, and the columns."""
        window = self.window
        rows = (self.strips * self.rows - 1) * window.stride[0] + window.extent[0]
        places = self.blocks * self.length
        if self.taps_first:
            # Below the last row, zeros for the windows that reach around.
            rows += -(-window.extent[1] // self.pitch) if self.flat else 0
            return [
                (self.images, self.channels, rows, self.pitch),
                (self.images, self.groups, self.size, places),
            ]
        return [
            (self.images, rows, self.pitch, self.channels),
            (self.images, self.groups, places, self.size),
        ]

    def windows_of(self, padded: Array) -> Array:
        """Return what the windows see, a view of the padded rows in the order of the columns."""
        (kh, kw), (sh, sw), (dh, dw) = (
            self.window.kernel,
            self.window.stride,
            self.window.dilation,
        )
        rows, each = self.strips * self.rows, self.each
        if self.taps_first:
            image, channel, row, pixel = padded.strides
            shape: tuple[int, ...] = (self.images, self.groups, each, kh, kw)
            strides: tuple[int, ...] = (image, each * channel, channel, dh * row, dw * pixel)
            if self.flat:
                shape, strides = (*shape, rows * self.pitch), (*strides, pixel)
            else:
                shape, strides = (*shape, rows, self.ow), (*strides, sh * row, sw * pixel)
        else:
            image, row, pixel, channel = padded.strides
            shape = (self.images, self.groups, rows, self.ow, kh, kw, each)
            strides = (image, each * channel, sh * row, sw * pixel, dh * row, dw * pixel, channel)
        return np.ndarray(shape, padded.dtype, padded, strides=strides)

    def windows_in(self, columns: Array, shape: tuple[int, ...]) -> Array:
        """Return where the windows go in the columns; set what they leave out."""
        if not self.taps_first:
            return columns.reshape(shape)
        columns[:, :, -1] = 1
        return columns[:, :, :-1].reshape(shape)

    def matrices_of(self, columns: Array) -> Array:
        """Return the columns as (images, groups, blocks, places, K)."""
        leading = (self.images, self.groups)
        if self.taps_first:
            split = columns.reshape(*leading, self.size, self.blocks, self.length)
            return split.transpose(0, 1, 3, 4, 2)
        return columns.reshape(*leading, self.blocks, self.length, self.size)

    def kernel_of(self, w: Array, b: Array | None) -> Array:
        """Return w, and b where it is multiplied, as (groups, K, out of a group)."""
        if not self.taps_first:
            w = w.transpose(0, 2, 3, 1).reshape(self.groups, self.out, self.taps)
            return w.swapaxes(1, 2)
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

    def rows_of(self, padded: Array) -> Array:
        """Return the buffer of padded rows as (images, rows, pitch, C)."""
        return padded.transpose(0, 2, 3, 1) if self.taps_first else padded


_strips = functools.lru_cache(maxsize=256)(_Strips)


def correlate(x: Array, w: Array, b: Array | None, window: Window, groups: int) -> Array:
    """Return y (B, OH, OW, O) of x (B, H, W, C), w (O, C/groups, kh, kw) and b (O,) or None."""
    out = len(w)
    plan = _strips(x.shape, x.dtype, out, window, groups)
    kernel = plan.kernel_of(w, b)[:, None]  # (G, 1, K, O/G)
    length = plan.ow * out
    shift = None
    if b is not None and not plan.taps_first:
        shift = np.concatenate([b] * plan.ow)
    y = np.empty((plan.batch, plan.oh, length), x.dtype)

    def work(start: int, stop: int) -> None:
        product_shape = (plan.images, plan.blocks, plan.length, groups, plan.out)
        padded, columns, product = scratch(x.dtype, *plan.shapes(), product_shape)
        output_rows = product.reshape(plan.images, -1, plan.places * out)
        product = product.transpose(0, 3, 1, 2, 4)
        padded[...] = 0
        windows, matrices = plan.windows_of(padded), plan.matrices_of(columns)
        columns = plan.windows_in(columns, windows.shape)
        for image, strip in plan.units[start:stop]:
            first = strip * plan.rows * window.stride[0] - plan.top
            copy_rows(plan.rows_of(padded), x[image : image + plan.images], first, plan.left)
            np.copyto(columns, windows)
            np.matmul(matrices, kernel, out=product)
            start_row = strip * plan.rows
            target = y[image : image + plan.images, start_row : start_row + plan.strips * plan.rows]
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
    plan = _strips(x.shape, x.dtype, out, window, groups)
    blocks, length = plan.blocks, plan.length
    merged = 1
    if groups == 1 and not plan.taps_first:
        # Few, long products instead of one for every small image: less to add up afterwards.
        merged = _most_that_divides(
            plan.images * blocks, SMALL_PRODUCT // max(length * plan.size * out, 1)
        )
        merged = merged if plan.narrow else plan.images * blocks
    products = plan.images * blocks // merged

    def work(start: int, stop: int) -> tuple[Array, Array]:
        padded, columns, dy_rows, product = scratch(
            x.dtype,
            *plan.shapes(),
            (plan.images, plan.strips * plan.rows, plan.places, out),
            (groups, products, plan.size, plan.out),
        )
        padded[...] = 0
        # dy on the same grid, with zeros in the columns beyond the output's width.
        dy_rows[...] = 0
        windows, matrices = plan.windows_of(padded), plan.matrices_of(columns)
        factor = dy_rows.reshape(plan.images, blocks, length, groups, plan.out)
        factor = factor.transpose(0, 3, 1, 2, 4)
        if merged > 1:
            matrices = columns.reshape(1, 1, products, merged * length, plan.size)
            factor = dy_rows.reshape(1, 1, products, merged * length, out)
            target = product[None]
        else:
            target = product.reshape(groups, plan.images, blocks, plan.size, plan.out)
            target = target.swapaxes(0, 1)
        columns = plan.windows_in(columns, windows.shape)
        ones = np.ones(dy_rows.size // out, x.dtype)
        total = np.zeros((groups, plan.size, plan.out), x.dtype)
        db = np.zeros(out, x.dtype)
        for image, strip in plan.units[start:stop]:
            part = slice(image, image + plan.images)
            first = strip * plan.rows * window.stride[0] - plan.top
            copy_rows(plan.rows_of(padded), x[part], first, plan.left)
            copy_rows(dy_rows, dy[part], strip * plan.rows, 0)
            np.copyto(columns, windows)
            np.matmul(matrices.swapaxes(3, 4), factor, out=target)
            total += product[:, 0] if products == 1 else product.sum(axis=1)
            if not plan.taps_first:
                db += ones @ dy_rows.reshape(-1, out)
        return total, db

    parts = share(len(plan.units), plan.parts, work)
    total, db = parts[0]
    for other, more in parts[1:]:
        total += other
        db += more
    return plan.gradients_of(total, db)


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
    # The places of a product: an image, or only a row, so that it is small; all if neither is.
    row = ow * (out // groups) * each
    narrow = row <= SMALL_PRODUCT
    parts = parts_for(batch * oh * row * groups * taps.shape[0] * taps.shape[1]) if narrow else 1
    pixel = (out + groups * each) * dy.itemsize
    images, _, units = plan_units(batch, 1, oh * ow * pixel, parts, budget=1 if narrow else 4)

    def work(start: int, stop: int) -> None:
        gathered, product = scratch(
            dy.dtype, (images, oh, ow, groups, out // groups), (images, oh, ow, groups, each)
        )
        for image, _ in units[start:stop]:
            part = dy[image : image + images]
            count = len(part)
            np.copyto(gathered[:count].reshape(part.shape), part)
            if not narrow and groups == 1:
                places = (1, count * oh * ow)
            elif row * oh <= SMALL_PRODUCT:
                places = (count, oh * ow)
            else:
                places = (count * oh, ow)
            factor = gathered[:count].reshape(*places, groups, -1).swapaxes(1, 2)
            target = product[:count].reshape(*places, groups, -1).swapaxes(1, 2)
            piece = product[:count].reshape(count, oh, ow, -1)
            for i, row_of_taps in enumerate(taps):
                rows = slice(i * dh, i * dh + (oh - 1) * sh + 1, sh)
                for j, tap in enumerate(row_of_taps):
                    np.matmul(factor, tap, out=target)
                    cols = slice(j * dw, j * dw + (ow - 1) * sw + 1, sw)
                    dx[image : image + count, rows, cols] += piece

    share(len(units), parts, work)
    return dx[:, top : top + height, left : left + width]


def _most_that_divides(count: int, most: int) -> int:
    """Return the largest divisor of a count that is not above a bound; at least 1."""
    return next((n for n in range(min(most, count), 1, -1) if count % n == 0), 1)
