"""The logistic sigmoid: any number to a probability, and the first activation of the textbooks."""

import math

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.modules.module import Module
from neural_net_core.op import Op
from neural_net_core.ops._inputs import as_floating
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["Sigmoid", "SigmoidOp", "logistic", "logistic_and_rest", "sigmoid"]


class SigmoidOp(Op):
    """y = 1 / (1 + e⁻ˣ);  dx = dy · y (1 − y).  Saves y and 1 − y."""

    def forward(self, x: Array) -> Array:
        self.y, self.rest = logistic_and_rest(x)
        return self.y

    def backward(self, dy: Array) -> Array:
        return dy * (self.y * self.rest)


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


# The largest x, by dtype, whose eˣ is finite; 1 / (1 + e⁻ˣ) has long been 1.
_LARGEST = {code: float(math.floor(math.log(np.finfo(code).max))) for code in "fd"}


def logistic(x: Array) -> Array:
    """Return 1 / (1 + e⁻ˣ) = eˣ / (1 + eˣ) of an array, for use inside Ops."""
    e = np.exp(np.minimum(x, _LARGEST[x.dtype.char]))
    return e / (1 + e)


def logistic_and_rest(x: Array) -> tuple[Array, Array]:
    """Return y = 1 / (1 + e⁻ˣ), and 1 − y = 1 / (1 + eˣ) with its digits where y is near 1."""
    e = np.exp(np.minimum(x, _LARGEST[x.dtype.char]))
    return e / (1 + e), 1 / (1 + e)
