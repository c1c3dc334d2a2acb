"""The logistic sigmoid: any number to a probability, and the first activation of the textbooks."""

import math

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.fast.blocks import in_blocks
from neural_net_core.modules.module import Module
from neural_net_core.op import Op
from neural_net_core.ops._inputs import as_floating
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["Sigmoid", "SigmoidOp", "logistic", "logistic_and_rest", "sigmoid"]


class SigmoidOp(Op):
    """y = 1 / (1 + e⁻ˣ);  dx = dy · y (1 − y).  Saves y and 1 − y."""

    def forward(self, x: Array) -> Array:
        if not self.needs(0):
            return logistic(x)
        self.y, self.rest = logistic_and_rest(x)
        return self.y

    def backward(self, dy: Array) -> Array:
        dx = self.rest * self.y
        dx *= dy
        return dx


def sigmoid(x: TensorLike) -> Tensor:
    r"""Squash each element into (0, 1).

    $$ y = \frac{1}{1 + e^{-x}} \qquad \frac{dy}{dx} = y \, (1 - y) $$

    Args:
        x: Any shape.

    Returns:
        The same shape. Very negative x give tiny but right probabilities: 2.1e-9 at −20.

    Examples:
        >>> sigmoid([0.0, 2.0, -2.0]).data.round(4)
        array([0.5   , 0.8808, 0.1192], dtype=float32)
    """
    return SigmoidOp.apply(as_floating(x))


class Sigmoid(Module):
    r"""The logistic function $\sigma(x) = 1 / (1 + e^{-x})$, elementwise.

    Its slope is at most 1/4, so gradients shrink by at least that in every layer: a deep stack of
    sigmoids hardly trains (Glorot & Bengio 2010). Good for a final probability and for gates.

    Shape:
        any -> the same

    Examples:
        >>> Sigmoid()([0.0]).data
        array([0.5], dtype=float32)
    """

    def forward(self, x: TensorLike) -> Tensor:
        """Return σ(x)."""
        return sigmoid(x)


def logistic(x: Array) -> Array:
    """Return 1 / (1 + e⁻ˣ) of an array, for use inside Ops."""
    return in_blocks(_logistic, x, 1)[0]


def logistic_and_rest(x: Array) -> tuple[Array, Array]:
    """Return y = 1 / (1 + e⁻ˣ), and 1 − y = 1 / (1 + eˣ) with its digits where y is near 1."""
    y, rest = in_blocks(_logistic_and_rest, x, 2)
    return y, rest


# eˣ stays finite up to here. Beyond, eˣ / (1 + eˣ) has long been 1. (An array of no axes: NumPy
# takes a number apart at every call, which a small layer would notice.)
_LARGEST = {code: np.array(math.floor(math.log(np.finfo(code).max)), code) for code in "fd"}


def _logistic(x: Array) -> tuple[Array]:
    # (1 + tanh(x/2)) / 2 would be faster, but it is 0 below −17: the log of that probability in a
    # loss would be −∞. eˣ / (1 + eˣ) keeps all digits.
    y = np.exp(np.minimum(x, _LARGEST[x.dtype.char]))
    y /= 1 + y
    return (y,)


def _logistic_and_rest(x: Array) -> tuple[Array, Array]:
    y = np.exp(np.minimum(x, _LARGEST[x.dtype.char]))
    d = 1 + y
    y /= d
    return y, 1 / d
