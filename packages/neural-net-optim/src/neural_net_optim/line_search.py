r"""How far to go along a direction: a search that ends where the strong Wolfe conditions hold.

Along a direction d of descent the loss is a function of one number, φ(t) = f(x + t d), with the
slope φ'(t) = ∇f(x + t d)ᵀ d. A good step is long enough, but not too long:

$$ \varphi(t) \le \varphi(0) + c_1 t\, \varphi'(0) \qquad |\varphi'(t)| \le c_2\, |\varphi'(0)| $$

The first condition asks for a decrease in proportion to the step, the second for a place where the
loss no longer falls steeply; it also makes yᵀs > 0, which quasi-Newton methods need.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

from neural_net_core.dtypes import Array

__all__ = ["Place", "cubic_minimum", "strong_wolfe"]


class Place(NamedTuple):
    """A place on the line.

    Attributes:
        t: How far along the direction.
        loss: φ(t); infinity where the loss or a gradient is no finite number.
        slope: φ'(t).
        gradient: ∇f there, as a vector.
    """

    t: float
    loss: float
    slope: float
    gradient: Array


def cubic_minimum(a: Place, b: Place, low: float, high: float) -> float:
    r"""Return where the cubic through two places, with their slopes, has its minimum.

    $$ d_1 = \varphi'_a + \varphi'_b - 3\,\frac{\varphi_a - \varphi_b}{t_a - t_b} \qquad
       d_2 = \sqrt{d_1^2 - \varphi'_a \varphi'_b} \qquad
       t = t_b - (t_b - t_a)\,\frac{\varphi'_b + d_2 - d_1}{\varphi'_b - \varphi'_a + 2 d_2} $$

    Args:
        a: A place.
        b: Another one.
        low: What is returned is no less than this.
        high: And no more than this.

    Returns:
        The minimum, or the middle of the two limits where the cubic has none.

    References:
        Nocedal & Wright (2006), Numerical Optimization, equation 3.59.

    Examples:
        >>> import numpy as np
        >>> parabola = [Place(t, (t - 3.0) ** 2, 2 * (t - 3.0), np.zeros(1)) for t in (0.0, 4.0)]
        >>> cubic_minimum(*parabola, 0.0, 4.0)
        3.0
    """
    a, b = sorted((a, b), key=lambda place: place.t)
    d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t)
    square = d1 * d1 - a.slope * b.slope
    if not 0 <= square < math.inf:
        return (low + high) / 2
    d2 = math.sqrt(square)
    divisor = b.slope - a.slope + 2 * d2
    if divisor == 0:
        return (low + high) / 2
    t = b.t - (b.t - a.t) * ((b.slope + d2 - d1) / divisor)
    return min(max(t, low), high)


def strong_wolfe(
    look: Callable[[float], Place],
    start: Place,
    t: float,
    *,
    most: int = 25,
    width: float = 0.0,
    c1: float = 1e-4,
    c2: float = 0.9,
) -> tuple[Place, int]:
    r"""Return a place where the strong Wolfe conditions hold, and how often the loss was computed.

    First t grows until a place with a minimum before it is found: the loss is too high there, or it
    rises (algorithm 3.5). Then the bracket shrinks around that minimum (algorithm 3.6, "zoom"): the
    cubic through its two ends says where to look next. A place whose loss is NaN or infinite counts
    as too high, so that the search comes back from where a logarithm ends.

    Args:
        look: Computes the loss and its slope at a t.
        start: The place at t = 0, where the slope is negative.
        t: The first t to try, > 0.
        most: How many times to look at most, besides the first.
        width: Brackets narrower than this are not divided further.
        c1: The share of the first slope by which the loss must fall.
        c2: The share of the first slope that may be left.

    Returns:
        The place found, or the lowest end of the bracket where the search gave up, and how often
        `look` was called.

    References:
        Wolfe (1969), Convergence conditions for ascent methods; Nocedal & Wright (2006), Numerical
        Optimization, algorithms 3.5 and 3.6. What t is tried next is as in Schmidt's minFunc, after
        which PyTorch's search is written: while t grows, by at least 1 % of the newest stride and
        at most tenfold; within a bracket, not twice closer than a tenth of its width to an end.

    Examples:
        >>> import numpy as np
        >>> def look(t):
        ...     return Place(t, (t - 3.0) ** 2, 2 * (t - 3.0), np.zeros(1))
        >>> found, count = strong_wolfe(look, look(0.0), 0.1)
        >>> found.t, count
        (1.0, 2)
    """

    def too_high(place: Place) -> bool:
        return place.loss > start.loss + c1 * place.t * start.slope

    def flat(place: Place) -> bool:
        return abs(place.slope) <= -c2 * start.slope

    before, place = start, look(t)
    tries = 0
    while tries < most:
        # From the third place on, as PyTorch does; the book compares from the second on.
        if too_high(place) or (tries > 1 and place.loss >= before.loss):
            break
        if flat(place):
            return place, tries + 1
        if place.slope >= 0:
            break
        t = cubic_minimum(before, place, place.t + 0.01 * (place.t - before.t), 10 * place.t)
        before, place = place, look(t)
        tries += 1
    else:
        before = start
    bracket = [before, place]
    low = _lower(bracket)
    close = False  # whether the newest t was close to an end
    while tries < most:
        left, right = sorted(end.t for end in bracket)
        if right - left < width:
            break
        t = cubic_minimum(bracket[0], bracket[1], left, right)
        margin = 0.1 * (right - left)
        if min(right - t, t - left) >= margin:
            close = False
        elif close or not left < t < right:
            t = right - margin if right - t < t - left else left + margin
            close = False
        else:
            close = True
        place = look(t)
        tries += 1
        if too_high(place) or place.loss >= bracket[low].loss:
            bracket[1 - low] = place
            low = _lower(bracket)
            continue
        if flat(place):
            return place, tries + 1
        if place.slope * (bracket[1 - low].t - bracket[low].t) >= 0:
            bracket[1 - low] = bracket[low]
        bracket[low] = place
    return bracket[low], tries + 1


def _lower(bracket: list[Place]) -> int:
    """Return which end has the lower loss, the first if they are equal."""
    return 0 if bracket[0].loss <= bracket[1].loss else 1
