"""What a hyper-parameter may be, in words and as a test.

An optimizer lists its limits once, `{"lr": at_least(0), "betas": pair(fraction)}`; the same words
stand in every error: "Adam: betas must be two numbers, each in [0, 1), got (0.9, 1.0)".
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = [
    "Limit",
    "above",
    "at_least",
    "at_most",
    "between",
    "choice",
    "flag",
    "fraction",
    "numbers",
    "optional",
    "whole",
]


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
            raise ValueError(f"{owner}: {name} must be {self.text}, got {value!r}")
        return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


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
    """Allow the listed values."""
    return Limit(f"one of {', '.join(map(repr, allowed))}", lambda value: value in allowed)


def numbers(count: int, each: Limit | None = None) -> Limit:
    """Allow a tuple of so many numbers, each within the limit if one is given."""
    words = {2: "two", 3: "three"}[count]
    text = f"{words} numbers" + (f", each {each.text}" if each else "")
    return Limit(
        text,
        lambda value: (
            isinstance(value, tuple | list)
            and len(value) == count
            and all(each.accepts(x) if each else _is_number(x) for x in value)
        ),
    )


def optional(limit: Limit) -> Limit:
    """Allow None as well."""
    return Limit(f"None or {limit.text}", lambda value: value is None or limit.accepts(value))


def whole(low: int, high: float = math.inf) -> Limit:
    """Allow whole numbers from `low` up, to `high` if given."""
    top = "" if high == math.inf else f" and <= {high}"
    return Limit(
        f"a whole number >= {low}{top}",
        lambda value: (
            isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        ),
    )


fraction = Limit("a number in [0, 1)", lambda value: _is_number(value) and 0 <= value < 1)
flag = Limit("True or False", lambda value: isinstance(value, bool))
