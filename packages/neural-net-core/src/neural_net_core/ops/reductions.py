"""Sums, means and products over axes.

`axis` is None for all axes, one axis, or several; negative ones count from the end. With
`keepdims` the reduced axes stay with length 1. A reduction over no elements gives 0 for the sum,
1 for the product and NaN for the mean.
"""

import math

import numpy as np

from neural_net_core.checks import check_flag
from neural_net_core.dtypes import Array
from neural_net_core.op import Op
from neural_net_core.ops._inputs import as_floating
from neural_net_core.sums import sum_over
from neural_net_core.tensor import Axis, Tensor, TensorLike, as_tensor

__all__ = ["MeanOp", "ProdOp", "ReductionOp", "SumOp", "mean", "prod", "sum"]


class ReductionOp(Op):
    """Base of operations that fold axes: remembers the shape in which dy fits x again."""

    def __init__(self, axis: Axis = None, keepdims: bool = False) -> None:
        self.axis = axis
        if keepdims is not False:
            keepdims = check_flag(type(self).__name__, "keepdims", keepdims)
        self.keepdims = keepdims

    def drop(self, y: Array) -> Array:
        """Drop the reduced axes, which have length 1, unless they are to be kept."""
        self.kept = y.shape
        return y if self.keepdims else y.squeeze(self.axis)

    def restore(self, dy: Array) -> Array:
        """Return dy with the reduced axes back as length 1, so that it broadcasts against x."""
        return dy.reshape(self.kept)


class SumOp(ReductionOp):
    """y = Σ x;  dx = dy, repeated for every summand"""

    def forward(self, x: Array) -> Array:
        self.shape = x.shape
        return self.drop(sum_over(x, self.axis))

    def backward(self, dy: Array) -> Array:
        return np.full_like(dy, self.restore(dy), shape=self.shape)


def sum(x: TensorLike, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """Return the sum over axes.

    Args:
        x: Any shape.
        axis: The axis or axes to sum over; None means all.
        keepdims: Keep the reduced axes with length 1.

    Examples:
        >>> sum([[1.0, 2.0], [3.0, 4.0]], axis=0).data
        array([4., 6.], dtype=float32)
    """
    return SumOp.apply(as_tensor(x), axis=axis, keepdims=keepdims)


class MeanOp(ReductionOp):
    """y = Σ x / n;  dx = dy / n, repeated for every summand"""

    def forward(self, x: Array) -> Array:
        self.shape = x.shape
        total = sum_over(x, self.axis)
        self.n = count_per_result(x, total)
        return self.drop(total / self.n)

    def backward(self, dy: Array) -> Array:
        return np.full_like(dy, self.restore(dy) / self.n, shape=self.shape)


def mean(x: TensorLike, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """Return the mean over axes; NaN, without a warning, where there are no elements.

    Args:
        x: Any shape; integers are averaged as floating numbers.
        axis: The axis or axes to average over; None means all.
        keepdims: Keep the reduced axes with length 1.

    Examples:
        >>> mean([[1.0, 2.0], [3.0, 4.0]], axis=-1).data
        array([1.5, 3.5], dtype=float32)
    """
    return MeanOp.apply(as_floating(x), axis=axis, keepdims=keepdims)


class ProdOp(ReductionOp):
    """y = Π x;  dxᵢ = dy · Π of all x but xᵢ.  Saves x."""

    def forward(self, x: Array) -> Array:
        self.x = x
        return self.drop(np.multiply.reduce(x, axis=self.axis, keepdims=True))

    def backward(self, dy: Array) -> Array:
        axes = (self.axis,) if isinstance(self.axis, int) else self.axis
        if axes is None or self.x.ndim == 0:  # a 0-d array may be reduced over axis -1
            axes = tuple(range(self.x.ndim))
        last = tuple(range(-len(axes), 0))
        moved = np.moveaxis(self.x, axes, last)
        outer = moved.ndim - len(axes)
        line = moved.reshape(*moved.shape[:outer], math.prod(moved.shape[outer:]))  # (…, n)
        # y / xᵢ would be 0 / 0 at a zero: multiply what stands left of i and what stands right.
        ones = np.ones_like(line[..., :1])
        left = np.cumprod(np.concatenate([ones, line[..., :-1]], axis=-1), axis=-1)
        right = np.cumprod(np.concatenate([ones, line[..., :0:-1]], axis=-1), axis=-1)[..., ::-1]
        products = np.moveaxis((left * right).reshape(moved.shape), last, axes)
        return self.restore(dy) * products


def prod(x: TensorLike, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """Return the product over axes; its gradient is right with zeros among the factors too.

    Args:
        x: Any shape.
        axis: The axis or axes to multiply over; None means all.
        keepdims: Keep the reduced axes with length 1.

    Examples:
        >>> prod([[1.0, 2.0], [3.0, 4.0]], axis=1).data
        array([ 2., 12.], dtype=float32)
    """
    return ProdOp.apply(as_tensor(x), axis=axis, keepdims=keepdims)


def count_per_result(x: Array, y: Array, ddof: int = 0) -> float:
    """Return how many elements were folded into each of y, less ddof; NaN if none are left."""
    n = (x.size // y.size if y.size else 1) - ddof
    return n if n > 0 else math.nan
