r"""The error function: the probability of a normal error between −x√2 and x√2.

Near 0 it is summed as its power series; further out it is 1 less a tail, which the normal
distribution has too (see `_normal.py`). Both are right to one and a half units in the
last place, in float32 and in float64 alike. NumPy has no such function, and Python's `math.erf`
takes one number at a time, in float64.
"""

import math

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.op import Op
from neural_net_core.ops._inputs import as_floating
from neural_net_core.ops.elementwise._normal import polynomial, tail_quotient
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["ErfOp", "erf"]

# Of 1, x², x⁴, … in erf x / x. The last of 18 changes no digit of float64 at x = 1; of float32, 11.
SERIES = tuple(
    (-1) ** n * 2 / math.sqrt(math.pi) / (math.factorial(n) * (2 * n + 1)) for n in range(18)
)
FIRST, *REST = SERIES


class ErfOp(Op):
    """y = 2/√π ∫₀ˣ e^(−t²) dt;  dx = dy · 2/√π e^(−x²).  Saves e^(−x²)."""

    def forward(self, x: Array) -> Array:
        a = np.minimum(np.abs(x), 6)  # beyond, the result is 1
        self.bell = np.exp(-(a**2))
        tail = 2 * self.bell * tail_quotient(math.sqrt(2) * a)  # 1 − erf a
        return np.copysign(np.where(a < 1, series(a), 1 - tail), x)

    def backward(self, dy: Array) -> Array:
        return dy * (2 / math.sqrt(math.pi) * self.bell)


def series(a: Array) -> Array:
    """Return erf a for a up to 1, by its power series."""
    a = np.minimum(a, 1)
    terms = 11 if a.dtype == np.float32 else 18
    # The first coefficient is 1.128…: taken apart, its rounding is no rounding of the result.
    return a + a * polynomial((FIRST - 1, *REST[: terms - 1]), a**2)


def erf(x: TensorLike) -> Tensor:
    r"""Return the error function.

    $$ y = \frac{2}{\sqrt\pi} \int_0^x e^{-t^2} dt \qquad
       dx = dy \, \frac{2}{\sqrt\pi} \, e^{-x^2} $$

    A normal variable of mean 0 and variance 1 is below x with the probability
    (1 + erf(x / √2)) / 2.

    Args:
        x: Any shape.

    Returns:
        The same shape, numbers from −1 to 1.

    References:
        Abramowitz & Stegun (1964), Handbook of mathematical functions, equation 7.1.5, the series.

    Examples:
        >>> erf([-1.0, 0.0, 0.5]).data.round(4)
        array([-0.8427,  0.    ,  0.5205], dtype=float32)
    """
    return ErfOp.apply(as_floating(x))
