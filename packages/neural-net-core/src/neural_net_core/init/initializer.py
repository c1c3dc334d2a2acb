"""What a layer's `init` argument must be: a function from a shape to an array."""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from neural_net_core.dtypes import Array

__all__ = ["Initializer"]


class Initializer(Protocol):
    """A function that draws a weight, such as `init.kaiming_normal` or one of your own.

    Examples:
        >>> from neural_net_core import Dense
        >>> halves: Initializer = lambda shape, **_: np.full(shape, 0.5)
        >>> Dense(2, 1, init=halves).weight.tolist()
        [[0.5, 0.5]]
    """

    def __call__(
        self,
        shape: tuple[int, ...],
        /,
        *,
        rng: np.random.Generator | None,
        dtype: npt.DTypeLike | None,
    ) -> Array:
        """Return the first values of a weight.

        Args:
            shape: The shape of the weight.
            rng: The generator to draw from; None means the library's.
            dtype: The dtype wanted; None means the default. The layer converts what it gets.
        """
