"""The inputs of a model: their names, which of their axes are free, and the same at other sizes."""

import inspect
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from neural_net_core.checks import check_instance, check_text, is_whole
from neural_net_core.dtypes import Array, get_default_dtype
from neural_net_core.modules.module import Module
from neural_net_core.plain import plain_array
from neural_net_core.tensor import Tensor
from neural_net_layers.onnx._error import ExportError
from neural_net_layers.onnx._sizes import Setting
from neural_net_layers.onnx._traced_array import Given

__all__ = [
    "Axes",
    "Try",
    "checked_axes",
    "found_axes",
    "gathered",
    "input_names",
    "other_numbers",
    "resized",
    "settings_of",
]

# The free axes by name, each with the places where it stands: (input, axis).
Axes = Mapping[str, Sequence[tuple[int, int]]]
# Runs the model with these inputs; returns the error if it does not take them.
Try = Callable[[Sequence[Any]], Exception | None]

MOST_TRIES = 64


def gathered(x: Any, dtype: np.dtype[Any] | None, inputs: list[Any]) -> Any:
    """Return what a model is called with, with the place among the inputs where an array was.

    Args:
        x: An array, a Tensor or a list of numbers; tuples, lists and dicts of these; or anything
            else, which stays as it is.
        dtype: The model's, which floats take; None means a Tensor's own.
        inputs: Where the arrays go, as they will be in the file: Tensors of floats, and arrays of
            int64 and bool.
    """
    if isinstance(x, dict):
        return {name: gathered(part, dtype, inputs) for name, part in x.items()}
    if isinstance(x, tuple) or (isinstance(x, list) and any(map(_has_array, x))):
        return type(x)(gathered(part, dtype, inputs) for part in x)
    if not isinstance(x, Tensor | np.ndarray | list) or (isinstance(x, list) and not x):
        return x
    array = plain_array(x)
    if array.dtype.kind == "f":
        own = array.dtype if isinstance(x, Tensor) else get_default_dtype()
        inputs.append(Tensor(np.array(array, dtype or own), dtype or own))
    elif array.dtype.kind in "biu":
        inputs.append(np.array(array, bool if array.dtype.kind == "b" else np.int64))
    else:
        raise TypeError(f"to_onnx: expected examples to be arrays of numbers, got {array.dtype}")
    return Given(len(inputs) - 1)


def _has_array(x: Any) -> bool:
    parts = x if isinstance(x, tuple | list) else x.values() if isinstance(x, dict) else ()
    return isinstance(x, Tensor | np.ndarray) or any(map(_has_array, parts))


def input_names(model: Module, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> list[str]:
    """Return what the parameters of a model's `forward` are called; numbered if one has several."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(model.forward).parameters.values()
    called = [parameter.name for parameter in parameters if parameter.kind in kinds]
    called += [f"input_{i}" for i in range(len(called), len(arguments))]
    names = []
    for name, part in (*zip(called, arguments, strict=False), *keywords.items()):
        count = _count(part)
        names += [name] if count == 1 else [f"{name}_{i}" for i in range(count)]
    return names


def _count(part: Any) -> int:
    """Return how many inputs are in an argument."""
    if isinstance(part, dict):
        part = tuple(part.values())
    return sum(map(_count, part)) if isinstance(part, tuple | list) else isinstance(part, Given)


def checked_axes(given: Mapping[str, Any], names: Sequence[str], inputs: Sequence[Any]) -> Axes:
    """Return the free axes that somebody named, `{"ids": {0: "batch"}}`, or raise."""
    axes: dict[str, list[tuple[int, int]]] = {}
    for name, numbered in given.items():
        if name not in names:
            raise ValueError(f"to_onnx: dynamic names {name!r}, the inputs are {list(names)}")
        i = names.index(name)
        check_instance("to_onnx", f"dynamic[{name!r}]", numbered, dict)
        for axis, called in numbered.items():
            check_text("to_onnx", f"the name of an axis in dynamic[{name!r}]", called)
            if not is_whole(axis) or axis not in range(inputs[i].ndim):
                raise ValueError(
                    f"to_onnx: dynamic names axis {axis!r} of {name!r}, which has shape "
                    f"{inputs[i].shape}"
                )
            axes.setdefault(called, []).append((i, axis))
    for called, places in axes.items():
        lengths = {inputs[i].shape[axis] for i, axis in places}
        if len(lengths) > 1:
            raise ValueError(
                f"to_onnx: the axis {called!r} has the lengths {sorted(lengths)} in the examples; "
                "what has one name has one length"
            )
    return axes


def found_axes(names: Sequence[str], inputs: Sequence[Any], attempt: Try) -> Axes:
    """Return which of the first two axes of every input may have another length.

    Axes of the same length that only change together, or stand in the same place of several
    inputs, are one.
    """
    axes: dict[str, list[tuple[int, int]]] = {}
    for axis, i in itertools.product((0, 1), range(len(inputs))):
        taken = [place for places in axes.values() for place in places]
        if axis >= inputs[i].ndim or (i, axis) in taken or inputs[i].shape[axis] == 0:
            continue
        error: Exception | None = None
        for places in _companies((i, axis), inputs, taken):
            first = _refused(attempt, inputs, places)
            if first is None:
                called = ("batch", "length")[axis]
                axes[f"{names[i]}_{axis}" if called in axes else called] = list(places)
                break
            error = error or first
        else:
            if (i, axis) == (0, 0):
                raise ExportError(
                    f"to_onnx: the model takes no other size of the first axis of {names[0]!r} "
                    f"than {inputs[0].shape[0]} ({error}). dynamic=False exports it for the sizes "
                    "of the examples"
                )
    return axes


def _companies(
    place: tuple[int, int], inputs: Sequence[Any], taken: Sequence[tuple[int, int]]
) -> Iterator[tuple[tuple[int, int], ...]]:
    """Yield an axis together with those that may have to change with it, the likeliest first."""
    n = inputs[place[0]].shape[place[1]]
    others = [
        (i, axis)
        for i, x in enumerate(inputs)
        for axis in range(x.ndim)
        if x.shape[axis] == n and (i, axis) != place and (i, axis) not in taken
    ]
    alike = tuple(other for other in others if other[1] == place[1] and other[0] != place[0])
    several = (
        (place, *some)
        for count in range(len(others) + 1)
        for some in itertools.combinations(others, count)
    )
    yield from itertools.islice(itertools.chain([(place, *alike)], several), MOST_TRIES)


def _refused(
    attempt: Try, inputs: Sequence[Any], places: Sequence[tuple[int, int]]
) -> Exception | None:
    """Return the error if a model takes neither a longer nor a shorter axis, else None."""
    n = inputs[places[0][0]].shape[places[0][1]]
    longer = attempt(resized(inputs, {"": places}, {"": n + 2}))
    if longer is None or n == 1:
        return longer
    shorter = attempt(resized(inputs, {"": places}, {"": n - 1}))
    return None if shorter is None else longer


def settings_of(inputs: Sequence[Any], axes: Axes, attempt: Try) -> list[Setting]:
    """Return the lengths to compare: the examples', each axis changed alone, and all together.

    Where the model does not take all of them changed, each is changed alone once more.
    """
    base = {name: inputs[places[0][0]].shape[places[0][1]] for name, places in axes.items()}
    settings: list[Setting] = [base]
    last: dict[str, int] = {}
    again: list[Setting] = []
    for name, n in base.items():
        possible: list[int] = []
        error: Exception | None = None
        for other in (n + 2, n + 5, n + 1, n - 1, n - 2):
            if other > 0 and len(possible) < 2:
                found = attempt(resized(inputs, axes, {**base, name: other}))
                error = error or found
                possible += [other] if found is None else []
        if not possible:
            raise ExportError(
                f"to_onnx: the model takes no other length of the axis {name!r} than {n} ({error})"
            ) from error
        settings.append({**base, name: possible[0]})
        again.append({**base, name: possible[-1]})
        last[name] = possible[-1]
    together = attempt(resized(inputs, axes, last)) is None
    return [*settings, last] if together else [*settings, *again]


def resized(inputs: Sequence[Any], axes: Axes, setting: Setting) -> list[Any]:
    """Return inputs in which the free axes have other lengths; what is new repeats the last."""
    result = list(inputs)
    for name, places in axes.items():
        for i, axis in places:
            array = result[i].data if isinstance(result[i], Tensor) else result[i]
            kept = np.minimum(np.arange(setting[name]), array.shape[axis] - 1)
            result[i] = _like(result[i], array.take(kept, axis))
    return result


def other_numbers(inputs: Sequence[Any], attempt: Try) -> list[Any]:
    """Return inputs with other numbers in them, where the model takes them.

    What NumPy computes of them unseen is another constant then.
    """
    result = list(inputs)
    for i, x in enumerate(inputs):
        array = x.data if isinstance(x, Tensor) else x
        for other in _others(array):
            tried = [*result]
            tried[i] = _like(x, other)
            if not np.array_equal(other, array) and attempt(tried) is None:
                result = tried
                break
    return result


def _others(array: Array) -> Iterator[Array]:
    """Yield arrays like one, with other numbers of the same kind."""
    if array.dtype.kind == "f":
        yield np.flip(array) * array.dtype.type(0.9)
    elif array.dtype.kind == "b":
        yield np.logical_and(array, np.arange(array.size).reshape(array.shape) % 3 != 2)
    else:
        yield np.maximum(array - 1, 0)
        yield array + 1


def _like(x: Any, array: Array) -> Any:
    array = np.array(array, order="C")
    return Tensor(array, array.dtype) if isinstance(x, Tensor) else array
