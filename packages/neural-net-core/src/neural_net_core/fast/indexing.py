"""Adding up gradients at positions that may repeat."""

import math
from typing import Any

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.forms import fast_form_of
from neural_net_core.ops.indexing import GetItemOp
from neural_net_core.ops.scattering import IndexAddOp

__all__: list[str] = []


@fast_form_of(GetItemOp)
class FastGetItemOp(GetItemOp):
    """Copies dy where no position can repeat, and adds up rows of numbers two at a time."""

    def backward(self, dy: Array) -> Array:
        # C order, because accumulate needs a flat view.
        dx = np.zeros_like(dy, shape=self.shape, order="C")
        accumulate(dx, self.index, dy)
        return dx


@fast_form_of(IndexAddOp)
class FastIndexAddOp(IndexAddOp):
    """Adds rows of numbers, two at a time."""

    def forward(self, x: Array, indices: Array, source: Array) -> Array:
        if source.size < FEW:
            return super().forward(x, indices, source)
        self.indices = indices
        y = np.moveaxis(x, self.axis, 0).copy(order="C")
        rows = np.arange(len(y))[indices]  # from the front, and an error where there is none
        add_rows(y.reshape(len(y), -1), rows, np.moveaxis(source, self.axis, 0))
        return np.moveaxis(y, 0, self.axis)


# Below this many numbers, the textbook form is the faster one.
FEW = 512


def accumulate(dx: Array, index: Any, dy: Array) -> None:
    """Add dy to dx[index] in place, counting a repeated position each time.

    Args:
        dx: The zeros to add to, C-contiguous.
        index: A NumPy index of dx.
        dy: The shape of dx[index].
    """
    parts = index if isinstance(index, tuple) else (index,)
    if not any(_may_repeat(part) for part in parts):
        dx[index] = dy
        return
    rows = _as_row_numbers(parts, dx.shape)
    if rows is None:
        # Let NumPy say where every element came from.
        rows = np.arange(dx.size).reshape(dx.shape)[index]
        width = 1
    else:
        width = math.prod(dx.shape[len(parts) :])
    accumulate_rows(dx.reshape(-1, width) if width else dx, rows.reshape(-1), dy)


def accumulate_rows(dx: Array, rows: Array, dy: Array) -> None:
    """Add row i of dy to row rows[i] of dx, in place.

    Args:
        dx: (V, D), C-contiguous.
        rows: (N,), integers in [0, V), repetitions allowed.
        dy: N · D elements.
    """
    if dy.size == 0:
        return
    if dy.size > len(rows) and np.bincount(rows, minlength=len(dx)).max() == 1:
        dx[rows] = dy.reshape(len(rows), -1)
    else:
        add_rows(dx, rows, dy)


def add_rows(y: Array, rows: Array, source: Array) -> None:
    """Add row i of a source to row rows[i] of y, in place, whatever stands there already.

    Args:
        y: (V, D), C-contiguous.
        rows: (N,), integers in [0, V), repetitions allowed.
        source: N · D elements.
    """
    source = source.reshape(len(rows), -1)  # (N, D)
    width = source.shape[1]
    if width > 1:
        if width % 2 == 0 and y.dtype == source.dtype and y.dtype in _PAIRS:
            # Two numbers side by side, seen as one complex number, are added at once.
            width //= 2
            y = y.view(_PAIRS[y.dtype])
            source = np.ascontiguousarray(source).view(y.dtype)
        # `np.add.at` is five times faster on single numbers than on rows.
        rows = (rows[:, None] * width + np.arange(width)).reshape(-1)  # (N · D,)
    np.add.at(y.reshape(-1), rows, source.reshape(-1))


_PAIRS = {np.dtype(np.float32): np.dtype(np.complex64), np.dtype(np.float64): np.dtype(complex)}


def _may_repeat(part: Any) -> bool:
    """Tell whether one part of an index can name a position twice: only lists of integers can."""
    if part is None or part is Ellipsis or isinstance(part, int | slice | np.integer):
        return False
    return np.asarray(part).dtype.kind != "b"


def _as_row_numbers(parts: tuple[Any, ...], shape: tuple[int, ...]) -> Array | None:
    """Return row numbers if integers name a position on each of the first axes, else None."""
    rows: Array = np.zeros((), np.intp)
    for part, n in zip(parts, shape, strict=False):  # the last axes may stay unnamed
        if part is None or part is Ellipsis or isinstance(part, slice):
            return None
        position = np.asarray(part)
        if position.dtype.kind not in "iu":
            return None
        position = position.astype(np.intp, copy=False)
        rows = rows * n + np.where(position < 0, position + n, position)
    return rows
