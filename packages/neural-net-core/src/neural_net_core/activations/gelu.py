"""The Gaussian error linear unit: the activation of BERT and GPT."""

import math
from typing import Literal

from neural_net_core.activations.sigmoid import logistic_and_rest
from neural_net_core.checks import check_word
from neural_net_core.dtypes import Array
from neural_net_core.modules.module import Module
from neural_net_core.op import Op
from neural_net_core.ops._inputs import as_floating
from neural_net_core.ops.elementwise._normal import probability_and_bell
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["GELU", "GELUOp", "GELUTanhOp", "gelu"]

Approximation = Literal["none", "tanh"]


class GELUOp(Op):
    """y = x Φ(x);  dx = dy · (Φ(x) + x φ(x)).  Saves x, Φ(x) and e^(−x²/2).

    Φ and φ are the normal distribution's cumulative probability and density.
    """

    def forward(self, x: Array) -> Array:
        self.x = x
        self.probability, self.bell = probability_and_bell(x)
        return x * self.probability

    def backward(self, dy: Array) -> Array:
        density = self.bell / math.sqrt(2 * math.pi)
        # Beyond ±40 φ is 0; the limit keeps ∞ · 0, which is NaN, out of the product.
        return dy * (self.probability + self.x.clip(-40, 40) * density)


class GELUTanhOp(Op):
    """y = x p, p = (1 + tanh u) / 2, u = c x (1 + k x²);  dx = dy · p (1 + 2 x (1 − p) u').

    c = √(2/π), k = 0.044715, u' = c (1 + 3 k x²). As p = σ(2u), p' = 2 p (1 − p) u'.
    Saves x, p and 1 − p.
    """

    c, k = math.sqrt(2 / math.pi), 0.044715

    def forward(self, x: Array) -> Array:
        # Beyond ±30 p is 0 or 1 in every dtype; the limit keeps x² from overflow.
        self.x = x.clip(-30, 30)
        u = self.c * self.x * (1 + self.k * self.x**2)
        # σ(2u) keeps the digits of p where tanh u is near −1.
        self.p, self.rest = logistic_and_rest(2 * u)
        return x * self.p

    def backward(self, dy: Array) -> Array:
        x, p = self.x, self.p
        u_prime = self.c * (1 + 3 * self.k * x**2)
        return dy * (p * (1 + 2 * x * self.rest * u_prime))


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
    _check(approximate)
    if approximate == "tanh":
        return GELUTanhOp.apply(as_floating(x))
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


def _check(approximate: Approximation) -> None:
    check_word("gelu", "approximate", approximate, ("none", "tanh"))
