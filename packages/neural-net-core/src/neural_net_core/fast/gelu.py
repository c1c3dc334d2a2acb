"""GELU in blocks, with nothing computed twice and polynomials evaluated in place."""

import math

import numpy as np

from neural_net_core.activations.gelu import GELUOp
from neural_net_core.dtypes import Array
from neural_net_core.fast.blocks import in_blocks
from neural_net_core.fast.select import select
from neural_net_core.forms import fast_form_of
from neural_net_core.ops.elementwise._normal import COEFFICIENTS, COEFFICIENTS64, FAR, FAR64, P

__all__: list[str] = []


@fast_form_of(GELUOp)
class FastGELUOp(GELUOp):
    """Saves the slope alone, which shares Φ with the value: a third of the memory."""

    def forward(self, x: Array) -> Array:
        if not self.needs(0):
            return in_blocks(_value, x, 1)[0]
        y, self.slope = in_blocks(_value_and_slope, x, 2)
        return y

    def backward(self, dy: Array) -> Array:
        return dy * self.slope


def _value(x: Array) -> tuple[Array]:
    return (x * probability_and_bell(x)[0],)


def _value_and_slope(x: Array) -> tuple[Array, Array]:
    slope, density = probability_and_bell(x)
    y = x * slope
    density *= x.clip(-40, 40)
    density *= 1 / math.sqrt(2 * math.pi)
    slope += density
    return y, slope


def probability_and_bell(x: Array) -> tuple[Array, Array]:
    """Return Φ(x) and e^(−x²/2) of an array."""
    single = x.dtype == np.float32
    a = np.minimum(np.abs(x), FAR if single else FAR64)
    bell = a * a
    bell *= -0.5
    bell = np.exp(bell)
    tail = _quotient32(a) if single else _quotient64(a)
    tail *= bell  # Φ(−|x|)
    return select(x > 0, 1 - tail, tail), bell


def _quotient32(a: Array) -> Array:
    """Return R(a) in float32; a is used up."""
    a *= P
    a += 1
    t = 1 / a
    r: Array = t * COEFFICIENTS[-1]
    for coefficient in COEFFICIENTS[-2::-1]:
        r += coefficient
        r *= t
    return r


def _quotient64(a: Array) -> Array:
    """Return R(a) in float64."""
    s = (a - 4) / (a + 4)
    r: Array = s * COEFFICIENTS64[-1]
    for coefficient in COEFFICIENTS64[-2:0:-1]:
        r += coefficient
        r *= s
    r += COEFFICIENTS64[0]
    r /= 1 + a
    return r
