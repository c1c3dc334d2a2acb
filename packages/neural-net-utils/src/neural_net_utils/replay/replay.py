"""Runs a recorded step again: a row of NumPy calls on memory that was given out beforehand."""

import operator
from collections.abc import Callable, Sequence
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_utils.replay.instruction import Instruction, arrays_in

__all__ = ["Call", "ChangedError", "as_calls", "run"]

# A function, its arguments, and which gradient it makes anew, if it does.
Call = tuple[Callable[..., Any], tuple[Any, ...], int | None]


class ChangedError(Exception):
    """Something by which Python decided is not what it was when the step was recorded."""


def as_calls(
    instructions: Sequence[Instruction], side_by_side: Callable[..., Any] | None = None
) -> list[Call]:
    """Return what is called, with all arguments by position where that is possible.

    Args:
        instructions: The calls.
        side_by_side: What runs works in several threads, if there are any.
    """
    calls: list[Call] = []
    for lane, works in groupby(instructions, key=lambda x: x.lane and x.lane[0]):
        if lane is None or side_by_side is None:
            calls += _in_one_thread(list(works))
        else:
            lists = [list(work) for _, work in groupby(works, key=lambda x: x.lane)]
            side = [partial(run, _in_one_thread(work), []) for work in lists]
            calls.append((side_by_side, (side,), None))
    return calls


def _in_one_thread(instructions: list[Instruction]) -> list[Call]:
    calls: list[Call] = []
    for _, alike in groupby(instructions, key=lambda x: sorted(x.errors.items())):
        inside = list(alike)
        some = [(*_call(x), None) if x.slot is None else (*_maker(x), x.slot) for x in inside]
        errors = inside[0].errors
        if not errors:
            calls += some
            continue
        # What is made anew in between is put aside by itself.
        for made, part in groupby(some, key=lambda call: call[2] is not None):
            if made:
                calls += [(_with_errors, (dict(errors), f, args), slot) for f, args, slot in part]
            else:
                calls.append((_with_errors, (dict(errors), run, (list(part), [])), None))
    return calls


def run(calls: list[Call], slots: list[Any]) -> None:
    """Make calls.

    Args:
        calls: The calls.
        slots: Takes the gradients that are made anew.
    """
    for function, args, slot in calls:
        if slot is None:
            function(*args)
        else:
            slots[slot] = function(*args)


def _with_errors(errors: Any, function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    with np.errstate(**errors):
        return function(*args)


def _call(x: Instruction) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """Return one call."""
    options = dict(x.options)
    if x.kind == "in place":
        if x.function is np.copyto and options == {"casting": "unsafe"}:
            target, source = x.args
            if isinstance(source, np.ndarray) and np.can_cast(source, target.dtype, "same_kind"):
                return np.copyto, x.args
            return np.copyto, (*x.args, "unsafe")
        return (partial(x.function, **options) if options else x.function), x.args
    if x.kind == "out":
        return _into(x.function, x.args, options, x.outs)
    if x.kind == "guard":
        function = partial(x.function, **options) if options else x.function
        return _guard, (function, x.args, x.answer, x.site)
    if x.function is operator.getitem and _has_fixed_shape(x.args[1]):
        array, key = x.args
        is_table = array.ndim > 1 and array.flags.c_contiguous and x.outs[0].nbytes >= _MANY_ROWS
        if is_table and isinstance(key, np.ndarray) and key.dtype == np.intp:
            return _take_rows, (array, key, x.outs[0])
        return _take, (array, key, x.outs[0])
    function = partial(x.function, **options) if options else x.function
    return _assign, (function, x.args, x.outs)


def _has_fixed_shape(key: Any) -> bool:
    """Tell whether what an index takes has the same shape whatever numbers there are in it."""
    parts = key if isinstance(key, tuple) else (key,)
    return all(
        x.dtype.kind in "iu" if isinstance(x, np.ndarray) else type(x) in (int, type(None), slice)
        for x in parts
    ) and not arrays_in([x for x in parts if isinstance(x, slice)])


# From how many bytes on it pays to look at the indices first.
_MANY_ROWS = 1 << 14


def _take(array: Array, key: Any, out: Array) -> None:
    out[...] = array[key]


def _take_rows(array: Array, rows: Array, out: Array) -> None:
    """Write rows of a table into `out`, without making another array of them first.

    Of indices within the table "wrap" does what Python's counting from the end does.
    """
    n = len(array)
    if rows.size and -n <= np.minimum.reduce(rows, None) and np.maximum.reduce(rows, None) < n:
        array.take(rows, 0, out, "wrap")
    else:
        out[...] = array[rows]  # which says what is wrong


def _maker(x: Instruction) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """Return a call that makes a new array."""
    if x.function is np.copyto:
        return _copy, x.args[1:]
    return (partial(x.function, **x.options) if x.options else x.function), x.args


def _copy(x: Array) -> Array:
    return x.copy("K")


def _into(
    function: Callable[..., Any], args: tuple[Any, ...], options: Any, outs: tuple[Array, ...]
) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """Return a call of a function that writes into arrays."""
    if function in _ARITHMETIC and not options:
        args = _numbers_as_arrays(args)
    # NumPy warns of more than two arguments by position for these two.
    if isinstance(function, np.ufunc) and not options and function not in (np.maximum, np.minimum):
        return function, (*args, *outs)
    function, args = _plain_reduction(function, args, options)
    owner = getattr(function, "__self__", None)
    name = getattr(function, "__name__", "")
    if (
        isinstance(owner, np.ufunc)
        and name == "reduce"
        and options.keys() <= _REDUCE
        and len(args) == 1
    ):
        keep = options.get("keepdims", False)
        return function, (*args, options.get("axis", 0), options.get("dtype"), outs[0], keep)
    return partial(function, **options, out=outs[0] if len(outs) == 1 else outs), args


_REDUCE = {"axis", "dtype", "keepdims"}
# What these functions and methods of NumPy's call in the end, after some Python.
_REDUCTIONS: dict[Any, np.ufunc] = {
    np.sum: np.add,
    np.max: np.maximum,
    np.amax: np.maximum,
    np.min: np.minimum,
    np.amin: np.minimum,
    np.ndarray.sum: np.add,
    np.ndarray.max: np.maximum,
    np.ndarray.min: np.minimum,
}


def _plain_reduction(
    function: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]
) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """Return a sum or an extremum as a call of the universal function's `reduce`."""
    ufunc = _REDUCTIONS.get(function)
    if ufunc is None or len(args) > 2 or options.keys() - {"axis", "keepdims", "initial"}:
        return function, args
    options.setdefault("axis", args[1] if len(args) > 1 else None)
    return ufunc.reduce, args[:1]


_ARITHMETIC = (np.add, np.subtract, np.multiply, np.divide, np.maximum, np.minimum)


def _numbers_as_arrays(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return Python's numbers as arrays of the dtype that NumPy would bring them to."""
    kinds = {x.dtype for x in args if isinstance(x, np.ndarray)}
    if len(kinds) != 1 or (kind := kinds.pop()).kind != "f":
        return args
    return tuple(np.array(x, kind) if type(x) in (int, float) else x for x in args)


def _assign(function: Callable[..., Any], args: tuple[Any, ...], outs: tuple[Array, ...]) -> None:
    result = function(*args)
    parts = result if isinstance(result, tuple | list) else (result,)
    if [(x.shape, x.dtype) for x in parts] != [(x.shape, x.dtype) for x in outs]:
        raise ChangedError(f"{function} returns arrays of other shapes than it did")
    for out, part in zip(outs, parts, strict=True):
        np.copyto(out, part)


def _guard(function: Callable[..., Any], args: tuple[Any, ...], answer: Any, site: str) -> None:
    new = function(*args)
    # Of numbers that are equal, the texts of 0.0 and -0.0 differ; of NaNs, the texts are equal.
    if (new != answer or type(new) in _SIGNED) and repr(new) != repr(answer):
        raise ChangedError(f"{site} reads {new!r} where it was {answer!r}")


_SIGNED = (float, complex, list)
