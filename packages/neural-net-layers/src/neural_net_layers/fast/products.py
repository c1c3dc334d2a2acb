"""Large matrix products as many small ones, which is faster for tall matrices.

OpenBLAS brings the factors of a large product into another order first, and that costs a third of
the time where one factor is small: on a processor with AVX-512, 60 to 75 of a core's 115 GFLOP/s
were measured for a matrix of thousands of rows times one of 25 × 16 or 400 × 32. There it has
kernels for small products that work on the factors as they lie (105 to 115 GFLOP/s). On every
processor one thread does the whole of a small product, so that several of Python's threads can
each do some.

So a product is cut into blocks of rows and, where it is wide, into tiles of columns; the gradient
of a small factor, which sums over the rows, also into tiles of that factor's rows. NumPy's matmul
does all of them in one call, over views of the matrices with the blocks and tiles as axes.
"""

from dataclasses import dataclass

import numpy as np

from neural_net_core.dtypes import Array

__all__: list[str] = []

# Multiplications of a small product. From 2 · 2^18 on OpenBLAS takes threads of its own (on some
# processors from a million on). If several of ours ask for that at once, all wait for each other:
# on a busy machine a convolution of 0.1 s was seen to take 9 s.
SMALL_PRODUCT = 500_000

# Columns of a tile: wider ones leave too few rows to a small product.
_TILE = 64

# With fewer rows than these a small product is not worth it: a row of the result is written for
# every column of the inner side, and for the gradient the whole result for every block.
_FEWEST_ROWS = 6
_FEWEST_SUMMED = 32


@dataclass(frozen=True, slots=True)
class Blocks:
    """How a product of `rows` rows is cut.

    Attributes:
        small: Whether small products are worth it; if not, there is one block.
        count: Blocks of rows.
        length: Rows of a block; `count * length` is at least the number of rows, padding included.
        inner: Rows of a tile of the small factor, in its gradient.
        outer: Columns of a tile.
    """

    small: bool
    count: int
    length: int
    inner: int
    outer: int


def cut_rows(rows: int, inner: int, outer: int) -> Blocks:
    """Return the blocks of (rows, inner) @ (inner, outer)."""
    tile = _tile(outer)
    most = SMALL_PRODUCT // max(inner * tile, 1)
    if most < min(_FEWEST_ROWS, rows):
        return Blocks(False, 1, rows, inner, outer)
    return Blocks(True, *_even(rows, most), inner, tile)


def cut_sum(rows: int, inner: int, outer: int) -> Blocks:
    """Return the blocks of (inner, rows) @ (rows, outer)."""
    down, across = _tile(inner), _tile(outer)
    most = SMALL_PRODUCT // max(down * across, 1)
    if most < min(_FEWEST_SUMMED, rows):
        return Blocks(False, 1, rows, inner, outer)
    return Blocks(True, *_even(rows, most), down, across)


def _tile(n: int) -> int:
    """Return the largest divisor that is at most a tile; n itself if only narrow ones divide it."""
    if n <= _TILE:
        return n
    return next((k for k in range(_TILE, _TILE // 4 - 1, -1) if n % k == 0), n)


def _even(rows: int, most: int) -> tuple[int, int]:
    """Return how many blocks of which length; the kernels like multiples of four rows."""
    if rows <= most:
        return 1, rows
    count = -(-rows // (most - most % 4 or most))
    each = -(-rows // count)
    return count, each + -each % 4 if most >= 4 else each


def factors(a: Array, b: Array, y: Array, blocks: Blocks) -> tuple[Array, Array, Array]:
    """Return views for `np.matmul(a, b, out=y)`, cut into tiles of columns.

    Args:
        a: (…, count, length, inner).
        b: (…, inner, outer), without the axis of blocks.
        y: (…, count, length, outer).
        blocks: From `cut_rows`.
    """
    inner, outer = b.shape[-2:]
    tiles = outer // blocks.outer
    b = b.reshape(*b.shape[:-2], 1, inner, tiles, blocks.outer).swapaxes(-3, -2)
    y = y.reshape(*y.shape[:-1], tiles, blocks.outer).swapaxes(-3, -2)
    return a[..., None, :, :], b, y


def summed_factors(a: Array, d: Array, blocks: Blocks) -> tuple[Array, Array]:
    """Return views for the sum over rows of aᵀ d, cut into tiles; see `summed_shape`.

    Args:
        a: (…, count, length, inner).
        d: (…, count, length, outer).
        blocks: From `cut_sum`.
    """
    down, across = a.shape[-1] // blocks.inner, d.shape[-1] // blocks.outer
    # (…, count, down, 1, inner of a tile, length) and (…, count, 1, across, length, outer)
    a = np.moveaxis(a.reshape(*a.shape[:-1], down, 1, blocks.inner), -4, -1)
    d = d.reshape(*d.shape[:-1], 1, across, blocks.outer)
    return a, np.moveaxis(d, -4, -2)


def summed_shape(inner: int, outer: int, blocks: Blocks) -> tuple[int, int, int, int, int]:
    """Return the shape of the product of `summed_factors`, after the leading axes."""
    down, across = inner // blocks.inner, outer // blocks.outer
    return blocks.count, down, across, blocks.inner, blocks.outer


def sum_of_rows(rows: Array) -> Array:
    """Return the sum over the rows of a small matrix.

    As a product with two rows of ones: with one it would be a product of a vector, for which
    OpenBLAS takes threads of its own from about ten thousand elements on.
    """
    total: Array = (np.ones((2, len(rows)), rows.dtype) @ rows)[0]
    return total


def joined(tiles: Array) -> Array:
    """Return (…, down, across, inner, outer) tiles as one matrix (…, rows, columns)."""
    *leading, down, across, inner, outer = tiles.shape
    return tiles.swapaxes(-3, -2).reshape(*leading, down * inner, across * outer)
