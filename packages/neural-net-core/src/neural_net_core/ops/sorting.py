"""Elements in the order of their size, all of them or the first few, and where they stood.

Both are stable: of equal elements, the one that comes first in x comes first in the result, also
from the largest to the smallest. NaN counts as the largest, as in PyTorch. The gradient of an
element goes back to where it stood; the positions, which are integers, have none.
"""

import numpy as np

from neural_net_core.checks import check_axis, check_count, check_flag
from neural_net_core.dtypes import Array
from neural_net_core.op import Op
from neural_net_core.tensor import Tensor, TensorLike, as_tensor

__all__ = ["SortOp", "TopKOp", "sort", "topk"]


class SortOp(Op):
    """y = x[order], and order;  dx[order] = dy.  Saves the order, for each line of the axis."""

    takes_none = True  # of the order

    def __init__(self, axis: int = -1, descending: bool = False) -> None:
        self.axis = axis
        self.descending = descending

    def forward(self, x: Array) -> tuple[Array, Array]:
        self.shape = x.shape
        self.order = order_of(x, self.axis, self.descending)
        return np.take_along_axis(x, self.order, self.axis), self.order

    def backward(self, dy: Array, _: None) -> Array:
        dx = np.zeros_like(dy, shape=self.shape)
        np.put_along_axis(dx, self.order, dy, self.axis)
        return dx


def sort(x: TensorLike, axis: int = -1, *, descending: bool = False) -> tuple[Tensor, Tensor]:
    """Return the elements in order along an axis, and the positions that they came from.

    The order is always stable, for which PyTorch has to be asked. NumPy's `sort` gives the
    elements alone, and `argsort` the positions.

    Args:
        x: Any shape with at least one axis.
        axis: The axis to sort along.
        descending: From the largest to the smallest.

    Returns:
        The elements and their positions, both of x's shape: y = take_along_axis(x, positions).

    Raises:
        PositionError: If x has no such axis.
        ValueError: If `descending` is no bool.

    Examples:
        >>> y, order = sort([3.0, 1.0, 2.0])
        >>> y.data
        array([1., 2., 3.], dtype=float32)
        >>> order.data
        array([1, 2, 0])
    """
    x = as_tensor(x)
    axis = check_axis("sort", axis, x.ndim)
    descending = check_flag("sort", "descending", descending)
    y, order = SortOp.apply(x, axis=axis, descending=descending)
    return y, order


class TopKOp(SortOp):
    """y = the first k of x in order, and where they stood;  dx there = dy, else 0.  Saves where."""

    def __init__(self, k: int, axis: int = -1, largest: bool = True) -> None:
        self.k = k
        super().__init__(axis, largest)

    def forward(self, x: Array) -> tuple[Array, Array]:
        self.shape = x.shape
        self.order, _ = np.split(order_of(x, self.axis, self.descending), [self.k], self.axis)
        return np.take_along_axis(x, self.order, self.axis), self.order


def topk(x: TensorLike, k: int, axis: int = -1, *, largest: bool = True) -> tuple[Tensor, Tensor]:
    """Return the k largest or smallest elements along an axis, in order, and their positions.

    Of equal ones the first count, so that the answer does not depend on the machine; PyTorch
    leaves open which.

    Args:
        x: Any shape with at least one axis.
        k: How many, from 0 to the length of the axis.
        axis: The axis to search along.
        largest: The largest, beginning with the largest; if not, the smallest, beginning with the
            smallest.

    Returns:
        The elements and their positions, both of x's shape with k in place of the axis' length.

    Raises:
        PositionError: If x has no such axis.
        ValueError: If k is no whole number or there are not so many elements; if `largest` is no
            bool.

    Examples:
        >>> x = Tensor([0.1, 0.6, 0.3], requires_grad=True)
        >>> y, where = topk(x, 2)
        >>> where.data
        array([1, 2])
        >>> y.sum().backward()
        >>> x.grad
        array([0., 1., 1.], dtype=float32)
    """
    x = as_tensor(x)
    axis = check_axis("topk", axis, x.ndim)
    k = check_count("topk", "k", k, 0, x.shape[axis])
    largest = check_flag("topk", "largest", largest)
    y, order = TopKOp.apply(x, k=k, axis=axis, largest=largest)
    return y, order


def order_of(x: Array, axis: int, descending: bool) -> Array:
    """Return the positions that bring x in order along an axis; equal ones keep theirs."""
    if not descending:
        return np.argsort(x, axis=axis, kind="stable")
    # Sorted as seen from the end and read from the end: so equal ones keep their order, which they
    # would not in a result that is only turned round.
    seen_from_the_end = np.argsort(np.flip(x, axis), axis=axis, kind="stable")
    return x.shape[axis] - 1 - np.flip(seen_from_the_end, axis)
