"""What a hyper-parameter may be, in words and as a test.

An optimizer lists its limits once, `{"lr": at_least(0), "betas": pair(fraction)}`; the same words
stand in every error: "Adam: betas must be two numbers, each in [0, 1), got (0.9, 1.0)".
"""

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from neural_net_core.checks import check_count, check_instance, shown

__all__ = [
    "Limit",
    "above",
    "at_least",
    "at_most",
    "between",
    "choice",
    "flag",
    "fraction",
    "function",
    "number",
    "numbers",
    "optional",
    "several",
    "whole",
]

# From here on a float no longer tells neighbouring whole numbers apart.
LARGEST_COUNT = 2**53


@dataclass(frozen=True)
class Limit:
    """The allowed values of one hyper-parameter.

    Args:
        text: What is allowed, to complete "must be …".
        accepts: Tells whether a value is allowed.
    """

    text: str
    accepts: Callable[[Any], bool]

    def check(self, owner: str, name: str, value: Any) -> Any:
        """Return the value, as a plain Python number if it was a NumPy one.

        Raises:
            ValueError: If the value is not allowed; the text names the owner, the hyper-parameter,
                the allowed range and what came.
        """
        if isinstance(value, np.generic):
            # A float64 scalar would make every float32 block operation compute in float64.
            value = value.item()
        if not self.accepts(value):
            raise ValueError(f"{owner}: {name} must be {self.text}, got {shown(value)}")
        return value


def _is_number(value: Any) -> bool:
    # The type first: arrays, text and None have no place in a comparison with a number. And no
    # formula can go on with a whole number that is too large for a float.
    if isinstance(value, int) and not isinstance(value, bool):
        return -sys.float_info.max <= value <= sys.float_info.max
    return isinstance(value, float)


def at_least(low: float) -> Limit:
    """Allow finite numbers from `low` up."""
    return Limit(
        f"a finite number >= {low}",
        lambda value: _is_number(value) and low <= value < math.inf,
    )


def at_most(high: float) -> Limit:
    """Allow finite numbers up to `high`."""
    return Limit(
        f"a finite number <= {high}",
        lambda value: _is_number(value) and -math.inf < value <= high,
    )


def above(low: float) -> Limit:
    """Allow finite numbers above `low`, which is not allowed itself."""
    return Limit(
        f"a finite number > {low}", lambda value: _is_number(value) and low < value < math.inf
    )


def between(low: float, high: float) -> Limit:
    """Allow numbers from `low` to `high`, both included."""
    return Limit(
        f"a number in [{low}, {high}]", lambda value: _is_number(value) and low <= value <= high
    )


def choice(*allowed: Any) -> Limit:
    """Allow the listed values, words or None."""
    return Limit(
        f"one of {', '.join(map(repr, allowed))}",
        lambda value: (value is None or isinstance(value, str)) and value in allowed,
    )


def numbers(count: int, each: Limit | None = None) -> Limit:
    """Allow a tuple of so many numbers, each within the limit if one is given."""
    words = {2: "two", 3: "three"}[check_count("numbers", "count", count, 2, 3)]
    if each is not None:
        check_instance("numbers", "each", each, Limit)
    text = f"{words} numbers" + (f", each {each.text}" if each else "")
    return Limit(
        text,
        lambda value: (
            isinstance(value, tuple | list)
            and len(value) == count
            and all(each.accepts(x) if each else _is_number(x) for x in value)
        ),
    )


def several(each: Limit) -> Limit:
    """Allow a list of values, each within the limit."""
    check_instance("several", "each", each, Limit)
    return Limit(
        f"a list, each {each.text}",
        lambda value: isinstance(value, tuple | list) and all(map(each.accepts, value)),
    )


def optional(limit: Limit) -> Limit:
    """Allow None as well."""
    check_instance("optional", "limit", limit, Limit)
    return Limit(f"None or {limit.text}", lambda value: value is None or limit.accepts(value))


def whole(low: int, high: int = LARGEST_COUNT) -> Limit:
    """Allow whole numbers from `low` to `high`, by default as far as floats can count."""
    check_count("whole", "low", low, -LARGEST_COUNT, LARGEST_COUNT)
    check_count("whole", "high", high, low, LARGEST_COUNT)
    top = "" if high == LARGEST_COUNT else f" and <= {high}"
    return Limit(
        f"a whole number >= {low}{top}",
        lambda value: (
            isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        ),
    )


number = Limit("a finite number", lambda value: _is_number(value) and math.isfinite(value))
function = Limit("a function", callable)
fraction = Limit("a number in [0, 1)", lambda value: _is_number(value) and 0 <= value < 1)
flag = Limit("True or False", lambda value: isinstance(value, bool))
