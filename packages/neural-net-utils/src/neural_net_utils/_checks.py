"""Checks of arguments that several files share."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["check_count", "check_fraction"]


def check_count(where: str, name: str, value: Any, low: int, high: int | None = None) -> int:
    """Return `value` as an int if it is a whole number in the range, otherwise raise ValueError."""
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or value < low or (high is not None and value > high):
        allowed = f">= {low}" if high is None else f"from {low} to {high}"
        raise ValueError(f"{where}: {name} must be an int {allowed}, got {value!r}")
    return int(value)


def check_fraction(where: str, name: str, value: float, low: float, high: float) -> float:
    """Return `value` if it lies in [low, high], otherwise raise ValueError; NaN never does."""
    if not low <= value <= high:
        raise ValueError(f"{where}: {name} must be from {low} to {high}, got {value!r}")
    return value
