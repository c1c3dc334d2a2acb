"""Whether two objects are the same to whoever reads them, and what an object consists of."""

import inspect
import types
from collections.abc import Mapping
from operator import is_
from typing import Any

import numpy as np

from neural_net_core import Module
from neural_net_utils.replay.pure import OURS, is_standard, root_of

__all__ = [
    "PLAIN",
    "content_of",
    "functions_in",
    "has_slots",
    "is_all_in_its_dict",
    "is_ours",
    "same",
    "same_members",
]

# What cannot be changed.
PLAIN = (bool, int, float, complex, str, bytes, type(None), type(Ellipsis), np.dtype, np.generic)


def same_members(now: Mapping[str, Any], then: dict[str, Any]) -> bool:
    """Tell whether two dicts hold the same in the same order."""
    if len(now) != len(then) or not all(map(same, now, then)):  # in their order, too
        return False
    return all(map(is_, now.values(), then.values())) or all(
        same(now[name], x) for name, x in then.items()
    )


def same(a: Any, b: Any) -> bool:
    """Tell whether two things are one, or cannot be told apart.

    1, 1.0 and True are equal, and so are 0.0 and -0.0, and objects whose class says so.
    """
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    if type(a) is tuple:
        return len(a) == len(b) and all(map(same, a, b))
    return type(a) in PLAIN and repr(a) == repr(b)


def content_of(cell: Any) -> Any:
    """Return what a name of an enclosing function stands for, None if for nothing yet."""
    try:
        return cell.cell_contents
    except ValueError:
        return None


def functions_in(x: Any) -> list[types.FunctionType]:
    """Return the functions behind a member of a class: methods, properties, decorated ones."""
    names = ("fget", "fset", "fdel", "func", "__func__", "__wrapped__")
    parts = [x, *(getattr(x, name, None) for name in names)]
    parts += [inspect.unwrap(part) for part in parts if callable(part)]
    return [part for part in parts if isinstance(part, types.FunctionType)]


def is_all_in_its_dict(x: Any) -> bool:
    """Tell whether an object has nothing but attributes: no slots, no items, nothing of C."""
    kind = type(x)
    if not hasattr(x, "__dict__") or is_standard(root_of(kind)):
        return kind.__name__ == "Namespace" and root_of(kind) == "argparse"
    if kind is types.SimpleNamespace:
        return True
    # An object of C has memory of its own.
    is_large = kind.__basicsize__ > Module.__basicsize__ or kind.__itemsize__ != 0
    return not has_slots(kind) and not is_large


def has_slots(kind: type) -> bool:
    """Tell whether somebody's class gives its objects attributes outside of their dict."""
    return any(
        isinstance(held, types.MemberDescriptorType)
        for part in kind.__mro__
        for held in vars(part).values()
        if not is_ours(part)
    )


def is_ours(kind: type) -> bool:
    """Tell whether a class is one of these packages'."""
    return root_of(kind) in OURS
