r"""The normal distribution: its probability and its density from one exponential.

$$ \Phi(-a) = \tfrac12 \operatorname{erfc}\frac{a}{\sqrt2} = e^{-a^2/2} \, R(a), \qquad a \ge 0 $$

R falls slowly, from 1/2 to about 1/(a √(2π)). So the exponential that the density needs gives the
probability too, with all its digits far out on the left, where 1 + erf cancels.

In float32, R is a polynomial in t = 1 / (1 + p a), as in Hastings (1955), Approximations for
digital computers. The coefficients make the largest relative error up to a = 13.5 smallest (1.3e-7,
two roundings). In float64, (1 + a) R is one in s = (a − 4) / (a + 4), as in Shepherd & Laframboise
(1981), Math. Comp. 36: interpolated at Chebyshev's points in 60-digit arithmetic, error 1.1e-16.
"""

from typing import Any

import numpy as np

from neural_net_core.dtypes import Array

__all__: list[str] = []

P = 0.3
# Of t, t², …
COEFFICIENTS = (
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
FAR, FAR64 = 15.0, 39.0

# Of 1, s, s², …
COEFFICIENTS64 = (
    0.47205320650984467,
    -0.09670347732652579,
    0.013999634724430356,
    0.02860036405355274,
    -0.0321978374283102,
    0.01793609747950764,
    -0.005002378587116524,
    -0.0002856230944321861,
    0.0006948970697612711,
    -9.443028888601637e-05,
    -8.785300671505195e-05,
    2.1250241889757066e-05,
    1.3626321688909283e-05,
    -3.4328382916146516e-06,
    -2.611858307579318e-06,
    4.0580524875156294e-07,
    5.507887683089697e-07,
    -2.2103572445430463e-10,
    -1.10233768116029e-07,
    -1.8643150877103823e-08,
    1.744682183478039e-08,
    5.758385702078858e-09,
    -1.5463815545201715e-09,
    -7.255460695851768e-10,
)


def probability_and_bell(x: Array) -> tuple[Array, Array]:
    """Return Φ(x) and e^(−x²/2) of an array."""
    single = x.dtype == np.float32
    a = np.minimum(np.abs(x), FAR if single else FAR64)
    bell = np.exp(-(a**2) / 2)
    tail = bell * tail_quotient(a)  # Φ(−|x|)
    return np.where(x > 0, 1 - tail, tail), bell


def tail_quotient(a: Array) -> Array:
    """Return R(a) = Φ(−a) / e^(−a²/2), for a from 0 up."""
    return _quotient32(a) if a.dtype == np.float32 else _quotient64(a)


def _quotient32(a: Array) -> Array:
    """Return R(a) in float32."""
    t = 1 / (1 + P * a)
    return t * polynomial(COEFFICIENTS, t)


def _quotient64(a: Array) -> Array:
    """Return R(a) in float64."""
    s = (a - 4) / (a + 4)
    return polynomial(COEFFICIENTS64, s) / (1 + a)


def polynomial(coefficients: tuple[float, ...], t: Array) -> Array:
    """Return c₀ + c₁ t + c₂ t² + … by Horner's scheme."""
    y: Any = 0
    for c in reversed(coefficients):
        y = y * t + c
    return y
