"""Maximum and minimum over axes.

Several equal maxima share the gradient equally, as in PyTorch's `amax`: the result then does not
depend on the order of the elements (`max` with `dim` in PyTorch gives all to one of them). Where
the result is NaN, the elements that are NaN share it, as in PyTorch's `max` (its `amax` makes all
gradients NaN): so it shows where the NaN came from.
"""

from typing import ClassVar

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.ops.reductions import ReductionOp
from neural_net_core.tensor import Axis, Tensor, TensorLike, as_tensor

__all__ = ["MaxOp", "MinOp", "max", "min"]


class MaxOp(ReductionOp):
    """y = max x;  dx = dy / (number of ties) where x = y, else 0.  Saves x and y.

    Two NaN count as equal.
    """

    choose: ClassVar[np.ufunc] = np.maximum

    def forward(self, x: Array) -> Array:
        self.x, self.y = x, self.choose.reduce(x, axis=self.axis, keepdims=True)
        return self.drop(self.y)

    def backward(self, dy: Array) -> Array:
        winners = (self.x == self.y) | np.isnan(self.x)
        ties = np.add.reduce(winners, axis=self.axis, keepdims=True, dtype=dy.dtype)
        return winners * (self.restore(dy) / ties)


def max(x: TensorLike, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """Return the maximum over axes; equal maxima share the gradient equally.

    Args:
        x: Any shape, with at least one element along each reduced axis.
        axis: The axis or axes to search; None means all.
        keepdims: Keep the reduced axes with length 1.

    Examples:
        >>> max([[1.0, 2.0], [3.0, 4.0]], axis=1).data
        array([2., 4.], dtype=float32)
    """
    return MaxOp.apply(as_tensor(x), axis=axis, keepdims=keepdims)


class MinOp(MaxOp):
    """y = min x;  dx = dy / (number of ties) where x = y, else 0.  Saves x and y.

    Two NaN count as equal.
    """

    choose: ClassVar[np.ufunc] = np.minimum


def min(x: TensorLike, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """Return the minimum over axes; equal minima share the gradient equally.

    Args:
        x: Any shape, with at least one element along each reduced axis.
        axis: The axis or axes to search; None means all.
        keepdims: Keep the reduced axes with length 1.

    Examples:
        >>> min([[1.0, 2.0], [3.0, 4.0]], axis=1).data
        array([1., 3.], dtype=float32)
    """
    return MinOp.apply(as_tensor(x), axis=axis, keepdims=keepdims)
