"""Picking elements: basic and advanced indexing, and gathering along an axis.

The gradient goes back to where the elements came from. An element that was picked several times
receives the sum of its gradients.
"""

import math
from typing import Any

import numpy as np

from neural_net_core.checks import check_axis
from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_core.op import Op
from neural_net_core.plain import plain_array
from neural_net_core.tensor import Tensor, TensorLike, as_tensor

__all__ = ["GetItemOp", "accumulate", "accumulate_rows", "getitem", "take_along_axis"]


class GetItemOp(Op):
    """y = x[index];  dx = 0 with dx[index] += dy"""

    def __init__(self, index: Any) -> None:
        self.index = index

    def forward(self, x: Array) -> Array:
        self.shape = x.shape
        y: Array = x[self.index]
        return y

    def backward(self, dy: Array) -> Array:
        # C order, because accumulate needs a flat view.
        dx = np.zeros_like(dy, shape=self.shape, order="C")
        accumulate(dx, self.index, dy)
        return dx


def getitem(x: TensorLike, index: Any) -> Tensor:
    """Return x[index]; `x[index]` on a Tensor is the same.

    A loop over `x[0]`, `x[1]`, … costs a whole array of zeros per step in the backward pass;
    `unstack` gives the same pieces for the price of one.

    Args:
        x: Any shape.
        index: Anything that NumPy takes: integers, slices, None, `...`, arrays of integers or
            booleans, and tuples of them; Tensors of integers too.

    Examples:
        >>> x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
        >>> y = getitem(x, [0, 2, 2])
        >>> y.data
        array([1., 3., 3.], dtype=float32)
        >>> y.sum().backward()
        >>> x.grad
        array([1., 0., 2.], dtype=float32)
    """
    return GetItemOp.apply(as_tensor(x), index=_fixed(index))


def take_along_axis(x: TensorLike, indices: TensorLike, axis: int) -> Tensor:
    """Return, for every line along an axis, the elements that an array of positions names.

    `gather` in PyTorch; here the other axes broadcast, as in NumPy.

    Args:
        x: (…, N, …), N being the length of the axis.
        indices: Integers (…, M, …), with as many axes as x.
        axis: The axis.

    Returns:
        (…, M, …).

    Raises:
        ShapeError: If `indices` has not as many axes as x.

    Examples:
        >>> take_along_axis([[1.0, 2.0], [3.0, 4.0]], [[1], [0]], axis=1).data
        array([[2.],
               [3.]], dtype=float32)
    """
    x, positions = as_tensor(x), plain_array(indices)
    axis = check_axis("take_along_axis", axis, x.ndim)
    if positions.ndim != x.ndim:
        raise ShapeError(
            f"take_along_axis: expected indices with the {x.ndim} axes of x, "
            f"got shape {positions.shape}"
        )
    index = list(np.ogrid[tuple(slice(n) for n in x.shape)])
    index[axis] = positions
    return getitem(x, tuple(index))


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
    dy = dy.reshape(len(rows), -1)  # (N, D)
    width = dy.shape[1]
    if width > 1:
        if np.bincount(rows).max() == 1:
            dx[rows] = dy
            return
        if width % 2 == 0 and dx.dtype == dy.dtype and dx.dtype in _PAIRS:
            # Two numbers side by side, seen as one complex number, are added at once.
            width //= 2
            dx = dx.view(_PAIRS[dx.dtype])
            dy = np.ascontiguousarray(dy).view(dx.dtype)
        # `np.add.at` is five times faster on single numbers than on rows.
        rows = (rows[:, None] * width + np.arange(width)).reshape(-1)  # (N · D,)
    np.add.at(dx.reshape(-1), rows, dy.reshape(-1))


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


def _fixed(index: Any) -> Any:
    """Return the index as it is now: arrays that the caller may change are copied."""
    if isinstance(index, tuple):
        return tuple(_fixed(part) for part in index)
    if isinstance(index, Tensor | np.ndarray | list):
        array = plain_array(index)
        # An empty list has no dtype of its own.
        return array.copy() if array.size or index is array else array.astype(np.intp)
    return index
