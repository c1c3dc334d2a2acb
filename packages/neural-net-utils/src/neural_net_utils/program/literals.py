"""Arrays and options whose numbers can be written down as they are."""

from collections.abc import Callable
from typing import Any

import numpy as np

from neural_net_core.dtypes import Array

__all__ = ["in_brackets", "literal_of", "number"]

# More elements than these are no literal for a reader.
_FEW = 8


def literal_of(array: Array) -> str:
    """Return an expression that makes this array, or "" where there is no short one.

    Booleans with more than one element have none: they are masks, which somebody drew or computed.
    """
    kind, dtype = array.dtype.kind, number(array.dtype)
    if kind not in "fiub" or (kind == "b" and array.size > 1):
        return ""
    if array.ndim == 0:
        return f"{dtype}({number(array.item())})"
    shape = f"({array.shape[0]},)" if array.ndim == 1 else str(array.shape)
    if array.size == 0:
        return f"np.zeros({shape}, {dtype})"
    first = array.flat[0]
    if (array == first).all() and (array.size > 1 or kind in "bi"):
        filled = {0: "np.zeros({}, {})", 1: "np.ones({}, {})"}.get(first.item())
        if filled is None or (first == 0 and np.signbit(array).any()):
            return f"np.full({shape}, {number(first.item())}, {dtype})"
        return filled.format(shape, dtype)
    if array.ndim > 1:
        return ""
    if kind in "iu" and np.array_equal(array, np.arange(array.size)):
        return f"np.arange({array.size})" if dtype == "np.int64" else ""
    if kind in "iu" and array.size <= _FEW:
        return f"np.array({array.tolist()}, {dtype})"
    return ""


def number(x: Any) -> str:
    """Return a number, a word, a dtype or a tuple or list of them as source."""
    if isinstance(x, tuple | list):
        return in_brackets(x, number)
    if isinstance(x, np.dtype):
        if not x.isnative:
            return f"np.dtype({x.str!r})"
        return "np.bool_" if x.kind == "b" else f"np.{x}"
    if isinstance(x, type):
        return f"np.{x.__name__}" if issubclass(x, np.generic) else x.__name__
    if isinstance(x, np.generic):
        digits = str(x) if np.isfinite(x) else number(x.item())
        return f"{number(x.dtype)}({digits})"
    if x is Ellipsis:
        return "..."
    text = repr(x)
    return {"inf": "np.inf", "-inf": "-np.inf", "nan": "np.nan"}.get(text, text)


def in_brackets(parts: tuple[Any, ...] | list[Any], of: Callable[[Any], str]) -> str:
    """Return a tuple or list as source, with `of` for each part."""
    inner = ", ".join(map(of, parts))
    if isinstance(parts, list):
        return f"[{inner}]"
    return f"({inner},)" if len(parts) == 1 else f"({inner})"
