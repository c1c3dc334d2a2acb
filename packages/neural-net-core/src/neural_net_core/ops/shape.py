"""The same numbers in another arrangement; every gradient is the arrangement undone.

The results are views: like in NumPy, they share memory with x wherever that is possible.
"""

import sys

import numpy as np

from neural_net_core.checks import check_counts
from neural_net_core.dtypes import Array
from neural_net_core.op import Op
from neural_net_core.tensor import Axis, Tensor, TensorLike, as_tensor

__all__ = [
    "BroadcastToOp",
    "ExpandDimsOp",
    "FlipOp",
    "MoveAxisOp",
    "ReshapeOp",
    "RollOp",
    "SqueezeOp",
    "SwapAxesOp",
    "TransposeOp",
    "broadcast_to",
    "expand_dims",
    "flip",
    "moveaxis",
    "reshape",
    "roll",
    "squeeze",
    "swapaxes",
    "transpose",
]

Axes = int | tuple[int, ...]


class ReshapeOp(Op):
    """y = x in another shape;  dx = dy in x's shape"""

    def __init__(self, shape: Axes) -> None:
        self.shape = shape

    def forward(self, x: Array) -> Array:
        self.original = x.shape
        return x.reshape(self.shape)

    def backward(self, dy: Array) -> Array:
        return dy.reshape(self.original)


def reshape(x: TensorLike, shape: Axes) -> Tensor:
    """Return the same elements, in the same order, in another shape.

    Args:
        x: Any shape.
        shape: The new shape; one length may be -1 and follows from the others.

    Examples:
        >>> reshape([1.0, 2.0, 3.0, 4.0], (2, -1)).data
        array([[1., 2.],
               [3., 4.]], dtype=float32)
    """
    return ReshapeOp.apply(as_tensor(x), shape=shape)


class TransposeOp(Op):
    """y = x with its axes permuted;  dx = dy with the inverse permutation"""

    def __init__(self, axes: int | tuple[int, ...] | None = None) -> None:
        self.axes = (axes,) if isinstance(axes, int) else axes

    def forward(self, x: Array) -> Array:
        return x.transpose(self.axes)

    def backward(self, dy: Array) -> Array:
        if self.axes is None:
            return dy.transpose()
        # Axis i of y is axis axes[i] of x, so axis axes[i] of dx is axis i of dy.
        inverse = [0] * dy.ndim
        for i, axis in enumerate(self.axes):
            inverse[axis] = i
        return dy.transpose(inverse)


def transpose(x: TensorLike, axes: tuple[int, ...] | None = None) -> Tensor:
    """Return x with its axes permuted (`permute` in PyTorch).

    Args:
        x: Any shape.
        axes: For each axis of the result, the axis of x that it is; None reverses all.

    Examples:
        >>> transpose([[1.0, 2.0], [3.0, 4.0]]).data
        array([[1., 3.],
               [2., 4.]], dtype=float32)
    """
    return TransposeOp.apply(as_tensor(x), axes=axes)


class SwapAxesOp(Op):
    """y = x with two axes exchanged;  dx = dy with them exchanged back"""

    def __init__(self, axis1: int, axis2: int) -> None:
        self.axis1 = axis1
        self.axis2 = axis2

    def forward(self, x: Array) -> Array:
        return x.swapaxes(self.axis1, self.axis2)

    def backward(self, dy: Array) -> Array:
        return dy.swapaxes(self.axis1, self.axis2)


def swapaxes(x: TensorLike, axis1: int, axis2: int) -> Tensor:
    """Return x with two axes exchanged (`transpose(dim0, dim1)` in PyTorch).

    Args:
        x: Any shape.
        axis1: One axis.
        axis2: The other.

    Examples:
        >>> swapaxes([[[1.0, 2.0]]], 0, 2).shape
        (2, 1, 1)
    """
    return SwapAxesOp.apply(as_tensor(x), axis1=axis1, axis2=axis2)


class MoveAxisOp(Op):
    """y = x with axes moved;  dx = dy with them moved back"""

    def __init__(self, source: Axes, destination: Axes) -> None:
        self.source = source
        self.destination = destination

    def forward(self, x: Array) -> Array:
        return np.moveaxis(x, self.source, self.destination)

    def backward(self, dy: Array) -> Array:
        return np.moveaxis(dy, self.destination, self.source)


def moveaxis(x: TensorLike, source: Axes, destination: Axes) -> Tensor:
    """Return x with axes moved to other places, the rest in their order.

    Args:
        x: Any shape.
        source: Where the axes are.
        destination: Where they go.

    Examples:
        >>> moveaxis([[[1.0, 2.0]]], -1, 0).shape
        (2, 1, 1)
    """
    return MoveAxisOp.apply(as_tensor(x), source=source, destination=destination)


class SqueezeOp(Op):
    """y = x without axes of length 1;  dx = dy with them"""

    def __init__(self, axis: Axis = None) -> None:
        self.axis = axis

    def forward(self, x: Array) -> Array:
        self.original = x.shape
        return x.squeeze(self.axis)

    def backward(self, dy: Array) -> Array:
        return dy.reshape(self.original)


def squeeze(x: TensorLike, axis: Axis = None) -> Tensor:
    """Return x without axes of length 1.

    Args:
        x: Any shape.
        axis: The axis or axes to drop, which must have length 1; None means all that have.

    Examples:
        >>> squeeze([[1.0], [2.0]], axis=1).data
        array([1., 2.], dtype=float32)
    """
    return SqueezeOp.apply(as_tensor(x), axis=axis)


class ExpandDimsOp(Op):
    """y = x with new axes of length 1;  dx = dy without them"""

    def __init__(self, axis: Axes) -> None:
        self.axis = axis

    def forward(self, x: Array) -> Array:
        return np.expand_dims(x, self.axis)

    def backward(self, dy: Array) -> Array:
        return dy.squeeze(self.axis)


def expand_dims(x: TensorLike, axis: Axes) -> Tensor:
    """Return x with new axes of length 1 (`unsqueeze` in PyTorch).

    Args:
        x: Any shape.
        axis: Where the new axes stand in the result.

    Examples:
        >>> expand_dims([1.0, 2.0], -1).data
        array([[1.],
               [2.]], dtype=float32)
    """
    return ExpandDimsOp.apply(as_tensor(x), axis=axis)


class BroadcastToOp(Op):
    """y = x repeated to a larger shape;  dx = Σ dy over the repetitions (by the tape)"""

    def __init__(self, shape: Axes) -> None:
        self.shape = shape

    def forward(self, x: Array) -> Array:
        return np.broadcast_to(x, self.shape)

    def backward(self, dy: Array) -> Array:
        return dy


def broadcast_to(x: TensorLike, shape: Axes) -> Tensor:
    """Return x repeated along new axes and axes of length 1, as a read-only view.

    Args:
        x: A shape that broadcasts to `shape`.
        shape: The shape wanted.

    Examples:
        >>> broadcast_to([1.0, 2.0], (2, 2)).data
        array([[1., 2.],
               [1., 2.]], dtype=float32)
    """
    return BroadcastToOp.apply(as_tensor(x), shape=shape)


class FlipOp(Op):
    """y = x reversed along axes;  dx = dy reversed along them"""

    def __init__(self, axis: Axis = None) -> None:
        self.axis = axis

    def forward(self, x: Array) -> Array:
        return np.flip(x, self.axis)

    def backward(self, dy: Array) -> Array:
        return np.flip(dy, self.axis)


def flip(x: TensorLike, axis: Axis = None) -> Tensor:
    """Return x reversed along axes.

    Args:
        x: Any shape.
        axis: The axis or axes to reverse; None means all.

    Examples:
        >>> flip([1.0, 2.0, 3.0]).data
        array([3., 2., 1.], dtype=float32)
    """
    return FlipOp.apply(as_tensor(x), axis=axis)


class RollOp(Op):
    """y = x moved along axes, what falls off coming back at the other end;  dx = dy moved back"""

    def __init__(self, shift: Axes, axis: Axis = None) -> None:
        self.shift = shift
        self.axis = axis

    def forward(self, x: Array) -> Array:
        return np.roll(x, self.shift, self.axis)

    def backward(self, dy: Array) -> Array:
        back = tuple(-n for n in self.shift) if isinstance(self.shift, tuple) else -self.shift
        return np.roll(dy, back, self.axis)


def roll(x: TensorLike, shift: Axes, axis: Axis = None) -> Tensor:
    """Return x moved along axes; what falls off one end comes back at the other.

    Args:
        x: Any shape.
        shift: How far, one whole number or one for each axis; negative ones go to the front.
        axis: The axis or axes; None moves all elements as one row.

    Raises:
        ValueError: If a shift is no whole number, or there are not as many as axes.

    Examples:
        >>> roll([1.0, 2.0, 3.0], 1).data
        array([3., 1., 2.], dtype=float32)
    """
    several = isinstance(shift, tuple | list)
    numbers = check_counts("roll", "shift", shift if several else [shift], -sys.maxsize)
    return RollOp.apply(as_tensor(x), shift=numbers if several else numbers[0], axis=axis)
