"""Conversion to another floating dtype."""

from typing import Any

import numpy as np
import numpy.typing as npt

from neural_net_core.dtypes import Array, DType
from neural_net_core.op import Op
from neural_net_core.tensor import Tensor, as_tensor

__all__ = ["Cast", "cast"]


class Cast(Op):
    """y = x in another dtype;  dx = dy in x's dtype"""

    def __init__(self, dtype: DType) -> None:
        self.dtype = dtype

    def forward(self, x: Array) -> Array:
        self.original = x.dtype
        return x.astype(self.dtype, copy=False)

    def backward(self, dy: Array) -> Array:
        return dy.astype(self.original, copy=False)


def cast(x: Any, dtype: npt.DTypeLike) -> Tensor:
    """Return x in another dtype.

    A gradient flows between floating dtypes and stops at a conversion to integers.

    Args:
        x: A tensor of any shape.
        dtype: The new dtype.

    Returns:
        A tensor of the same shape.
    """
    y: Tensor = Cast.apply(as_tensor(x), dtype=np.dtype(dtype))
    return y
