"""Checks of hyper-parameters that several layers share: layer, allowed range and value by name."""

import math
import operator
from collections.abc import Sequence
from typing import Any

__all__: list[str] = []


def check_size(layer: str, name: str, value: Any) -> int:
    """Return a size as an int, or raise if it is not an integer from 1."""
    try:
        size = operator.index(value)
    except TypeError:
        size = 0
    if size < 1 or isinstance(value, bool):
        raise ValueError(f"{layer}: expected {name} to be an integer from 1, got {value!r}")
    return size


def check_sizes(layer: str, name: str, value: int | Sequence[int]) -> tuple[int, ...]:
    """Return one size or several as a tuple."""
    if isinstance(value, Sequence):
        sizes = tuple(check_size(layer, name, size) for size in value)
        if sizes:
            return sizes
        raise ValueError(f"{layer}: expected {name} to have at least one axis, got {value!r}")
    return (check_size(layer, name, value),)


def check_eps(layer: str, eps: float) -> float:
    """Return eps, or raise if it is negative or no number."""
    if not 0 <= eps < math.inf:
        raise ValueError(f"{layer}: expected eps from 0 up, got {eps!r}")
    return eps


def check_probability(layer: str, p: float, name: str = "p") -> float:
    """Return a probability, or raise if it is not in [0, 1]."""
    if not 0 <= p <= 1:
        raise ValueError(f"{layer}: expected {name} in [0, 1], got {p!r}")
    return p
