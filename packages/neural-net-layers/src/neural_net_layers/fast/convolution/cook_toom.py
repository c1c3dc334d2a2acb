r"""Convolution with stride 1 in fewer multiplications: several output rows at a time.

Two ideas, each of which saves work that a product over gathered patches would do.

**Rows through polynomials.** An output row is a sum over the kernel's rows, y_h = Σ_i g_i x_{h+i},
so m output rows take m · k products of a row with a kernel row. But a sum of this form is what
gives the coefficients of a product of two polynomials, and a product of degree a − 1 is known from
its values at a = m + k − 1 points, one multiplication each. With the points 0, 1, −1, 2, −½ and ∞
(a = 6), four output rows for a kernel of three rows take 6 products in place of 12:

$$ y = A^\top \left[ (G g) \odot (B^\top x) \right] $$

G evaluates the kernel's rows at the points, B^⊤ prepares a tile of a input rows, and A^⊤ (m × a)
puts the output rows together; the three are small matrices of constants. The gradient of the
kernel is the transpose of the same formula: dg = G^⊤ [(B^⊤ x) ⊙ (A dy)]. With k products and
A = 1, B = G = identity it is the plain sum (m = 1), for kernels that are too long for few points.

**Windows without copies.** With channels last, the window of kw columns that begins at column p of
a row is one contiguous run of kw · C numbers: a row of the matrix that the product needs. The
windows at p = 0, kw, 2 kw, … lie one behind the other, so they *are* a matrix, without a copy; the
windows at 1, kw + 1, … are another one, and so on: kw products replace the gathering of patches.
Rows follow each other with their border between them, so a few windows straddle two rows; what
they give lies beyond the output's width and is never looked at.

All works on blocks small enough for the processor's cache. Some digits are lost: with 64 channels
in single precision the largest error is 1.2e-6 of the largest output for kernels of 3×3 and 3e-6
for 5×5, where the plain sum's is 3.5e-7 and 5e-7.

References: Toom (1963); Winograd (1980), Arithmetic Complexity of Computations; Lavin & Gray
(2016), arXiv:1509.09308, section 4, from which the letters A, B and G are taken (there in two
dimensions, which takes fewer products still, more additions, and loses more digits).
"""

import functools
import math

import numpy as np

from neural_net_core.dtypes import Array, DType
from neural_net_layers._geometry import Pair, Window
from neural_net_layers.fast.products import (
    SMALL_PRODUCT,
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

# Small numbers of either sign with small inverses; ∞ is added to them. Of all pairs tried, the
# fourth and fifth lose the fewest digits: with 2 and −2 twice as much is lost.
_POINTS = (0.0, 1.0, -1.0, 2.0, -0.5, -2.0, 0.5)


@functools.cache
def transforms(m: int, k: int, dtype: DType) -> tuple[Array, Array, Array]:
    """Return A^⊤ (m, a), G (a, k) and B^⊤ (a, a) for m outputs of a kernel of k elements.

    Examples:
        >>> import numpy as np
        >>> at, g, bt = transforms(2, 3, np.dtype(np.float64))
        >>> x, kernel = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 0.0, -1.0])
        >>> (at @ ((g @ kernel) * (bt @ x))).round(9)
        array([-2., -2.])
    """
    if m == 1:
        return np.ones((1, k), dtype), np.eye(k, dtype=dtype), np.eye(k, dtype=dtype)
    a = m + k - 1
    points = np.array(_POINTS[: a - 1])

    def powers(n: int) -> Array:
        """Evaluate a polynomial of n coefficients at the points; at ∞, its last coefficient."""
        table = np.zeros((a, n))
        table[:-1] = points[:, None] ** np.arange(n)
        table[-1, -1] = 1
        return table

    # Scaling point by point keeps the entries of B simple numbers; G takes the inverse.
    scale = np.array([math.prod(p - q for q in points if q != p) for p in points] + [1.0])
    data = (np.linalg.inv(powers(a)) * scale).T
    return (
        powers(m).T.astype(dtype),
        (powers(k) / scale[:, None]).astype(dtype),
        data.astype(dtype),
    )


def rows_at_a_time(height: int, k: int) -> int:
    """Return the m that needs the fewest products for an output of a height.

    More points cost digits, so that eight of them are for the longer kernels alone, which gain
    most by them.
    """
    candidates = [(height * k, 1)]
    for points in (4, 6) if k < 5 else (6, 8):
        m = points - k + 1
        if m > 1:
            candidates.append((-(-height // m) * points, m))
    return min(candidates)[1]


class _Tiling:
    """The sizes of a convolution cut into tiles of m output rows, and the buffers of one thread.

    A *unit* of work is `images` images times `tiles` tiles.
    """

    def __init__(
        self, shape: tuple[int, ...], dtype: DType, out: int, window: Window, *, by_columns: bool
    ) -> None:
        self.batch, self.height, self.width, self.channels = shape  # (B, H, W, C)
        self.kh, self.kw = window.kernel
        (self.top, _), (self.left, right) = window.padding
        self.oh, self.ow = window.places((self.height, self.width))
        self.out = out
        self.m = rows_at_a_time(self.oh, self.kh)
        self.points = self.m + self.kh - 1
        # The border right of a row is also the border left of the next one.
        self.pitch = max(self.width + max(self.left, right), self.ow)
        # Rows so long that a product with A^⊤ or B^⊤ is no small one are cut.
        row = self.points**2 * self.pitch * max(self.channels, out)
        self.cuts = min(max(1, -(-row // SMALL_PRODUCT)), self.pitch)
        self.pitch += -self.pitch % self.cuts
        self.tiles_per_image = -(-self.oh // self.m)
        tile = self.points * self.pitch * (self.channels + out) * dtype.itemsize
        work = self.batch * self.tiles_per_image * self.points * self.pitch
        parts = parts_for(work * self.channels * out * self.kw)
        self.images, self.tiles, self.units = plan_units(
            self.batch, self.tiles_per_image, tile, parts
        )
        self.positions = self.images * self.tiles * self.pitch
        if by_columns:
            self.blocks = cut_sum(self.positions, self.channels, out)
            self.steps = 1
        else:
            # Every kw-th position begins a window of the same matrix.
            rows = -(-self.positions // self.kw)
            self.blocks = cut_rows(rows, self.kw * self.channels, out)
            self.steps = self.kw
        # Large products have threads of their own.
        self.parts = parts if self.blocks.small else 1
        self.at, self.g, self.bt = transforms(self.m, self.kh, dtype)

    def shapes(self) -> list[tuple[int, ...]]:
        """Return the shapes of the buffers of a thread: padded rows, B^⊤ x, and its partner."""
        rows = self.tiles * self.m + self.kh - 1
        windows = self.blocks.count * self.blocks.length * self.steps
        return [
            (self.images, rows, self.pitch, self.channels),
            # with room for the last windows, which reach beyond
            (self.points, (windows + self.kw) * self.channels),
            (self.points, windows * self.out),
        ]

    def tiles_of(self, padded: Array) -> Array:
        """Return the overlapping tiles of a rows of padded images, (images, tiles, cuts, a, …)."""
        image, row, pixel = padded.strides[:3]
        columns = self.pitch // self.cuts
        shape = (self.images, self.tiles, self.cuts, self.points, columns * self.channels)
        strides = (image, self.m * row, columns * pixel, row, padded.itemsize)
        return np.ndarray(shape, padded.dtype, padded, strides=strides)

    def rows_of(self, rows: Array) -> Array:
        """Return a buffer (images, tiles, m, …) as (images, tiles, cuts, m, …)."""
        return rows.reshape(self.images, self.tiles, self.m, self.cuts, -1).swapaxes(2, 3)

    def values_at_points(self, flat: Array, channels: int) -> Array:
        """Return the positions of a buffer (a, …) as (images, tiles, cuts, a, …), zero the rest."""
        used = self.positions * channels
        flat[:, used:] = 0
        view = flat[:, :used].reshape(self.points, self.images, self.tiles, self.cuts, -1)
        return view.transpose(1, 2, 3, 0, 4)


_tiling = functools.lru_cache(maxsize=256)(_Tiling)


def correlate(x: Array, w: Array, b: Array | None, window: Window) -> Array:
    """Return y (B, OH, OW, O) of x (B, H, W, C), w (O, C, kh, kw) and b (O,) or None."""
    out, channels, kh, kw = w.shape
    tiling = _tiling(x.shape, x.dtype, out, window, by_columns=False)
    m, points, blocks = tiling.m, tiling.points, tiling.blocks
    # (kh, kw · C · O), then at the points: (a, kw · C, O)
    taps = np.ascontiguousarray(w.transpose(2, 3, 1, 0)).reshape(kh, -1)
    kernel = (tiling.g @ taps).reshape(points, kw * channels, out)
    length = tiling.ow * out
    shift = None if b is None else np.concatenate([b] * tiling.ow)
    y = np.empty((tiling.batch, tiling.oh, length), x.dtype)

    def work(start: int, stop: int) -> None:
        tile_rows = (tiling.images, tiling.tiles, m, tiling.pitch * out)
        padded, prepared, values, summed = scratch(x.dtype, *tiling.shapes(), tile_rows)
        output_rows = summed.reshape(tiling.images, tiling.tiles * m, tiling.pitch * out)
        summed_tiles = tiling.rows_of(summed)
        padded[...] = 0
        tiles = tiling.tiles_of(padded)
        prepared_tiles = tiling.values_at_points(prepared, channels)
        value_tiles = tiling.values_at_points(values, out)
        values = values.reshape(points, blocks.count, blocks.length, kw, out)
        products = []
        for r in range(kw):
            # The windows at r, r + kw, r + 2 kw, … lie one behind the other.
            windows = prepared[:, r * channels :][:, : values.size // points // out * channels]
            windows = windows.reshape(points, blocks.count, blocks.length, kw * channels)
            products.append(factors(windows, kernel, values[:, :, :, r], blocks))
        for image, tile in tiling.units[start:stop]:
            copy_rows(padded, x[image : image + tiling.images], tile * m - tiling.top, tiling.left)
            np.matmul(tiling.bt, tiles, out=prepared_tiles)
            for windows, matrix, product in products:
                np.matmul(windows, matrix, out=product)
            np.matmul(tiling.at, value_tiles, out=summed_tiles)
            target = y[image : image + tiling.images, tile * m : (tile + tiling.tiles) * m]
            valid = output_rows[: target.shape[0], : target.shape[1], :length]
            if shift is None:
                np.copyto(target, valid)
            else:
                np.add(valid, shift, out=target)

    share(len(tiling.units), tiling.parts, work)
    return y.reshape(tiling.batch, tiling.oh, tiling.ow, out)


def weight_gradient(x: Array, dy: Array, window: Window) -> tuple[Array, Array]:
    """Return dw (O, C, kh, kw) and db (O,) of x (B, H, W, C) and dy (B, OH, OW, O)."""
    channels, out = x.shape[3], dy.shape[3]
    tiling = _tiling(x.shape, x.dtype, out, window, by_columns=True)
    m, points, blocks, kw = tiling.m, tiling.points, tiling.blocks, tiling.kw

    def work(start: int, stop: int) -> tuple[Array, Array]:
        padded, prepared, spread, dy_rows, product = scratch(
            x.dtype,
            *tiling.shapes(),
            (tiling.images, tiling.tiles * m, tiling.pitch, out),
            (points, *summed_shape(channels, out, blocks)),
        )
        padded[...] = 0
        tiles = tiling.tiles_of(padded)
        prepared_tiles = tiling.values_at_points(prepared, channels)
        # dy on the same grid, with zeros in the columns beyond the output's width.
        dy_rows[...] = 0
        dy_tiles = tiling.rows_of(dy_rows)
        spread_tiles = tiling.values_at_points(spread, out)
        spread = spread.reshape(points, blocks.count, blocks.length, out)
        pairs = []
        for j in range(kw):
            # What the kernel's column j meets at every position.
            seen = prepared[:, j * channels :][:, : spread.size // points // out * channels]
            seen = seen.reshape(points, blocks.count, blocks.length, channels)
            pairs.append(summed_factors(seen, spread, blocks))
        total = np.zeros((kw, points, *product.shape[2:]), x.dtype)
        db = np.zeros(out, x.dtype)
        for image, tile in tiling.units[start:stop]:
            part = slice(image, image + tiling.images)
            copy_rows(padded, x[part], tile * m - tiling.top, tiling.left)
            copy_rows(dy_rows, dy[part], tile * m, 0)
            np.matmul(tiling.bt, tiles, out=prepared_tiles)
            np.matmul(tiling.at.T, dy_tiles, out=spread_tiles)
            for j, (seen, factor) in enumerate(pairs):
                np.matmul(seen, factor, out=product)
                total[j] += product[:, 0] if blocks.count == 1 else product.sum(axis=1)
            db += sum_of_rows(dy_rows.reshape(-1, out))
        return total, db

    total, db = share_sums(len(tiling.units), tiling.parts, work)
    at_points = joined(total).swapaxes(0, 1).reshape(points, -1)
    dw = (tiling.g.T @ at_points).reshape(tiling.kh, kw, channels, out)
    return dw.transpose(3, 2, 0, 1), db


def flipped(w: Array, window: Window, size: Pair) -> tuple[Array, Window, tuple[slice, slice]]:
    """Return what makes the input's gradient a convolution of dy.

    dx_p = Σ_t W_t^⊤ dy_{p − t}: the kernel turned by 180° with its channels exchanged, over dy in a
    border of k − 1 − padding. Where the padding was larger than that, dy is cropped instead.

    Returns:
        The kernel (C, O, kh, kw), the window, and the rows and columns of dy to take.
    """
    pads, crops = [], []
    for n, k, (before, after) in zip(size, window.kernel, window.padding, strict=True):
        places = n + before + after - k + 1
        first, last = k - 1 - before, k - 1 - after
        pads.append((max(first, 0), max(last, 0)))
        crops.append(slice(max(-first, 0), places - max(-last, 0)))
    turned = w[:, :, ::-1, ::-1].swapaxes(0, 1)
    padding = (pads[0], pads[1])
    return turned, Window(window.kernel, padding=padding), (crops[0], crops[1])
