"""Joining axes into one, such as an image's rows and columns before a dense layer."""

import math

from neural_net_core.checks import check_count, check_counts
from neural_net_core.errors import ShapeError
from neural_net_core.modules.module import Module
from neural_net_core.ops import reshape
from neural_net_core.tensor import Tensor, TensorLike, as_tensor

__all__ = ["Flatten", "Unflatten"]


class Flatten(Module):
    """Join consecutive axes into one; by default all but the batch axis.

    Args:
        start_axis: The first axis to join.
        end_axis: The last axis to join.

    Shape:
        input (B, …) -> output (B, product of the rest)

    Raises:
        ShapeError: If the input does not have these axes.

    Examples:
        >>> import numpy as np
        >>> Flatten()(np.zeros((5, 1, 8, 8))).shape
        (5, 64)
    """

    def __init__(self, start_axis: int = 1, end_axis: int = -1) -> None:
        self.start_axis = check_count("Flatten", "start_axis", start_axis, -64, 63)
        self.end_axis = check_count("Flatten", "end_axis", end_axis, -64, 63)

    def forward(self, x: TensorLike) -> Tensor:
        """Return x with the axes joined."""
        x = as_tensor(x)
        first, last = self.start_axis % max(x.ndim, 1), self.end_axis % max(x.ndim, 1)
        there = all(-x.ndim <= axis < x.ndim for axis in (self.start_axis, self.end_axis))
        if not (there and first <= last):
            raise ShapeError(
                f"Flatten({self.extra_repr()}): expected an input with these axes, got {x.shape}"
            )
        joined = math.prod(x.shape[first : last + 1])
        return reshape(x, (*x.shape[:first], joined, *x.shape[last + 1 :]))

    def extra_repr(self) -> str:
        """Return the axes."""
        return f"start_axis={self.start_axis}, end_axis={self.end_axis}"


class Unflatten(Module):
    """Split one axis into several, the reverse of `Flatten`.

    Args:
        axis: The axis to split.
        shape: The lengths it becomes; their product is the axis's length.

    Raises:
        ShapeError: If the lengths do not multiply to the axis's length.

    Examples:
        >>> import numpy as np
        >>> Unflatten(1, (1, 8, 8))(np.zeros((5, 64))).shape
        (5, 1, 8, 8)
    """

    def __init__(self, axis: int, shape: tuple[int, ...]) -> None:
        self.axis = check_count("Unflatten", "axis", axis, -64, 63)
        self.shape = check_counts("Unflatten", "shape", shape, low=0)

    def forward(self, x: TensorLike) -> Tensor:
        """Return x with the axis split."""
        x = as_tensor(x)
        if not -x.ndim <= self.axis < x.ndim or x.shape[self.axis] != math.prod(self.shape):
            raise ShapeError(
                f"Unflatten({self.extra_repr()}): expected length {math.prod(self.shape)} on axis "
                f"{self.axis}, got {x.shape}"
            )
        axis = self.axis % x.ndim
        return reshape(x, (*x.shape[:axis], *self.shape, *x.shape[axis + 1 :]))

    def extra_repr(self) -> str:
        """Return the axis and the lengths."""
        return f"axis={self.axis}, shape={self.shape}"
