"""Sine and cosine."""

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.op import Op
from neural_net_core.ops._inputs import as_floating
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["CosOp", "SinOp", "cos", "sin"]


class SinOp(Op):
    """y = sin x;  dx = dy · cos x.  Saves x."""

    def forward(self, x: Array) -> Array:
        self.x = x
        return np.sin(x)

    def backward(self, dy: Array) -> Array:
        return dy * np.cos(self.x)


def sin(x: TensorLike) -> Tensor:
    """Return the sine.

    Args:
        x: Any shape, in radians.

    Examples:
        >>> sin([0.0]).data
        array([0.], dtype=float32)
    """
    return SinOp.apply(as_floating(x))


class CosOp(Op):
    """y = cos x;  dx = −dy · sin x.  Saves x."""

    def forward(self, x: Array) -> Array:
        self.x = x
        return np.cos(x)

    def backward(self, dy: Array) -> Array:
        return -dy * np.sin(self.x)


def cos(x: TensorLike) -> Tensor:
    """Return the cosine.

    Args:
        x: Any shape, in radians.

    Examples:
        >>> cos([0.0]).data
        array([1.], dtype=float32)
    """
    return CosOp.apply(as_floating(x))
