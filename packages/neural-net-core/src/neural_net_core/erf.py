r"""The error function on arrays, in NumPy alone.

NumPy has no erf, and `math.erf` takes one number at a time (75 ns each; this takes about 2).

Cody (1969) approximates erf by quotients of two polynomials, another one in each of three
intervals. Choosing among three is slow on arrays, so here a single quotient sits inside a tanh,
which already has the right shape and the right limits:

$$ \operatorname{erf} x \approx \tanh\Big(x + x \, \frac{P(x^2)}{Q(x^2)}\Big) $$

What P/Q has to be is $\operatorname{artanh}(\operatorname{erf} x) / x - 1$: a smooth even function
that rises from 0.128 to 2 on the way to the limits below. tanh flattens as fast as erf itself, so
it damps the rounding errors of a large argument. The coefficients are minimax fits of the relative
error of erf (reweighted least squares in 60-digit arithmetic). All are positive: nothing cancels.

References:
    W. J. Cody, Rational Chebyshev approximations for the error function, Math. Comp. 23 (1969).
"""

import numpy as np

from neural_net_core.checks import check_dtype
from neural_net_core.dtypes import Array
from neural_net_core.fast.blocks import in_blocks

__all__ = ["erf"]

# Coefficients of x⁰, x², x⁴, …; the highest one of Q is 1 and not written.
# Error of the fit 3.3e-9; with float32 rounding 8.3e-8.
_P32 = (395.101561, 378.2812033, 58.34013154, 5.704024099)
_Q32 = (3077.614216, 482.8435681, 72.90928355)
# Beyond this erf rounds to ±1, with room to spare; x² never overflows.
_LIMIT32 = 5.0

# Error of the fit 1.7e-16; with float64 rounding 3.4e-16.
_P64 = (
    894013125.43262100,
    1020477483.5475249,
    323689496.95501626,
    72491815.155670941,
    10037142.552858600,
    1012668.8020111915,
    63718.187352999666,
    2408.4163984690267,
    17.795500468384269,
)
_Q64 = (
    6963848930.1577005,
    2374097035.2836089,
    632144341.31853652,
    94492525.358388007,
    10981956.507007672,
    774009.62558529491,
    37730.707995125165,
    615.03197370683245,
)
_LIMIT64 = 6.5


def erf(x: Array) -> Array:
    r"""Return the error function of each element.

    $$ \operatorname{erf} x = \frac{2}{\sqrt\pi} \int_0^x e^{-t^2}\,dt $$

    Args:
        x: float32 or float64 numbers of any shape; infinities and NaN are allowed.

    Returns:
        An array of the same shape and dtype. The error is below 1e-7 in float32 and 1e-15 in
        float64, and near zero it is as small relative to erf itself.

    Examples:
        >>> import numpy as np
        >>> erf(np.array([0.0, 0.5, -np.inf]))
        array([ 0.        ,  0.52049988, -1.        ])
    """
    check_dtype("erf", x.dtype)
    return in_blocks(_erf, x, 1)[0]


def _erf(x: Array) -> tuple[Array]:
    single = x.dtype == np.float32
    p, q, limit = (_P32, _Q32, _LIMIT32) if single else (_P64, _Q64, _LIMIT64)
    x = x.clip(-limit, limit)
    u = x * x
    y = u * p[-1]
    y += p[-2]
    for coefficient in p[-3::-1]:
        y *= u
        y += coefficient
    denominator = u + q[-1]
    for coefficient in q[-2::-1]:
        denominator *= u
        denominator += coefficient
    y /= denominator
    y *= x
    y += x
    return (np.tanh(y),)
