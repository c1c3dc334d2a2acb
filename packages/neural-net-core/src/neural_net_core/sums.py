"""Sums over any axes, as exact over the first axis as over the last.

Each addition of floating numbers rounds. NumPy adds up the numbers that lie side by side in memory
in pairs, then pairs of pairs, so that the rounding of n numbers grows with log n. Over any other
axis it keeps running sums, in which it grows with n: the mean of a million positive float32 numbers
is then off by up to 5 in 10,000, where the same numbers in a row give all digits.

Where the numbers of each sum lie side by side and are few, `einsum` does the same in a third of the
time, because it does not begin anew for every sum.
"""

import math

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from neural_net_core.dtypes import Array

__all__: list[str] = []

# How many numbers a running sum may have.
PART = 256


def sum_over(x: Array, axis: int | tuple[int, ...] | None) -> Array:
    """Return the sum over axes, which stay with length 1; of many numbers, part by part.

    Args:
        x: Any shape.
        axis: The axis or axes to sum over; None means all.
    """
    if x.size > PART and axis is not None and isinstance(x, np.ndarray):
        axes = normalize_axis_tuple(axis, x.ndim)
        count, in_rows = math.prod([x.shape[a] for a in axes]), _side_by_side(x, axes)
        if count <= PART and in_rows and x.dtype.kind == "f":
            outer = x.shape[: x.ndim - len(axes)]
            sums: Array = np.einsum("...n->...", x.reshape(*outer, count))
            return sums.reshape(*outer, *(1 for _ in axes))
        if count > PART and not in_rows:
            for a in sorted(axes):
                while x.shape[a] > PART:
                    x = _sums_of_parts(x, a)
                x = np.add.reduce(x, axis=a, keepdims=True)
            return x
    total: Array = np.add.reduce(x, axis=axis, keepdims=True)
    return total


def _side_by_side(x: Array, axes: tuple[int, ...]) -> bool:
    """Tell whether the numbers of each sum are one row of memory."""
    return x.flags.c_contiguous and min(axes, default=-1) == x.ndim - len(axes)


def _sums_of_parts(x: Array, axis: int) -> Array:
    """Cut an axis into parts and return their sums."""
    before, after = x.shape[:axis], x.shape[axis + 1 :]
    parts = x.shape[axis] // PART
    whole, rest = np.split(x, [parts * PART], axis)
    sums: Array = np.add.reduce(whole.reshape(*before, parts, PART, *after), axis=axis + 1)
    return np.concatenate([sums, np.add.reduce(rest, axis=axis, keepdims=True)], axis)
