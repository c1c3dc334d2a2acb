"""Take a state apart into named arrays and JSON, and put it together again, types included.

An optimizer's state is a tree of dicts, lists, numbers and arrays. A file of arrays can hold the
leaves that are arrays; everything else is written as JSON, in which each array is replaced by a
reference to its name:

    {"step": 3, "betas": (0.9, 0.999), "m": array}
    {"step": 3, "betas": {"$tuple": [0.9, 0.999]}, "m": {"$tensor": "optimizer.m"}}

What JSON does not know is marked by a key that begins with a dollar sign. Python's JSON writes a
float as the shortest text that reads back to the same bits, and integers with all their digits (a
PCG64 generator has 128-bit ones), so nothing is rounded.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.errors import CheckpointError
from neural_net_core.tensor import Tensor

__all__ = ["flatten_state", "unflatten_state"]

# Deep enough for any state; a state that contains itself ends here instead of never.
MAX_DEPTH = 100

# NumPy scalars keep their type through a Python number that holds them exactly.
SCALARS = {
    np.dtype(code).name: np.dtype(code)
    for code in ("f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "?")
}


def flatten_state(state: Any, prefix: str, tensors: dict[str, Array]) -> Any:
    """Return the state as what JSON can hold, and add its arrays to `tensors`.

    Args:
        state: Nested dicts, lists and tuples of None, booleans, integers, floats, strings, NumPy
            scalars and arrays (a Tensor counts as its array). Sub-classes of these come back as
            the plain type.
        prefix: Where the state stands, such as `"optimizer"`; array names begin with it.
        tensors: Receives name -> array; the arrays are not copied.

    Raises:
        CheckpointError: If a value is of another type, naming where it stands.

    Examples:
        >>> tensors = {}
        >>> flatten_state({"lr": 0.1, "m": np.zeros(2)}, "optimizer", tensors)
        {'lr': 0.1, 'm': {'$tensor': 'optimizer.m'}}
        >>> tensors
        {'optimizer.m': array([0., 0.])}
    """
    return _flatten(state, prefix, tensors, 0)


def _flatten(value: Any, where: str, tensors: dict[str, Array], depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise CheckpointError(f"{where}: nested deeper than {MAX_DEPTH}; does it contain itself?")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Tensor):
        value = value.data
    if isinstance(value, np.ndarray):
        name = where
        while name in tensors:  # {"a.b": …} beside {"a": {"b": …}}
            name += "'"
        tensors[name] = value
        return {"$tensor": name}
    # Before float and int: np.float64 is also a float.
    if isinstance(value, np.generic) and value.dtype.name in SCALARS:
        return {"$scalar": [value.dtype.name, _number(value.item(), where)]}
    if isinstance(value, int | float):
        return _number(value, where)
    if isinstance(value, str):
        return _text(value)
    inside = depth + 1
    if isinstance(value, list):
        return [_flatten(v, f"{where}.{i}", tensors, inside) for i, v in enumerate(value)]
    if isinstance(value, tuple):
        return {"$tuple": _flatten(list(value), where, tensors, inside)}
    if isinstance(value, Mapping):
        # Read once: a mapping of somebody's own might answer differently the next time.
        items = [(_text(k) if isinstance(k, str) else k, v) for k, v in value.items()]
        pairs = [(k, _flatten(v, f"{where}.{k}", tensors, inside)) for k, v in items]
        if len({k for k, _ in items}) < len(items):
            raise CheckpointError(f"cannot save {where}: two keys are equal as plain text")
        if all(isinstance(key, str) and not key.startswith("$") for key, _ in items):
            return dict(pairs)
        # Keys that JSON cannot have: parameters by number, for example.
        return {"$dict": [[_flatten(k, where, tensors, inside), v] for k, v in pairs]}
    raise CheckpointError(
        f"cannot save {where}: expected numbers, strings, arrays, None, or lists, tuples and dicts "
        f"of them, got {type(value).__module__}.{type(value).__qualname__}"
    )


def _text(value: str) -> str:
    """Return the letters of a text; str() of an enum that is a text would give its name."""
    return str.__str__(value)


def _number(value: int | float, where: str) -> Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, float):
        number = float.__float__(value)  # what it holds, whatever a sub-class makes of it
        # JSON has no infinities; the words are those that float() reads.
        return number if math.isfinite(number) else {"$float": repr(number)}
    whole = int.__int__(value)
    if whole.bit_length() > 4096:
        raise CheckpointError(f"cannot save {where}: an integer of more than 4,096 bits")
    return whole


def unflatten_state(tree: Any, tensors: dict[str, Array]) -> Any:
    """Put a state together again; the inverse of `flatten_state`.

    Args:
        tree: What `flatten_state` returned, after a journey through JSON.
        tensors: The arrays by name; those used are taken out.

    Returns:
        The state, equal in values and types.

    Raises:
        CheckpointError: If the tree is not one that `flatten_state` writes.

    Examples:
        >>> unflatten_state({"betas": {"$tuple": [0.9, 0.999]}}, {})
        {'betas': (0.9, 0.999)}
    """
    return _unflatten(tree, tensors, 0)


def _unflatten(tree: Any, tensors: dict[str, Array], depth: int) -> Any:
    if depth > MAX_DEPTH + 2:  # a marked number stands one level deeper
        raise CheckpointError("the state is nested too deep")
    inside = depth + 1
    if isinstance(tree, list):
        return [_unflatten(v, tensors, inside) for v in tree]
    if not isinstance(tree, dict):
        return tree
    mark = next((key for key in tree if key.startswith("$")), None)
    if mark is None:
        return {k: _unflatten(v, tensors, inside) for k, v in tree.items()}
    try:
        (content,) = tree.values()  # a mark stands alone
        return _unmark(mark, content, tensors, inside)
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        if isinstance(error, CheckpointError):
            raise
        raise CheckpointError(f"the state holds a {mark} that cannot be read: {error!r}") from None


def _unmark(mark: str, content: Any, tensors: dict[str, Array], depth: int) -> Any:
    """Return the value that a marked entry stands for; any error means that it stands for none."""
    if mark == "$tensor":
        return tensors.pop(content)
    if mark == "$scalar":
        name, number = content
        number = _unflatten(number, tensors, depth)
        with np.errstate(all="ignore"):
            scalar = SCALARS[name].type(number)
        if scalar.item() != number and number == number:
            raise ValueError(f"{number} is no {name}")
        return scalar
    if mark == "$float":
        return {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[content]
    if mark == "$tuple":
        return tuple(_unflatten(list(content), tensors, depth))
    if mark == "$dict":
        pairs = [(_unflatten(k, tensors, depth), _unflatten(v, tensors, depth)) for k, v in content]
        if len(dict(pairs)) < len(pairs):
            raise ValueError("a key occurs twice")
        return dict(pairs)
    raise ValueError("unknown mark")
