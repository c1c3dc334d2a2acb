"""What comes in: arrays, lists and Tensors become arrays, wrong types and shapes clear errors."""

import functools
import inspect
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from itertools import islice
from typing import Any, ParamSpec, overload

import numpy as np
import numpy.typing as npt

from neural_net_core.checks import (
    check_count,
    check_flag,
    check_instance,
    check_number,
    shown,
)
from neural_net_core.context import context
from neural_net_core.errors import ShapeError
from neural_net_core.grad_mode import no_grad
from neural_net_core.modules.module import Module
from neural_net_core.tensor import Tensor
from neural_net_viz.drawing.text import visible
from neural_net_viz.figure import Figure

__all__ = [
    "Floats",
    "as_floats",
    "as_labels",
    "as_named",
    "check_at_least",
    "checked",
    "evaluating",
    "names_of",
]

# A generator may have no end, and no page shows more.
_MOST_LABELS = 10**6

Floats = npt.NDArray[np.float64]
P = ParamSpec("P")


def checked(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Make a figure function ask the types of its arguments before it compares their values.

    What the signature says of texts, flags, numbers, pairs of numbers, labels and mappings is
    asked here, for all functions alike; numbers come out as Python's own. Data (`Any`) are asked
    by `as_floats`.
    """
    signature = inspect.signature(draw)
    readers = {
        name: reader
        for name, parameter in signature.parameters.items()
        if (reader := _reader(parameter.annotation)) is not None
    }

    @functools.wraps(draw)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Figure:
        bound = signature.bind(*args, **kwargs)
        for name, value in bound.arguments.items():
            if name in readers:
                bound.arguments[name] = readers[name](draw.__name__, name, value)
        return draw(*bound.args, **bound.kwargs)

    return wrapper


# What reads an argument: from the function's name, the parameter's and what came.
_Reader = Callable[[str, str, Any], Any]


def _reader(annotation: Any) -> _Reader | None:
    """Return what reads an argument of this annotation; None if nothing is asked of it here."""
    arms = typing.get_args(annotation)
    if isinstance(annotation, types.UnionType) and len(arms) == 2 and arms[1] is types.NoneType:
        inner = _reader(arms[0])
        return inner and (lambda where, name, v: None if v is None else inner(where, name, v))
    if typing.get_origin(annotation) is tuple and set(arms) <= {float, str}:
        return functools.partial(_pair, _READERS[arms[0]])
    known = _READERS.get(annotation)
    return known or _READERS.get(typing.get_origin(annotation))


def _pair(read: _Reader, where: str, name: str, value: Any) -> tuple[Any, Any]:
    if isinstance(value, np.ndarray | Tensor):
        value = list(np.asarray(value).ravel())
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise ValueError(f"{where}: {name} must be a pair, got {shown(value)}")
    first, second = read(where, name, value[0]), read(where, name, value[1])
    if read is _number and first > second:
        raise ValueError(f"{where}({name}): expected low < high, got {(first, second)}")
    return first, second


def _text(where: str, name: str, value: Any) -> str:
    return check_instance(where, name, value, str)


def _number(where: str, name: str, value: Any) -> float:
    if isinstance(value, np.ndarray | Tensor) and not value.ndim:
        value = value.item()
    return float(check_number(where, name, value))


def _count(where: str, name: str, value: Any) -> int:
    return check_count(where, name, value, 0)


def _module(where: str, name: str, value: Any) -> Module:
    return check_instance(where, name, value, Module)


def _mapping(where: str, name: str, value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise ValueError(f"{where}: {name} must be a dict, got {shown(value)}")
    return value


def _sequence(where: str, name: str, value: Any) -> Any:
    if not isinstance(value, Sequence | np.ndarray) or isinstance(value, str | bytes):
        raise ValueError(f"{where}: {name} must be a list, got {shown(value)}")
    return _iterable(where, name, value)


def _iterable(where: str, name: str, value: Any) -> Any:
    try:
        iter(value)
    except TypeError:
        raise ValueError(f"{where}: {name} must be a list, got {shown(value)}") from None
    return value


_READERS: dict[Any, _Reader] = {
    str: _text,
    bool: check_flag,
    int: _count,
    float: _number,
    Module: _module,
    Mapping: _mapping,
    Iterable: _iterable,
    Sequence: _sequence,
}


def as_floats(where: str, value: Any, *ndims: int, expected: str) -> Floats:
    """Turn data into a float64 array with one of the given numbers of axes.

    Args:
        where: Function and argument, such as `"heat_map(values)"`, for the error's text.
        value: An array, a Tensor, or nested lists of numbers. What a masked array hides is NaN.
        *ndims: The numbers of axes that are allowed.
        expected: The shape in words, such as `"(rows, columns)"`.

    Raises:
        ShapeError: If the number of axes is another, or nested lists have unequal lengths.
        ValueError: If the data are not real numbers.

    Examples:
        >>> as_floats("bars(values)", [1, 2], 1, expected="(n,)")
        array([1., 2.])
        >>> as_floats("heat_map(values)", [1, 2], 2, expected="(rows, columns)")
        Traceback (most recent call last):
            ...
        neural_net_core.errors.ShapeError: heat_map(values): expected (rows, columns), got (2,)
    """
    if isinstance(value, Tensor):
        value = value.data
    elif isinstance(value, list | tuple):
        value = [item.data if isinstance(item, Tensor) else item for item in value]
    if isinstance(value, np.ma.MaskedArray) and value.dtype.kind in "fiub":
        value = np.ma.filled(value.astype(np.float64), np.nan)
    try:
        array = np.asarray(value)
    except ValueError:
        raise ShapeError(f"{where}: expected {expected}, got lists of unequal lengths") from None
    except TypeError:
        raise ValueError(f"{where}: expected real numbers, got {shown(value)}") from None
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{where}: expected real numbers, got {_kind(array)}")
    if array.ndim not in ndims:
        raise ShapeError(f"{where}: expected {expected}, got {array.shape}")
    with np.errstate(over="ignore"):
        return array.astype(np.float64)


@overload
def as_labels(where: str, labels: Iterable[object], count: None) -> list[str]: ...


@overload
def as_labels(where: str, labels: Iterable[object] | None, count: int) -> list[str] | None: ...


def as_labels(where: str, labels: Iterable[object] | None, count: int | None) -> list[str] | None:
    r"""Turn labels into strings that can be seen, and check that there are `count` of them.

    A label that is None is left out; of a text, blanks at its ends, and a text of nothing, show as
    signs.

    Raises:
        ShapeError: If there are more or fewer.

    Examples:
        >>> as_labels("f(labels)", ["a", " b", "\n", "", None, 7], 6)
        ['a', '␣b', '⏎', '∅', '', '7']
    """
    if labels is None:
        return None
    end = (_MOST_LABELS if count is None else count) + 1
    texts = [_label(label) for label in islice(labels, end)]
    if count is None and len(texts) == end:
        raise ValueError(f"{where}: expected at most {_MOST_LABELS:,} labels")
    if count is not None and len(texts) != count:
        got = len(labels) if isinstance(labels, Sized) else len(texts)
        raise ShapeError(f"{where}: expected {count} labels, got {got}")
    return texts


def _label(label: object) -> str:
    return "" if label is None else visible(str(label))


def names_of(keys: Iterable[object]) -> list[str]:
    """Return a name for each key, all different, as `1` and `"1"` are different keys.

    Keys that read alike are written as Python writes them, and counted where that is alike too.

    Examples:
        >>> names_of(["a", 1, "1"])
        ['a', '1', "'1'"]
    """
    listed = list(keys)
    texts = [str(key) for key in listed]
    # The empty name has a meaning of its own: a curve without legend, what a whole spends itself.
    texts = [visible(text) if text else "" for text in texts]
    for write in (repr, lambda _: ""):
        counts = {text: texts.count(text) for text in set(texts)} if _alike(texts) else {}
        if not counts:
            break
        seen: dict[str, int] = {}
        for i, text in enumerate(texts):
            if counts[text] > 1:
                seen[text] = seen.get(text, 0) + 1
                texts[i] = write(listed[i]) or f"{text} ({seen[text]})"
    return texts


def _alike(texts: list[str]) -> bool:
    return len(set(texts)) < len(texts)


def as_named(where: str, value: Any, default: str | None = None) -> dict[str, Any]:
    """Turn a mapping, or a single thing, into a dict of things with different names.

    Args:
        where: Function and argument, for the error's text.
        value: A mapping from names, or one array, sequence or Tensor.
        default: The name of a thing that comes alone; None if there has to be a mapping.

    Raises:
        ValueError: If it is neither.
    """
    if isinstance(value, Mapping):
        return dict(zip(names_of(value), value.values(), strict=True))
    if default is None:
        raise ValueError(f"{where}: expected a dict, got {shown(value)}")
    if isinstance(value, np.ndarray | Tensor | Sequence) and not isinstance(value, str | bytes):
        return {default: value}
    raise ValueError(f"{where}: expected a dict of names and data, or an array, got {shown(value)}")


def check_at_least(where: str, value: int, least: int, most: int | None = None) -> None:
    """Raise ValueError if a whole number is below `least` or above `most`."""
    if value < least:
        raise ValueError(f"{where}: expected {least} or more, got {value}")
    if most is not None and value > most:
        raise ValueError(f"{where}: expected at most {most:,}, got {value}")


@context
def evaluating(model: Module) -> Iterator[None]:
    """Ask a model without changing it: in evaluation mode, unrecorded, its mode then restored.

    A figure must not count as a training step: dropout stays off and running statistics stay. What
    overflows on the way is drawn as what it is.
    """
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with no_grad(), np.errstate(over="ignore", invalid="ignore"):
            yield
    finally:
        for module, training in modes:
            module.training = training


def _kind(array: npt.NDArray[Any]) -> str:
    return "text" if array.dtype.kind in "US" else f"an array of {array.dtype}"
