"""Putting arrays together and taking them apart: each is the other's gradient."""

import itertools
import sys
from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from neural_net_core.checks import check_count, check_counts, check_items, is_whole
from neural_net_core.dtypes import Array
from neural_net_core.op import Op
from neural_net_core.ops._inputs import coerce_all
from neural_net_core.tensor import Tensor, TensorLike, as_tensor

__all__ = [
    "ConcatenateOp",
    "SplitOp",
    "StackOp",
    "UnstackOp",
    "concatenate",
    "split",
    "stack",
    "unstack",
]


class ConcatenateOp(Op):
    """y = arrays one after another along an axis;  dx = each one's part of dy"""

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def forward(self, *arrays: Array) -> Array:
        self.lengths = [x.shape[self.axis] for x in arrays]
        return np.concatenate(arrays, axis=self.axis)

    def backward(self, dy: Array) -> tuple[Array, ...]:
        cuts = list(itertools.accumulate(self.lengths[:-1]))
        return tuple(np.split(dy, cuts, axis=self.axis))


def concatenate(tensors: Sequence[Any], axis: int = 0) -> Tensor:
    """Return arrays joined along an axis that they have (`cat` in PyTorch).

    Args:
        tensors: Arrays of one shape, but for the length of the axis.
        axis: The axis along which they follow one another.

    Examples:
        >>> concatenate([[1.0, 2.0], [3.0]]).data
        array([1., 2., 3.], dtype=float32)
    """
    return ConcatenateOp.apply(*coerce_all(_several("concatenate", tensors)), axis=axis)


class StackOp(Op):
    """y = arrays beside one another along a new axis;  dx = each one's slice of dy"""

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def forward(self, *arrays: Array) -> Array:
        return np.stack(arrays, axis=self.axis)

    def backward(self, dy: Array) -> tuple[Array, ...]:
        return tuple(np.moveaxis(dy, self.axis, 0))


def stack(tensors: Sequence[Any], axis: int = 0) -> Tensor:
    """Return arrays joined along a new axis.

    Args:
        tensors: Arrays of one shape.
        axis: Where the new axis stands in the result.

    Examples:
        >>> stack([[1.0, 2.0], [3.0, 4.0]], axis=1).data
        array([[1., 3.],
               [2., 4.]], dtype=float32)
    """
    return StackOp.apply(*coerce_all(_several("stack", tensors)), axis=axis)


class SplitOp(Op):
    """ys = x in pieces along an axis;  dx = the dys one after another, 0 for a piece not used"""

    def __init__(self, sections: int | list[int], axis: int) -> None:
        self.sections = sections
        self.axis = axis

    def forward(self, x: Array) -> tuple[Array, ...]:
        return tuple(np.split(x, self.sections, axis=self.axis))

    def backward(self, *dys: Array) -> Array:
        return np.concatenate(dys, axis=self.axis)


def split(x: TensorLike, sections: int | Sequence[int], axis: int = 0) -> tuple[Tensor, ...]:
    """Return the pieces of x along an axis, as views.

    Args:
        x: Any shape.
        sections: A number of equal pieces, or the positions at which to cut, as in NumPy
            (PyTorch's `split` takes the pieces' lengths instead).
        axis: The axis to cut.

    Examples:
        >>> [piece.data.tolist() for piece in split([1.0, 2.0, 3.0], [1])]
        [[1.0], [2.0, 3.0]]
    """
    if is_whole(sections):
        cuts: int | list[int] = check_count("split", "sections", sections)
    else:
        cuts = list(check_counts("split", "sections", sections, low=-sys.maxsize))
    return cast(tuple[Tensor, ...], SplitOp.apply(as_tensor(x), sections=cuts, axis=axis))


class UnstackOp(Op):
    """ys = the slices of x along an axis;  dx = the dys stacked, 0 for a slice not used"""

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def forward(self, x: Array) -> tuple[Array, ...]:
        return tuple(np.moveaxis(x, self.axis, 0))

    def backward(self, *dys: Array) -> Array:
        return np.stack(dys, axis=self.axis)


def unstack(x: TensorLike, axis: int = 0) -> tuple[Tensor, ...]:
    """Return the slices of x along an axis, without that axis (`unbind` in PyTorch).

    The way to loop over time steps: all slices share one gradient array in the backward pass.

    Args:
        x: Any shape with at least one axis.
        axis: The axis to take apart.

    Examples:
        >>> [x_t.data.tolist() for x_t in unstack([[1.0, 2.0], [3.0, 4.0]], axis=1)]
        [[1.0, 3.0], [2.0, 4.0]]
    """
    return cast(tuple[Tensor, ...], UnstackOp.apply(as_tensor(x), axis=axis))


def _several(where: str, tensors: Any) -> list[Any]:
    """Return the arrays that are to be joined, at least one."""
    several = check_items(where, "tensors", tensors, "a sequence of arrays")
    if not several:
        raise ValueError(f"{where}: expected at least one array in tensors, got none")
    return several
