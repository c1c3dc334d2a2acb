"""Numbers as text: coordinates for the file, values for the reader."""

import math

import numpy as np
import numpy.typing as npt

__all__ = [
    "coordinate",
    "exact_text",
    "factor_text",
    "format_tick",
    "format_value",
    "missing",
    "power_of_ten",
    "two_decimals",
]

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def coordinate(value: float) -> str:
    """Write a coordinate with at most two decimals, the same on every machine.

    Examples:
        >>> coordinate(12.5), coordinate(-0.001), coordinate(3)
        ('12.5', '0', '3')
    """
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def format_value(value: float, digits: int = 3) -> str:
    """Write a value with a few significant digits, as a reader expects it.

    Args:
        value: Any number, NaN and infinities included.
        digits: Significant digits.

    Examples:
        >>> format_value(0.12345), format_value(-2.0), format_value(1234567.0)
        ('0.123', '−2', '1.23×10⁶')
        >>> format_value(float("nan")), format_value(float("-inf"))
        ('NaN', '−∞')
    """
    value = float(value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    if value == int(value) and abs(value) < 1e5:
        return str(int(value)).replace("-", "−")
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    power = int(exponent)
    if -4 <= power < 6:
        text = f"{value:.{max(digits - 1 - power, 0)}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    else:
        mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
        text = f"{mantissa}×{power_of_ten(power)}"
    return text.replace("-", "−")


def exact_text(value: float) -> str:
    """Write a value with all its digits.

    Examples:
        >>> exact_text(1.7e12), exact_text(-0.25), exact_text(1e100)
        ('1700000000000', '−0.25', '1×10¹⁰⁰')
    """
    if abs(value) < 1e16 and value == int(value):
        return str(int(value)).replace("-", "−")
    return format_value(value, 15)


def two_decimals(value: float) -> str:
    """Write a value with two decimals, so that numbers below each other stand in columns.

    Examples:
        >>> two_decimals(0.5), two_decimals(-0.001), two_decimals(float("nan"))
        ('0.50', '0.00', 'NaN')
    """
    if not math.isfinite(value):
        return format_value(value)
    return f"{value + 0.0:.2f}".replace("-0.00", "0.00").replace("-", "−")


def factor_text(text: str) -> str:
    """Write a number as a factor of a product: a negative one in brackets.

    Examples:
        >>> factor_text("−2"), factor_text("2")
        ('(−2)', '2')
    """
    return f"({text})" if text.startswith("−") else text


def format_tick(value: float, step: float) -> str:
    """Write a tick of a linear axis with the decimals that its step needs.

    Args:
        value: The tick.
        step: The distance between ticks, above 0.

    Examples:
        >>> format_tick(0.5, 0.25), format_tick(1000.0, 500.0), format_tick(-2e-7, 1e-7)
        ('0.50', '1000', '−2×10⁻⁷')
    """
    if abs(value) < step / 1e6:
        return "0"
    power = math.floor(math.log10(step) + 1e-9)
    if abs(value) >= 1e6 or power < -5:
        digits = max(math.floor(math.log10(abs(value)) + 1e-9) - power, 0) + 1
        return format_value(value, min(digits + 1, 12))
    decimals = max(-power, 0)
    if decimals and abs(step * 10**decimals - round(step * 10**decimals)) > 1e-6:
        decimals += 1  # a step of 0.25 needs two
    if not decimals and abs(step - round(step)) > 1e-6:
        decimals = 1
    return f"{value:.{decimals}f}".replace("-", "−")


def power_of_ten(exponent: int) -> str:
    """Write a power of ten.

    Examples:
        >>> power_of_ten(-4)
        '10⁻⁴'
    """
    return "10" + str(exponent).translate(_SUPERSCRIPTS)


def missing(values: npt.NDArray[np.float64]) -> str:
    """Return how many values have no shade, to follow what a description says of the others.

    Examples:
        >>> missing(np.array([1.0, np.nan])), missing(np.array([1.0, -np.inf])), missing(np.ones(2))
        (', 1 missing (NaN)', ', 1 infinite', '')
    """
    none, endless = int(np.isnan(values).sum()), int(np.isinf(values).sum())
    words = f", {none} missing (NaN)" if none else ""
    return words + (f", {endless} infinite" if endless else "")
