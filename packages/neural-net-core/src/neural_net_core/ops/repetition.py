"""The same numbers several times: whole arrays one after another, or each element by itself.

The two are easily confused, because NumPy and PyTorch both have a `repeat`, and they mean one each:
`tile` here and in NumPy is PyTorch's `repeat`, [1, 2] → [1, 2, 1, 2]; `repeat_interleave` here and
in PyTorch is NumPy's `repeat`, [1, 2] → [1, 1, 2, 2]. So nothing here is called `repeat`: whoever
writes it is told of both.

A gradient is the sum over all the places where an element went.
"""

from typing import Any

import numpy as np

from neural_net_core.checks import check_array, check_axis, check_count, check_counts, is_whole
from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_core.op import Op
from neural_net_core.ops.indexing import getitem
from neural_net_core.ops.shape import reshape
from neural_net_core.sums import sum_over
from neural_net_core.tensor import Tensor, TensorLike, as_tensor

__all__ = ["RepeatInterleaveOp", "TileOp", "repeat_interleave", "tile"]


class TileOp(Op):
    """y = x beside itself, repsₐ times along axis a;  dx = Σ dy over the copies"""

    def __init__(self, reps: tuple[int, ...]) -> None:
        self.reps = reps

    def forward(self, x: Array) -> Array:
        self.shape = x.shape
        return np.tile(x, self.reps)

    def backward(self, dy: Array) -> Array:
        # Each axis of dy as two, (copies, elements); the axes that one of the two lacks are of 1.
        lengths = (1,) * (dy.ndim - len(self.shape)) + self.shape
        copies = (1,) * (dy.ndim - len(self.reps)) + self.reps
        pairs = [n for pair in zip(copies, lengths, strict=True) for n in pair]
        return sum_over(dy.reshape(pairs), tuple(range(0, len(pairs), 2))).reshape(self.shape)


def tile(x: TensorLike, reps: int | tuple[int, ...]) -> Tensor:
    """Return whole copies of x, one after another along each axis (`repeat` in PyTorch).

    Args:
        x: Any shape.
        reps: How many copies along each of the last axes; one number means the last axis alone.
            Where there are more numbers than axes, new axes come first.

    Raises:
        ValueError: If a number is none from 0 up.

    Examples:
        >>> tile([1.0, 2.0], 2).data
        array([1., 2., 1., 2.], dtype=float32)
        >>> tile([1.0, 2.0], (2, 1)).data
        array([[1., 2.],
               [1., 2.]], dtype=float32)
    """
    numbers = (reps,) if is_whole(reps) else reps
    return TileOp.apply(as_tensor(x), reps=check_counts("tile", "reps", numbers, 0))


class RepeatInterleaveOp(Op):
    """y = x₁, …, x₁, x₂, …, x₂, …, each n times along an axis;  dx = Σ dy over each one's n"""

    def __init__(self, repeats: int, axis: int) -> None:
        self.repeats = repeats
        self.axis = axis

    def forward(self, x: Array) -> Array:
        self.shape = x.shape
        return np.repeat(x, self.repeats, axis=self.axis)

    def backward(self, dy: Array) -> Array:
        after = self.axis + 1
        groups = dy.reshape(*self.shape[:after], self.repeats, *self.shape[after:])
        return sum_over(groups, after).reshape(self.shape)


def repeat_interleave(x: TensorLike, repeats: TensorLike, axis: int | None = None) -> Tensor:
    """Return each element several times in a row along an axis (`repeat` in NumPy).

    Args:
        x: Any shape, (…, N, …).
        repeats: How often, for all elements one number or for each one its own, (N,).
        axis: The axis; None takes all elements as one row, as in NumPy and PyTorch.

    Returns:
        (…, N · repeats, …), or (…, Σ repeats, …).

    Raises:
        PositionError: If x has no such axis.
        ShapeError: If there are not N numbers.
        ValueError: If a number is negative.

    Examples:
        >>> repeat_interleave([1.0, 2.0], 2).data
        array([1., 1., 2., 2.], dtype=float32)
        >>> repeat_interleave([[1.0, 2.0], [3.0, 4.0]], [2, 1], axis=0).data
        array([[1., 2.],
               [1., 2.],
               [3., 4.]], dtype=float32)
    """
    name = "repeat_interleave"
    x = as_tensor(x)
    if axis is None:
        x, axis = reshape(x, (-1,)), 0
    axis = check_axis(name, axis, x.ndim)
    if is_whole(repeats):
        n = check_count(name, "repeats", repeats, 0)
        return RepeatInterleaveOp.apply(x, repeats=n, axis=axis)
    counts = _counts(name, repeats, x.shape[axis])
    rows = np.repeat(np.arange(x.shape[axis]), counts)
    return getitem(x, (*(slice(None),) * axis, rows))


def _counts(where: str, repeats: Any, length: int) -> Array:
    counts = check_array(where, "repeats", repeats, ndim=1, kinds="iu")
    if len(counts) != length:
        raise ShapeError(
            f"{where}: expected one number for each of {length} elements, got {len(counts)}"
        )
    if (counts < 0).any():
        raise ValueError(f"{where}: repeats must be >= 0, got {counts.min()}")
    return counts
