"""Gradients that a replay makes in memory of their own, because whoever gets one may keep it."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from neural_net_core.dtypes import Array, DType
from neural_net_utils.replay.instruction import Instruction, arrays_in
from neural_net_utils.replay.memory import Memory, Owner
from neural_net_utils.replay.planning import can_warn

__all__ = ["filled_at_once", "made_anew"]

# From how many bytes on it pays to bind calls to new memory, and how many calls. Of a table of
# 1.3 MB, which zeros and a sum of rows fill, the copy took nearly twice as long as the zeros.
_LARGE, _MOST_CALLS = 1 << 16, 8


def filled_at_once(
    instructions: list[Instruction],
    gradients: Sequence[Array],
    outputs: Sequence[Array],
    memory: Memory,
) -> list[Instruction]:
    """Join the calls that fill a large gradient one after the other into one, which makes it.

    So the gradient of an embedding is zeros, to which rows are added. Nobody sees it in between, so
    the calls can be made when the last of them is, and in new memory, where nothing is copied.

    Args:
        instructions: The calls.
        gradients: Those that the step leaves.
        outputs: What it leaves besides them, which is copied out of its place.
        memory: Whose memory they are in.
    """
    results = [*outputs, *gradients]
    for result in gradients:
        owner = memory.owner(result)
        if owner is None or owner.role != "made" or result.nbytes < _LARGE:
            continue
        whole = owner.array
        is_whole = (result.shape, result.dtype) == (whole.shape, whole.dtype)
        is_whole = is_whole and result.strides == whole.strides
        is_plain = result.flags.c_contiguous and whole.flags.c_contiguous
        is_once = sum(memory.owner(x) is owner for x in results) == 1
        if is_whole and is_plain and is_once:
            instructions = _joined(instructions, owner, memory)
    return instructions


def _joined(instructions: list[Instruction], owner: Owner, memory: Memory) -> list[Instruction]:
    """Join all calls that touch somebody's memory, if nothing else changes by that."""
    places = [
        i
        for i, x in enumerate(instructions)
        if any(memory.owner(array) is owner for array in x.touches())
    ]
    calls = [instructions[i] for i in places]
    if not 2 <= len(calls) <= _MOST_CALLS or not all(_only_fills(x, owner, memory) for x in calls):
        return instructions
    # What a call reads has to be there still when the last of them is made. And what is said of
    # numbers, in warnings and errors, keeps its order.
    last = places[-1]
    reads: set[Owner | None] = set()
    speaks = False
    for i in range(places[0], last):
        x = instructions[i]
        if i in places:
            reads.update(memory.owner(array) for array in x.reads() if array.size)
            speaks = speaks or can_warn(x)
        elif (speaks and can_warn(x)) or any(memory.owner(y) in reads for y in x.outs if y.size):
            return instructions

    def bound(x: Any) -> Any:
        is_its = isinstance(x, np.ndarray) and memory.owner(x) is owner
        return _View.within(owner, x) if is_its else x

    whole = owner.array
    functions = [partial(x.function, **x.options) if x.options else x.function for x in calls]
    fill = _Fill(functions, whole.shape, whole.dtype)
    args = tuple(tuple(map(bound, x.args)) for x in calls)
    site, is_backward = calls[-1].site, calls[-1].is_backward
    one = Instruction(
        "in place", fill, args, {}, (whole,), site, fresh=True, is_backward=is_backward
    )
    rest = [x for i, x in enumerate(instructions[:last]) if i not in places]
    return [*rest, one, *instructions[last + 1 :]]


def _only_fills(x: Instruction, owner: Owner, memory: Memory) -> bool:
    """Tell whether a call changes one memory and nothing else, and has it at hand."""
    inner = [part for part in x.args if not isinstance(part, np.ndarray)]
    hidden = arrays_in((tuple(inner), dict(x.options)))
    return (
        x.kind == "in place"
        and x.lane is None
        and not x.errors
        and all(memory.owner(out) is owner for out in x.outs)
        and not any(memory.owner(array) is owner for array in hidden)
    )


@dataclass(frozen=True)
class _View:
    """Where in new memory an array lies."""

    shape: tuple[int, ...]
    dtype: DType
    offset: int
    strides: tuple[int, ...]

    @classmethod
    def within(cls, owner: Owner, x: Array) -> "_View":
        offset = x.__array_interface__["data"][0] - owner.start
        return cls(x.shape, x.dtype, offset, x.strides)

    def of(self, memory: Array) -> Array:
        return np.ndarray(self.shape, self.dtype, memory, self.offset, self.strides)


class _Fill:
    """Makes an array by several calls, each with a tuple of its arguments."""

    __name__ = "fill"

    def __init__(
        self, functions: list[Callable[..., Any]], shape: tuple[int, ...], dtype: DType
    ) -> None:
        self.functions, self.shape, self.dtype = functions, shape, dtype

    def __call__(self, *arguments: tuple[Any, ...]) -> Array:
        array = np.empty(self.shape, self.dtype)
        for function, args in zip(self.functions, arguments, strict=True):
            function(*[x.of(array) if type(x) is _View else x for x in args])
        return array


def made_anew(
    instructions: list[Instruction], gradients: list[Array], memory: Memory
) -> list[bool]:
    """Let the call that makes a gradient make a new array in every step, where that is possible.

    Gradients are handed out, and whoever has one may keep it. A call that makes nothing else can
    make it in memory of its own; the others are copied.

    Returns:
        Which gradients are made so; the calls know which.
    """
    wanted = {memory.owner(array): i for i, array in enumerate(gradients) if array.size}
    uses: dict[Owner, list[Instruction]] = defaultdict(list)
    for instruction in instructions:
        for owner in {memory.owner(x) for x in (*instruction.outs, *instruction.reads())}:
            if owner in wanted and owner is not None:
                uses[owner].append(instruction)
    anew = [False] * len(gradients)
    for owner, i in wanted.items():
        if owner is None or len(uses[owner]) != 1 or owner.role != "made":
            continue
        (maker,) = uses[owner]
        if maker.fresh and not maker.lane and maker.kind in ("out", "in place"):
            out, gradient = maker.outs[0], gradients[i]
            is_whole = (out.shape, out.strides) == (gradient.shape, gradient.strides)
            if maker.function is np.copyto:  # whose copy has the layout of what it copies
                is_whole = is_whole and maker.args[1].strides == out.strides
            if is_whole and len(maker.outs) == 1 and out.ndim:
                maker.slot, anew[i] = i, True
    return anew
