r"""The normal distribution in float32: its probability and its density from one exponential.

$$ \Phi(-a) = \tfrac12 \operatorname{erfc}\frac{a}{\sqrt2} = e^{-a^2/2} \, R(a), \qquad a \ge 0 $$

R falls slowly, from 1/2 to about 1/(a √(2π)), and is a polynomial in t = 1 / (1 + p a), as in
Hastings (1955), Approximations for digital computers. So the exponential that the density needs
gives the probability too, with all its digits far out on the left, where 1 + erf cancels. The
coefficients make the largest relative error up to a = 13.5 smallest (1.3e-7, two roundings).
"""

import numpy as np

from neural_net_core._select import select
from neural_net_core.dtypes import Array

__all__: list[str] = []

_P = 0.3
# Of t, t², …
_COEFFICIENTS = (
    0.119626414,
    0.120797998,
    0.0996396639,
    0.129462312,
    -0.0553813833,
    0.208193716,
    -0.158268926,
    0.0359301414,
)
# Here e^(−a²/2) has become zero.
_FAR = 15.0


def probability_and_bell(x: Array) -> tuple[Array, Array]:
    """Return Φ(x) and e^(−x²/2) of a float32 array."""
    a = np.minimum(np.abs(x), _FAR)
    bell = a * a
    bell *= -0.5
    bell = np.exp(bell)
    a *= _P
    a += 1
    t = 1 / a
    tail = t * _COEFFICIENTS[-1]
    for coefficient in _COEFFICIENTS[-2::-1]:
        tail += coefficient
        tail *= t
    tail *= bell  # Φ(−|x|)
    return select(x > 0, 1 - tail, tail), bell
