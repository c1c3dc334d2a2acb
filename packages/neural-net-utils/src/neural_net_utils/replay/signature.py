"""Whether two recordings are of the same calls: told by what does not depend on addresses."""

from typing import Any

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_utils.replay.instruction import Instruction
from neural_net_utils.replay.memory import Memory, Owner

__all__ = ["difference", "signature"]


def signature(instructions: list[Instruction], memory: Memory, results: list[Array]) -> list[Any]:
    """Return what two recordings of the same step have in common, call by call."""
    numbers: dict[Owner, int] = {}

    def place(array: Array) -> Any:
        owner = memory.owner(array)
        if owner is None:
            return ("empty", array.shape, array.dtype.str)
        if owner not in numbers:
            numbers[owner] = len(numbers)
        low = array.__array_interface__["data"][0] - owner.start
        if owner.role == "given":
            known: Any = owner.start
        elif owner.role == "met":
            known = owner.content
        else:
            known = owner.array.shape
        return (owner.role, numbers[owner], known, low, array.shape, array.strides, array.dtype.str)

    def told(x: Any) -> Any:
        if isinstance(x, np.ndarray):
            return place(x)
        if isinstance(x, tuple | list):
            return (type(x).__name__, *(told(part) for part in x))
        if isinstance(x, dict):
            return tuple((name, told(part)) for name, part in x.items())
        if isinstance(x, slice):
            return ("slice", told(x.start), told(x.stop), told(x.step))
        if isinstance(x, float | np.generic):
            return (type(x).__name__, repr(x))  # a NaN equals itself here
        return (type(x).__name__, x)

    calls: list[Any] = [
        (
            x.kind,
            _function(x.function),
            told(x.args),
            told(dict(x.options)),
            told(x.outs),
            tuple(sorted(x.errors.items())),
            x.lane,
            told(x.answer),
        )
        for x in instructions
    ]
    return [*calls, told(results)]


def _function(function: Any) -> Any:
    """Return what tells a function; methods are made anew whenever they are looked up."""
    owner = getattr(function, "__self__", None)
    return function if owner is None else (id(owner), getattr(function, "__name__", ""))


def difference(first: list[Any], second: list[Any], sites: list[str]) -> str:
    """Return where two signatures differ, or "" if they do not."""
    for i, (a, b) in enumerate(zip(first, second, strict=False)):
        if a != b:
            where = sites[i] if i < len(sites) else "its results"
            parts = [
                f"{_short(p)} and then {_short(q)}" for p, q in zip(a, b, strict=False) if p != q
            ]
            return f"{where} did not do the same twice: {'; '.join(parts[:2])}"
    if len(first) != len(second):
        return f"it made {len(first) - 1} calls of NumPy, and then {len(second) - 1}"
    return ""


def _short(x: Any) -> str:
    text = repr(x)
    return text if len(text) < 80 else text[:77] + "..."
