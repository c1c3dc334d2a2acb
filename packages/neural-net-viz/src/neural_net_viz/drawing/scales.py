"""Scales: from data to a fraction of an axis, with ticks at round values."""

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from neural_net_viz.drawing.number_text import format_tick, format_value, power_of_ten

__all__ = ["Scale", "Tick", "linear_ticks", "log_ticks", "make_scale"]

# Beyond this, differences overflow; nothing that is drawn needs more.
_LARGEST = 1e300
# Below this, fractions of a range lose their digits; it counts as no range at all.
_SMALLEST = 1e-290
# The same for a range within large values: float64 has 16 digits, of which an axis needs three.
_NARROWEST = 1e-13
# With more digits than this, ticks are written as differences from a round value.
_MOST_DIGITS = 5


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: a value and its label, empty for a small mark between labelled ones."""

    value: float
    label: str


@dataclass(frozen=True)
class Scale:
    """A range of values laid along an axis.

    Attributes:
        low: Value at the axis's beginning.
        high: Value at its end, above `low`.
        log: Whether equal ratios take equal room; `low` is then above 0.
        whole: Whether only whole numbers get ticks, for steps and epochs.
        empty: Why there is nothing to show; empty if there is something.
    """

    low: float
    high: float
    log: bool = False
    whole: bool = False
    empty: str = field(default="", repr=False)

    @property
    def offset(self) -> float:
        """What the labels are counted from: 0, or a round value if they would be too long."""
        return _offset(self.low, self.high)

    def fraction(self, values: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return where values lie, 0 at `low` and 1 at `high`; NaN where they cannot be shown.

        Args:
            values: Any shape.

        Examples:
            >>> Scale(1, 100, log=True).fraction([1, 10, 0])
            array([0. , 0.5, nan])
        """
        v = np.asarray(values, dtype=np.float64)
        if self.log:
            shown = np.where(np.isfinite(v) & (v > 0), v, np.nan)
            span = math.log10(self.high) - math.log10(self.low)
            return (np.log10(shown) - math.log10(self.low)) / span
        shown = np.where(np.isfinite(v), np.clip(v, -_LARGEST, _LARGEST), np.nan)
        return (shown - self.low) / (self.high - self.low)

    def ticks(self, count: int = 5) -> list[Tick]:
        """Return about `count` labelled ticks inside the range."""
        if self.log:
            return log_ticks(self.low, self.high, count)
        return linear_ticks(self.low, self.high, count, whole=self.whole)


def make_scale(
    values: npt.ArrayLike,
    *,
    log: bool = False,
    whole: bool = False,
    include: tuple[float, ...] = (),
    padding: float = 0.04,
) -> Scale:
    """Choose the range of an axis that shows all finite values.

    Args:
        values: The data, any shape; NaN and infinities are passed over, and on a logarithmic
            axis whatever is not above 0.
        log: Whether the axis is logarithmic.
        whole: Whether the values are counts.
        include: Values that the range must hold, such as 0 for bars.
        padding: Room at both ends, as a fraction of the range.

    Examples:
        >>> make_scale([0, 10], padding=0)
        Scale(low=0.0, high=10.0, log=False, whole=False)
        >>> make_scale([float("nan")])
        Scale(low=0.0, high=1.0, log=False, whole=False)
    """
    v = np.concatenate([np.ravel(np.asarray(values, dtype=np.float64)), np.asarray(include)])
    v = v[np.isfinite(v)]
    if log:
        empty = "no data" if not v.size else "nothing above 0 for a logarithmic axis"
        v = v[v > 0]
        if not v.size:
            return Scale(0.1, 1.0, log=True, empty=empty)
    if not v.size:
        return Scale(0.0, 1.0, whole=whole, empty="no data")
    if log:
        first, last = (min(max(float(end), 1e-300), _LARGEST) for end in (v.min(), v.max()))
        low, high = math.log10(first), math.log10(last)
        if last <= first * (1 + _NARROWEST):
            low, high = low - 0.5, high + 0.5
        room = padding * (high - low)
        return Scale(10 ** max(low - room, -301.0), 10 ** min(high + room, 301.0), log=True)
    low, high = (float(np.clip(end, -_LARGEST, _LARGEST)) for end in (v.min(), v.max()))
    if high - low <= max(_NARROWEST * max(abs(low), abs(high)), _SMALLEST):
        half = abs(low) * 0.1 if abs(low) > _SMALLEST else 0.5
        if whole and abs(low) < 1e6:
            half = 1.0
        low, high = low - half, high + half
    room = padding * (high - low)
    # Bars stand on 0: an end that was asked for gets no room beyond it.
    bottom = low if low in include else low - room
    top = high if high in include else high + room
    return Scale(bottom, top, whole=whole)


def linear_ticks(low: float, high: float, count: int = 5, *, whole: bool = False) -> list[Tick]:
    """Return ticks at multiples of 1, 2, 2.5 or 5 times a power of ten.

    A range far from 0 and narrow gets labels that count from its `Scale.offset`.

    Args:
        low: Beginning of the range.
        high: End of the range.
        count: About how many.
        whole: Whether to use whole numbers only.

    Examples:
        >>> [tick.label for tick in linear_ticks(1.7e12, 1.7e12 + 100)]
        ['0', '20', '40', '60', '80', '100']
        >>> [tick.label for tick in linear_ticks(0, 1)]
        ['0', '0.2', '0.4', '0.6', '0.8', '1.0']
        >>> [tick.label for tick in linear_ticks(0.6, 3.4, whole=True)]
        ['1', '2', '3']
    """
    rough = (high - low) / max(count, 1)
    if not rough > 0 or not math.isfinite(rough):
        return [Tick(low, format_value(low))]
    power = 10.0 ** math.floor(math.log10(rough))
    if power == 0:
        return [Tick(low, format_value(low))]
    factors = (1, 2, 5, 10) if whole and power <= 1 else (1, 2, 2.5, 5, 10)
    step = power * min(factors, key=lambda factor: abs(math.log(factor * power / rough)))
    if whole:
        step = float(max(1, round(step)))
    offset = _offset(low, high)
    # From the offset on, as the whole quotients of a far range lose their last digits.
    first = math.ceil((low - offset) / step - 1e-9)
    last = math.floor((high - offset) / step + 1e-9)
    return [Tick(offset + i * step, format_tick(i * step, step)) for i in range(first, last + 1)]


def _offset(low: float, high: float) -> float:
    """Return a round value in a narrow range far from 0, and 0 for any other range."""
    span, far = high - low, max(abs(low), abs(high))
    if not 0 < span < far * 10.0**-_MOST_DIGITS:
        return 0.0
    coarse = 10.0 ** math.ceil(math.log10(span))
    offset = math.ceil(low / coarse) * coarse
    if not low <= offset <= high:
        fine = coarse / 10
        offset = math.ceil(low / fine) * fine
    offset = float(f"{offset:.15g}")
    return offset if low <= offset <= high else low


def log_ticks(low: float, high: float, count: int = 5) -> list[Tick]:
    """Return ticks at powers of ten, with 2 and 5 between them if the range is short.

    Args:
        low: Beginning of the range, above 0.
        high: End of the range.
        count: About how many labels.

    Examples:
        >>> [tick.label for tick in log_ticks(0.01, 1)]
        ['0.01', '0.02', '0.05', '0.1', '0.2', '0.5', '1']
        >>> [tick.label for tick in log_ticks(1e-9, 1, 4) if tick.label]
        ['10⁻⁹', '10⁻⁶', '10⁻³', '10⁰']
        >>> [tick.label for tick in log_ticks(0.6, 1.8, 3)]
        ['1.0', '1.5']
    """
    first = math.floor(math.log10(low) + 1e-9)
    last = math.ceil(math.log10(high) - 1e-9)
    decades = last - first
    inside = (low * (1 - 1e-9), high * (1 + 1e-9))
    if high / low < 4:  # about half a decade: round values, as on a line
        return [tick for tick in linear_ticks(low, high, count) if tick.value > 0]
    plain = first >= -4 and last <= 5

    def label(value: float, exponent: int) -> str:
        return format_value(value) if plain else power_of_ten(exponent)

    ticks = []
    powers = sum(inside[0] <= 10.0**k <= inside[1] for k in range(first, last + 1))
    if decades <= max(count // 2, 1) or powers < 2:
        for exponent in range(first, last + 1):
            for factor in (1, 2, 5):
                value = factor * 10.0**exponent
                if inside[0] <= value <= inside[1]:
                    text = format_value(value)
                    ticks.append(Tick(value, text))
        return ticks
    every = max(1, math.ceil(decades / max(count, 1)))
    for exponent in range(first, last + 1):
        value = 10.0**exponent
        if inside[0] <= value <= inside[1]:
            ticks.append(Tick(value, label(value, exponent) if exponent % every == 0 else ""))
    return ticks
