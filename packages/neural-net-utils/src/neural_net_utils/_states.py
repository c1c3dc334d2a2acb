"""Reading a saved state: it may be a stranger's, so every value is asked what it is before use."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import numpy as np

from neural_net_core import StateDictError
from neural_net_core.checks import is_number, is_whole, shown
from neural_net_core.dtypes import Array

__all__ = [
    "load_together",
    "saved_array",
    "saved_count",
    "saved_entry",
    "saved_flag",
    "saved_number",
]

# Counts of epochs, steps and samples; float64 and every file format hold them exactly.
LARGEST_COUNT = 2**53
LARGEST_NUMBER = int(np.finfo(np.float64).max)


def saved_entry(where: str, state: Any, name: str) -> Any:
    """The entry of a state, if the state is a dict that has it."""
    if not isinstance(state, Mapping):
        raise StateDictError(f"{where}: expected a state dict, got a {type(state).__name__}")
    if name not in state:
        raise StateDictError(
            f"{where}: the state lacks {name!r}; it has {sorted(map(str, state))!r:.200}"
        )
    return state[name]


def saved_count(where: str, state: Any, name: str, low: int = 0, high: int = LARGEST_COUNT) -> int:
    """A whole number in [low, high]; 1.9, True and "3" are none."""
    value = saved_entry(where, state, name)
    if not is_whole(value) or not low <= value <= high:
        raise StateDictError(
            f"{where}: {name} must be an int from {low} to {high} in a state, got {shown(value)}"
        )
    return int(value)


def saved_number(where: str, state: Any, name: str, *, finite: bool = True) -> float:
    """A number; neither NaN nor infinite unless `finite` is False."""
    value = saved_entry(where, state, name)
    # An int that no float holds is larger than the largest of them.
    if not is_number(value) or (isinstance(value, int) and abs(value) > LARGEST_NUMBER):
        raise StateDictError(f"{where}: {name} must be a number in a state, got {shown(value)}")
    if finite and not math.isfinite(value):
        raise StateDictError(f"{where}: {name} must be finite in a state, got {value!r}")
    return float(value)


def saved_flag(where: str, state: Any, name: str) -> bool:
    """True or False."""
    value = saved_entry(where, state, name)
    if not isinstance(value, (bool, np.bool_)):
        raise StateDictError(f"{where}: {name} must be a bool in a state, got {shown(value)}")
    return bool(value)


def saved_array(where: str, state: Any, name: str, kinds: str = "biuf") -> Array:
    """A copy of an array of numbers; `kinds` are those of their dtypes that will do."""
    value = saved_entry(where, state, name)
    try:
        array = np.array(value)
    except ValueError:  # rows of unequal length
        array = np.empty(0, dtype=object)
    if array.dtype.kind not in kinds:
        raise StateDictError(
            f"{where}: {name} must be an array of numbers in a state, got {shown(value)}"
        )
    return array


def load_together(parts: Iterable[tuple[Any, Any]]) -> None:
    """Give every object its state; if one refuses, give all their former states back.

    Args:
        parts: objects with `state_dict()` and `load_state_dict(state)`, and their new states.
    """
    former: list[tuple[Any, Any]] = []
    try:
        for part, state in parts:
            former.append((part, copy.deepcopy(part.state_dict())))
            part.load_state_dict(state)
    except BaseException:
        for part, state in reversed(former):
            with suppress(Exception):  # an object that refuses everything stands in nobody's way
                part.load_state_dict(state)
        raise
