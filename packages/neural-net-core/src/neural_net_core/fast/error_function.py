r"""The error function as quotients of polynomials, in blocks, without a branch for any element.

In float32 one quotient does it all: erf x = x P(x²) / Q(x²) up to 3.95, from where on it is 1. It
is evaluated in float64, so that the only rounding that counts is the last one. In float64 there is
one such quotient up to 1, and beyond, 1 less the tail, e^(−x²) times a quotient of Cody (1969),
Rational Chebyshev approximations for the error function, Math. Comp. 23. (He starts the tail at
0.47, where its rounding is that of the result, and ends it at 4, from where on its last digits
count for nothing in 1 − tail.) The other two are equal to erf x / x at Chebyshev's points of x²,
found in 60-digit arithmetic; their largest relative errors are 1e-8 and 1e-18.
"""

import math

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.fast.blocks import in_blocks
from neural_net_core.fast.select import select
from neural_net_core.forms import fast_form_of
from neural_net_core.ops.elementwise.error_function import ErfOp

__all__: list[str] = []

# The temporaries of a block are six arrays of float64, which fit the second-level cache.
BLOCK = 1 << 14

# From here on float32 holds 1; and float64.
ONE, ONE64 = 3.95, 6.0

# Of 1, x², x⁴, …, as all that follow.
NUMERATOR = (
    1.128379169984705,
    0.18437033245773243,
    0.0544775568283225,
    0.0038530555089132078,
    0.0003910245869157511,
    4.998303926911405e-06,
    -1.4726512918552113e-08,
)
DENOMINATOR = (
    1.0,
    0.49672735828991643,
    0.11385464912070553,
    0.015504820844765012,
    0.0013240243469344426,
    6.61221922729643e-05,
)

# Up to NEAR: erf x / x − 1, whose rounding does not reach the last digits of erf x.
NEAR = 1.0
NEAR_NUMERATOR = (
    0.1283791670955126,
    -0.3169891693395489,
    -0.048371274599796295,
    -0.008822336324816778,
    -0.0004966403525373908,
    -2.07802280765619e-05,
)
NEAR_DENOMINATOR = (
    1.0,
    0.46064498648983654,
    0.0938746087651241,
    0.010705251871973175,
    0.0006937362332349159,
    2.0866484101019162e-05,
)

# Cody's of the tail, of 1, x, x², …
TAIL_NUMERATOR = (
    1.23033935479799725e03,
    2.05107837782607147e03,
    1.71204761263407058e03,
    8.81952221241769090e02,
    2.98635138197400131e02,
    6.61191906371416295e01,
    8.88314979438837594e0,
    5.64188496988670089e-1,
    2.15311535474403846e-8,
)
TAIL_DENOMINATOR = (
    1.23033935480374942e03,
    3.43936767414372164e03,
    4.36261909014324716e03,
    3.29079923573345963e03,
    1.62138957456669019e03,
    5.37181101862009858e02,
    1.17693950891312499e02,
    1.57449261107098347e01,
    1.0,
)


@fast_form_of(ErfOp)
class FastErfOp(ErfOp):
    """Saves x, and computes e^(−x²) only if there is a backward pass."""

    def forward(self, x: Array) -> Array:
        if self.needs(0):
            self.x = x
        kernel = _single if x.dtype.itemsize <= 4 else _double
        return in_blocks(kernel, x, 1, block=BLOCK)[0]

    def backward(self, dy: Array) -> Array:
        return in_blocks(_gradient, self.x, 1, dy, block=BLOCK)[0]


def _single(x: Array) -> tuple[Array]:
    """Return erf x in float32, computed in float64."""
    t = x.clip(-ONE, ONE).astype(np.float64)
    s = t * t
    t *= polynomial(NUMERATOR, s)
    t /= polynomial(DENOMINATOR, s)
    return (t.astype(x.dtype),)


def _double(x: Array) -> tuple[Array]:
    """Return erf x in float64."""
    t = x.clip(-ONE64, ONE64)
    a, s = np.abs(t), t * t
    y = polynomial(TAIL_NUMERATOR, a)
    y /= polynomial(TAIL_DENOMINATOR, a)
    y *= np.exp(-s)
    y = np.copysign(1 - y, t)
    is_near = a < NEAR
    near = polynomial(NEAR_NUMERATOR, s)
    near /= polynomial(NEAR_DENOMINATOR, s)
    near *= t
    near += t
    return (select(is_near, near, y),)


def _gradient(x: Array, dy: Array) -> tuple[Array]:
    """Return dy times the slope of erf at x."""
    bell = x.clip(-ONE64, ONE64)
    bell *= -bell
    bell = np.exp(bell)
    bell *= 2 / math.sqrt(math.pi)
    bell *= dy
    return (bell,)


def polynomial(coefficients: tuple[float, ...], t: Array) -> Array:
    """Return c₀ + c₁ t + c₂ t² + …, in place."""
    y: Array = t * coefficients[-1]
    for c in coefficients[-2:0:-1]:
        y += c
        y *= t
    y += coefficients[0]
    return y
