"""Runs a recorded step again: a row of NumPy calls on memory that was given out beforehand."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.fast.threads import run_together
from neural_net_utils.replay.instruction import Instruction

__all__ = ["ChangedError", "as_calls"]

Call = tuple[Callable[..., Any], tuple[Any, ...]]


class ChangedError(Exception):
    """Something by which Python decided is not what it was when the step was recorded."""


def as_calls(
    instructions: Sequence[Instruction], settings: Mapping[str, str], slots: list[Any]
) -> list[Call]:
    """Return what is called, with all arguments by position where that is possible.

    Args:
        instructions: The calls.
        settings: NumPy's error settings around the step.
        slots: Where calls put the gradients that they make anew.
    """
    calls: list[Call] = []
    for lane, works in groupby(instructions, key=lambda x: x.lane and x.lane[0]):
        if lane is None:
            calls += _in_one_thread(list(works), settings, slots)
        else:
            lists = [list(work) for _, work in groupby(works, key=lambda x: x.lane)]
            side = [partial(_run, _in_one_thread(work, settings, slots)) for work in lists]
            calls.append((run_together, (side,)))
    return calls


def _in_one_thread(
    instructions: list[Instruction], settings: Mapping[str, str], slots: list[Any]
) -> list[Call]:
    calls: list[Call] = []
    for _, alike in groupby(instructions, key=lambda x: sorted(x.errors.items())):
        inside = list(alike)
        some = [_call(x) if x.slot is None else _maker(x, slots) for x in inside]
        errors = inside[0].errors
        calls += some if errors == settings else [(_with_errors, (dict(errors), some))]
    return calls


def _run(calls: list[Call]) -> None:
    for function, args in calls:
        function(*args)


def _with_errors(errors: Any, calls: list[Call]) -> None:
    with np.errstate(**errors):
        _run(calls)


def _call(x: Instruction) -> Call:
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
    function = partial(x.function, **options) if options else x.function
    return _assign, (function, x.args, x.outs)


def _maker(x: Instruction, slots: list[Any]) -> Call:
    """Return a call that puts a new array into its slot."""
    slot, options = x.slot or 0, dict(x.options)
    if x.function is np.copyto:
        function, args = _copy, x.args[1:]
    else:
        function, args = x.function, x.args
        if options:
            function = partial(function, **options)

    def make(*args: Any) -> None:
        slots[slot] = function(*args)

    return make, args


def _copy(x: Array) -> Array:
    return x.copy("K")


def _into(
    function: Callable[..., Any], args: tuple[Any, ...], options: Any, outs: tuple[Array, ...]
) -> Call:
    """Return a call of a function that writes into arrays."""
    if function in _ARITHMETIC and not options:
        args = _numbers_as_arrays(args)
    # NumPy warns of more than two arguments by position for these two.
    if isinstance(function, np.ufunc) and not options and function not in (np.maximum, np.minimum):
        return function, (*args, *outs)
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

_ARITHMETIC = (np.add, np.subtract, np.multiply, np.divide, np.maximum, np.minimum)


def _numbers_as_arrays(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return Python's numbers as arrays of the dtype that NumPy would bring them to."""
    kinds = {x.dtype for x in args if isinstance(x, np.ndarray)}
    if len(kinds) != 1 or (kind := kinds.pop()).kind != "f":
        return args
    return tuple(np.array(x, kind) if type(x) in (int, float) else x for x in args)


def _assign(function: Callable[..., Any], args: tuple[Any, ...], outs: tuple[Array, ...]) -> None:
    result = function(*args)
    if len(outs) == 1 and not isinstance(result, tuple | list):
        np.copyto(outs[0], result)
    else:
        for out, part in zip(outs, result, strict=True):
            np.copyto(out, part)


def _guard(function: Callable[..., Any], args: tuple[Any, ...], answer: Any, site: str) -> None:
    new = function(*args)
    if new != answer and not (new != new and answer != answer):
        raise ChangedError(f"{site} reads {new!r} where it was {answer!r}")
