"""Indices and arguments that are fixed when a call is recorded, as source."""

from collections.abc import Callable, Mapping
from operator import index
from typing import Any

from neural_net_utils.program.literals import number

__all__ = ["arguments_text", "index_text"]


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
