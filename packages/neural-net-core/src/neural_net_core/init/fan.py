"""How many inputs an output has, and how many outputs an input."""

import math

from neural_net_core.checks import check_counts
from neural_net_core.errors import ShapeError

__all__ = ["fans"]

Shape = tuple[int, ...]


def fans(shape: Shape) -> tuple[int, int]:
    """Return fan_in and fan_out: how many inputs an output has, and how many outputs an input.

    Args:
        shape: (out, in, …kernel), at least two axes.

    Raises:
        ValueError: If it is no sequence of lengths.
        ShapeError: If there are fewer than two axes.

    Examples:
        >>> fans((16, 3, 5, 5))
        (75, 400)
    """
    shape = check_counts("init", "shape", shape, low=0)
    if len(shape) < 2:
        raise ShapeError(f"init: expected a shape (out, in, …) with two axes or more, got {shape}")
    kernel = math.prod(shape[2:])
    return shape[1] * kernel, shape[0] * kernel
