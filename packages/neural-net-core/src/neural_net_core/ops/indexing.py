"""Picking elements: basic and advanced indexing, and gathering along an axis.

The gradient goes back to where the elements came from. An element that was picked several times
receives the sum of its gradients.
"""

from typing import Any

import numpy as np

from neural_net_core.checks import check_axis
from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_core.op import Op
from neural_net_core.plain import plain_array
from neural_net_core.tensor import Tensor, TensorLike, as_tensor

__all__ = ["GetItemOp", "getitem", "take_along_axis"]


class GetItemOp(Op):
    """y = x[index];  dx = 0 with dx[index] += dy"""

    def __init__(self, index: Any) -> None:
        self.index = index

    def forward(self, x: Array) -> Array:
        self.shape = x.shape
        return x[self.index]

    def backward(self, dy: Array) -> Array:
        dx = np.zeros_like(dy, shape=self.shape)
        np.add.at(dx, self.index, dy)  # which counts a repeated position each time
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
    return getitem(x, along_axis(x.shape, positions, axis))


def along_axis(shape: tuple[int, ...], positions: Array, axis: int) -> tuple[Array, ...]:
    """Return the index that names, for every line along an axis of an array, these positions."""
    ones = (1,) * len(shape)
    index = [np.arange(n).reshape(*ones[:a], n, *ones[a + 1 :]) for a, n in enumerate(shape)]
    index[axis] = positions
    return tuple(index)


def _fixed(index: Any) -> Any:
    """Return the index as it is now: arrays that the caller may change are copied."""
    if isinstance(index, tuple):
        return tuple(_fixed(part) for part in index)
    if isinstance(index, Tensor | np.ndarray | list):
        array = plain_array(index)
        # An empty list has no dtype of its own.
        return array.copy() if array.size or index is array else array.astype(np.intp)
    return index
