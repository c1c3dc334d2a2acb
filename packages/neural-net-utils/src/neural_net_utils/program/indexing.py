"""Indices and arguments that are fixed when a call is recorded, as source."""

from collections.abc import Callable, Mapping
from operator import index
from typing import Any

import numpy as np

from neural_net_utils.program.literals import number
from neural_net_utils.program.values import place_in_memory

__all__ = ["arguments_text", "as_view", "index_text", "is_basic", "is_same", "name_of"]


def is_same(a: Any, b: Any) -> bool:
    """Tell whether two arrays are the same elements in the same memory."""
    return isinstance(b, np.ndarray) and bool(a.size) and place_in_memory(a) == place_in_memory(b)


def name_of(function: Any) -> str:
    """Return how a function of NumPy is written where NumPy is called np."""
    name = function.__name__
    if getattr(np, name, None) is function:
        return f"np.{name}"
    return f"{function.__module__.replace('numpy', 'np', 1)}.{name}"


def is_basic(key: Any) -> bool:
    """Tell whether indexing gives a view."""
    parts = key if isinstance(key, tuple) else (key,)
    return all(
        x is None or x is Ellipsis or isinstance(x, slice | int | np.integer) for x in parts
    ) and not any(isinstance(x, bool) for x in parts)


def as_view(key: Any) -> Any:
    """Return a basic index as one that gives a view also of a single element."""
    parts = key if isinstance(key, tuple) else (key,)
    return parts if Ellipsis in parts else (*parts, Ellipsis)


def _fixed(x: Any) -> str:
    """Return a part of a basic index as source: any kind of integer as Python's."""
    return str(index(x)) if hasattr(x, "__index__") else number(x)


def index_text(key: Any, of: Callable[[Any], str] = _fixed) -> str:
    """Return an index as source, with `of` for all that is no tuple and no slice."""
    if isinstance(key, tuple) and key:
        return ", ".join(index_text(part, of) for part in key) + "," * (len(key) == 1)
    if isinstance(key, slice):
        parts = ["" if x is None else of(x) for x in (key.start, key.stop)]
        return ":".join(parts) + ("" if key.step is None else f":{of(key.step)}")
    return of(key)


def arguments_text(args: Any, options: Mapping[str, Any]) -> str:
    """Return the arguments of a method that makes a view."""
    named = [f"{name}={number(value)}" for name, value in options.items()]
    return ", ".join([*map(number, args), *named])
