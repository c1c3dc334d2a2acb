"""What an index makes of an array: a view, or a copy of chosen elements."""

from typing import Any

import numpy as np

__all__ = ["as_view", "is_basic"]


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
