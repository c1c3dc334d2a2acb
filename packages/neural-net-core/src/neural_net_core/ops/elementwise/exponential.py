"""The exponential and the natural logarithm, each with its accurate form near zero.

Outside a function's domain NumPy's warning is left to speak: the logarithm of 0 is −∞, that of a
negative number NaN.
"""

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.op import Op
from neural_net_core.ops._inputs import as_floating
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["ExpOp", "Expm1Op", "Log1pOp", "LogOp", "exp", "expm1", "log", "log1p"]


class ExpOp(Op):
    """y = eˣ;  dx = dy · y.  Saves y."""

    def forward(self, x: Array) -> Array:
        self.y: Array = np.exp(x)
        return self.y

    def backward(self, dy: Array) -> Array:
        return dy * self.y


def exp(x: TensorLike) -> Tensor:
    """Return e to the power of each element.

    Args:
        x: Any shape.

    Examples:
        >>> exp([0.0, 1.0]).data.round(3)
        array([1.   , 2.718], dtype=float32)
    """
    return ExpOp.apply(as_floating(x))


class Expm1Op(Op):
    """y = eˣ − 1;  dx = dy · (y + 1).  Saves y."""

    def forward(self, x: Array) -> Array:
        self.y: Array = np.expm1(x)
        return self.y

    def backward(self, dy: Array) -> Array:
        return dy * (self.y + 1)


def expm1(x: TensorLike) -> Tensor:
    """Return eˣ − 1 without the loss of digits that `exp(x) - 1` has near x = 0.

    Args:
        x: Any shape.

    Examples:
        >>> expm1([0.0, 1e-8]).data
        array([0.e+00, 1.e-08], dtype=float32)
    """
    return Expm1Op.apply(as_floating(x))


class LogOp(Op):
    """y = ln x;  dx = dy / x.  Saves x."""

    def forward(self, x: Array) -> Array:
        self.x = x
        return np.log(x)

    def backward(self, dy: Array) -> Array:
        return dy / self.x


def log(x: TensorLike) -> Tensor:
    """Return the natural logarithm.

    Args:
        x: Any shape, positive.

    Examples:
        >>> log([1.0, 2.0]).data.round(3)
        array([0.   , 0.693], dtype=float32)
    """
    return LogOp.apply(as_floating(x))


class Log1pOp(Op):
    """y = ln(1 + x);  dx = dy / (1 + x).  Saves x."""

    def forward(self, x: Array) -> Array:
        self.x = x
        return np.log1p(x)

    def backward(self, dy: Array) -> Array:
        return dy / (1 + self.x)


def log1p(x: TensorLike) -> Tensor:
    """Return ln(1 + x) without the loss of digits that `log(1 + x)` has near x = 0.

    Args:
        x: Any shape, greater than −1.

    Examples:
        >>> log1p([0.0, 1e-8]).data
        array([0.e+00, 1.e-08], dtype=float32)
    """
    return Log1pOp.apply(as_floating(x))
