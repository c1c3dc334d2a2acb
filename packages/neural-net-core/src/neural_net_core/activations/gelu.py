"""The Gaussian error linear unit: the activation of BERT and GPT."""

import math
from typing import Literal

import numpy as np

from neural_net_core._blocks import in_blocks
from neural_net_core.activations._normal import probability_and_bell
from neural_net_core.checks import check_word
from neural_net_core.dtypes import Array
from neural_net_core.erf import erf
from neural_net_core.module import Module
from neural_net_core.op import Op
from neural_net_core.ops._inputs import as_floating
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["GELU", "GELUOp", "GELUTanhOp", "gelu"]

Approximation = Literal["none", "tanh"]


class GELUOp(Op):
    """y = x Φ(x);  dx = dy · (Φ(x) + x φ(x)).  Saves that slope.

    Φ and φ are the normal distribution's cumulative probability and density.
    """

    def forward(self, x: Array) -> Array:
        if not self.needs(0):
            return in_blocks(self._value, x, 1)[0]
        # The slope shares Φ with the value, and saving it alone takes half the memory of x and Φ.
        y, self.slope = in_blocks(self._value_and_slope, x, 2)
        return y

    def backward(self, dy: Array) -> Array:
        return dy * self.slope

    def _value(self, x: Array) -> tuple[Array]:
        if x.dtype == np.float32:  # the same bits as when a gradient is wanted
            return (x * probability_and_bell(x)[0],)
        return (x * _normal_probability(x),)

    def _value_and_slope(self, x: Array) -> tuple[Array, Array]:
        if x.dtype == np.float32:
            slope, density = probability_and_bell(x)
            y = x * slope
            density *= x
            density *= 1 / math.sqrt(2 * math.pi)
            slope += density
            return y, slope
        slope = _normal_probability(x)
        y = x * slope
        # φ(13) is 1e-37: beyond, it is zero beside Φ, and x² stays far from overflow.
        z = x.clip(-13, 13)
        density = z * z
        density *= -0.5
        density = np.exp(density)
        density *= z
        density *= 1 / math.sqrt(2 * math.pi)
        slope += density
        return y, slope


class GELUTanhOp(Op):
    """y = x (1 + t) / 2, t = tanh u, u = c (x + k x³);  dx = dy · (1 + t + x (1 − t²) u') / 2.

    Saves that slope. c = √(2/π), k = 0.044715, u' = c (1 + 3 k x²).
    """

    def forward(self, x: Array) -> Array:
        y, slope = in_blocks(self._value_and_slope, x, 2)
        if self.needs(0):
            self.slope = slope
        return y

    def backward(self, dy: Array) -> Array:
        return dy * self.slope

    def _value_and_slope(self, x: Array) -> tuple[Array, Array]:
        c, k = math.sqrt(2 / math.pi), 0.044715
        # tanh u is ±1 long before x = ±10 in every dtype, and x² stays far from overflow.
        z = x.clip(-10, 10)
        u = z * z
        slope = u * (3 * c * k)
        slope += c  # u'
        u *= c * k
        u += c
        u *= z
        t = np.tanh(u)
        slope *= z
        slope *= 1 - t * t
        t += 1
        slope += t
        slope *= 0.5
        t *= 0.5
        t *= x
        return t, slope


def gelu(x: TensorLike, approximate: Approximation = "none") -> Tensor:
    r"""Weight each element by the probability that a normal variable is below it.

    $$ y = x \, \Phi(x) = \tfrac{x}{2} \Big(1 + \operatorname{erf}\tfrac{x}{\sqrt2}\Big) \qquad
       \frac{dy}{dx} = \Phi(x) + x \, \frac{e^{-x^2/2}}{\sqrt{2\pi}} $$

    The approximation replaces Φ(x) by
    $\tfrac12 \big(1 + \tanh(\sqrt{2/\pi}\,(x + 0.044715\,x^3))\big)$ and differs by up to 4.7e-4.

    Args:
        x: Any shape.
        approximate: "none" for the exact function, "tanh" for the approximation that BERT and
            GPT-2 were trained with.

    Returns:
        The same shape.

    Raises:
        ValueError: If `approximate` is neither.

    Examples:
        >>> gelu([-1.0, 1.0]).data.round(4)
        array([-0.1587,  0.8413], dtype=float32)
        >>> gelu([-1.0, 1.0], approximate="tanh").data.round(4)
        array([-0.1588,  0.8412], dtype=float32)
    """
    if approximate == "tanh":
        return GELUTanhOp.apply(as_floating(x))
    _check(approximate)
    return GELUOp.apply(as_floating(x))


class GELU(Module):
    """The Gaussian error linear unit, elementwise: a smooth ReLU that dips below zero.

    Args:
        approximate: "none" or "tanh", as in `gelu`.

    Shape:
        any -> the same

    References:
        Hendrycks & Gimpel (2016), Gaussian error linear units, arXiv:1606.08415, section 2.

    Examples:
        >>> GELU()([1.0]).data.round(4)
        array([0.8413], dtype=float32)
    """

    def __init__(self, approximate: Approximation = "none") -> None:
        _check(approximate)
        self.approximate = approximate

    def forward(self, x: TensorLike) -> Tensor:
        """Return x Φ(x)."""
        return gelu(x, self.approximate)

    def extra_repr(self) -> str:
        """Return which form it is."""
        return f"approximate={self.approximate!r}"


def _normal_probability(x: Array) -> Array:
    """Return Φ(x)."""
    if x.dtype == np.float32:
        return probability_and_bell(x)[0]
    p = erf(x * math.sqrt(0.5))
    p += 1
    p *= 0.5
    return p


def _check(approximate: Approximation) -> None:
    check_word("gelu", "approximate", approximate, ("none", "tanh"))
