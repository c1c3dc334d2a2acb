"""From the calls of a step to those that are run again: which are needed, and in which memory."""

import dataclasses
from collections.abc import Iterable
from typing import Any

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_utils.replay.instruction import Instruction
from neural_net_utils.replay.memory import Memory, Owner

__all__ = ["can_warn", "constants_apart", "constants_in_full", "guards_first", "laid_out", "needed"]

# A line of the cache, with which every array begins.
_LINE = 64


def needed(
    instructions: list[Instruction], results: Iterable[Array], memory: Memory
) -> list[Instruction]:
    """Return the calls that lead to a result, write into what was given, decide, draw, or warn."""
    live = {memory.owner(array) for array in results}
    live |= {owner for owner in memory.owners if owner.role == "given"}
    kept = []
    for instruction in reversed(instructions):
        writes = {memory.owner(array) for array in instruction.outs if array.size}
        if writes & live or instruction.kind in ("guard", "draw") or can_warn(instruction):
            kept.append(instruction)
            live.update(memory.owner(array) for array in instruction.reads() if array.size)
            live |= writes
    return kept[::-1]


def can_warn(instruction: Instruction) -> bool:
    """Tell whether a call can warn of its numbers, as of an overflow, or raise because of them."""
    function = instruction.function
    if function is np.copyto:
        target, source = instruction.args[:2]
        return isinstance(source, np.ndarray) and not np.can_cast(source.dtype, target.dtype)
    owner = getattr(function, "__self__", None)  # of np.add.reduce it is np.add
    ufunc = owner if isinstance(owner, np.ufunc) else function
    name = getattr(ufunc, "__name__", "")
    if name in _HARMLESS:
        return getattr(function, "__name__", "") == "at"  # whose positions may be out of range
    arrays = (*instruction.outs, *instruction.reads())
    is_whole = isinstance(ufunc, np.ufunc) and name not in _DIVIDING
    return not is_whole or any(array.dtype.kind in "fc" for array in arrays)


# Of whole numbers, too.
_DIVIDING = frozenset(["floor_divide", "remainder", "fmod", "divmod", "power", "float_power"])
_HARMLESS = frozenset(
    [
        "negative", "positive", "absolute", "stack", "concatenate", "fill", "where", "maximum",
        "minimum", "argmax", "argmin", "argsort", "sort", "partition", "argpartition", "repeat",
        "tile", "roll", "flip", "isnan", "isfinite", "isinf", "signbit", "logical_and",
        "logical_or", "logical_not", "searchsorted",
    ]
)  # fmt: skip


def constants_apart(
    instructions: list[Instruction], memory: Memory
) -> tuple[list[Instruction], set[Owner]]:
    """Leave out what comes out the same in every step; return the rest, and whose memory it is."""
    met: set[Owner | None] = {owner for owner in memory.owners if owner.role == "met"}
    outs = [{memory.owner(array) for array in x.outs} for x in instructions]
    reads = [{memory.owner(array) for array in x.reads() if array.size} for x in instructions]
    last_write = {owner: i for i, written in enumerate(outs) for owner in written}
    found = {owner for owner in last_write if owner is not None and owner.role == "made"}

    def is_constant(i: int) -> bool:
        x = instructions[i]
        return (
            x.kind not in ("guard", "draw")
            and not x.warned
            and outs[i] <= found
            and all(owner in met or owner in found for owner in reads[i] - outs[i])
        )

    # What changes makes what is computed of it change, and so on, until no more is found.
    size = -1
    while len(found) != size:
        size = len(found)
        for i in range(len(instructions)):
            if not is_constant(i):
                found -= outs[i]
                # It reads what stands there before the last of several calls has written.
                found -= {owner for owner in reads[i] if i < last_write.get(owner, -1)}
    rest = [x for i, x in enumerate(instructions) if not is_constant(i)]
    return rest, {owner for owner in met | found if owner}


# Up to how many bytes a constant may take when it is written out.
_SHORT = 1 << 16


def constants_in_full(
    instructions: list[Instruction], memory: Memory, constant: set[Owner]
) -> list[Instruction]:
    """Give sums and products constants of their own shape, where one of a row was used for all.

    Of arrays of one shape NumPy computes all numbers at one go, and not row by row. Each number is
    computed of the same two numbers, and rounded once, as IEEE 754 wants it: it cannot be another
    one. Of two NaNs either may be passed on, so the constant must have none.
    """
    written: dict[Any, Array] = {}

    def in_full(x: Any, out: Array) -> Any:
        if not isinstance(x, np.ndarray) or x.size < 2 or x.shape == out.shape:
            return x
        owner = memory.owner(x)
        if owner not in constant or owner.role != "made" or np.isnan(x).any():
            return x
        key = x.__array_interface__["data"][0], x.shape, x.strides, out.shape
        if key not in written:
            written[key] = np.broadcast_to(x, out.shape).copy("C")
        return written[key]

    new = []
    for call in instructions:
        if call.kind == "out" and call.function in _ROUNDED and not call.options:
            (out,), others = call.outs, [x for x in call.args if isinstance(x, np.ndarray)]
            is_alike = {x.dtype for x in (*others, out)} == {out.dtype} and out.dtype.kind == "f"
            is_plain = out.flags.c_contiguous and out.nbytes <= _SHORT
            if is_alike and is_plain and any(x.strides == out.strides for x in others):
                call = dataclasses.replace(call, args=tuple(in_full(x, out) for x in call.args))
        new.append(call)
    return new


_ROUNDED = (np.add, np.subtract, np.multiply, np.divide)


def guards_first(instructions: list[Instruction], memory: Memory) -> list[Instruction]:
    """Move guards, with what they need, to the beginning, where that changes no result.

    Where Python would decide otherwise, little has been computed in vain then.
    """
    if not any(instruction.kind == "guard" for instruction in instructions):
        return instructions
    wanted: set[Owner | None] = set()
    first: list[bool] = [False] * len(instructions)
    for i in reversed(range(len(instructions))):
        instruction = instructions[i]
        outs = {memory.owner(array) for array in instruction.outs if array.size}
        if instruction.kind == "guard" or outs & wanted:
            first[i] = True
            wanted.update(memory.owner(array) for array in instruction.reads() if array.size)
            wanted |= outs
    early = [x for x, is_first in zip(instructions, first, strict=True) if is_first]
    late = [x for x, is_first in zip(instructions, first, strict=True) if not is_first]
    changes = any(
        x.kind == "draw"
        or any((owner := memory.owner(out)) and owner.role == "given" for out in x.outs)
        for x in early
    )
    # Nobody left behind may have wanted to see what the memory held in between.
    last_write: dict[Owner | None, int] = {}
    for i, instruction in enumerate(instructions):
        if first[i]:
            last_write.update(dict.fromkeys((memory.owner(a) for a in instruction.outs), i))
    is_seen = any(
        not first[i] and any(i < last_write.get(memory.owner(a), -1) for a in x.reads())
        for i, x in enumerate(instructions)
    )
    if changes or is_seen or any(x.lane for x in early):
        return instructions
    return early + late


def laid_out(
    instructions: list[Instruction],
    inputs: list[Array],
    results: list[Array],
    memory: Memory,
    constant: set[Owner],
) -> tuple[list[Instruction], list[Array], list[Array], int]:
    """Give what is computed places in one block, which are used again when nobody needs them.

    Returns:
        The calls, the inputs and the results with their new arrays, and the size of the block.
    """
    # Works that may run side by side happen at one time.
    times, time, lane = [], -1, None
    for instruction in instructions:
        group = instruction.lane[0] if instruction.lane else None
        if group is None or group != lane:
            time += 1
        lane = group
        times.append(time)
    born: dict[Owner, int] = {}
    dies: dict[Owner, int] = {}

    def use(array: Array, time: int) -> None:
        owner = memory.owner(array)
        if owner and owner.role in ("made", "input") and owner not in constant:
            born.setdefault(owner, time)
            dies[owner] = time

    heirs: dict[Owner, Owner] = {}
    for array in inputs:
        use(array, -1)
    for instruction, at in zip(instructions, times, strict=True):
        for array in instruction.reads() if instruction.slot is not None else instruction.touches():
            use(array, at)
        heirs.update(_heir(instruction, memory))
    for array in results:
        use(array, time + 1)

    places, size = _places(born, dies, heirs)
    block = np.empty(size + 2 * _LINE, np.uint8)
    shift = -block.ctypes.data % _LINE
    moved: dict[int, Array] = {}

    def move(array: Array) -> Array:
        owner = memory.owner(array)
        if owner not in places:
            return array
        if id(array) not in moved:
            offset = shift + places[owner] + array.ctypes.data - owner.start
            moved[id(array)] = np.ndarray(array.shape, array.dtype, block, offset, array.strides)
        return moved[id(array)]

    new = [x.with_arrays(move) for x in instructions]
    return new, [move(x) for x in inputs], [move(x) for x in results], size


def _heir(instruction: Instruction, memory: Memory) -> dict[Owner, Owner]:
    """Return whose memory the result of an elementwise function can be written over, if any.

    Every number is read before the one in its place is written. So where an argument has the
    layout of the result and nobody needs it any more, the result can take its place, which is in
    the cache already.
    """
    function = instruction.function
    if not isinstance(function, np.ufunc) or function.signature or len(instruction.outs) != 1:
        return {}
    out = instruction.outs[0]
    to = memory.owner(out)
    if instruction.lane or to is None or to.array is not out:
        return {}
    for x in instruction.args:
        if isinstance(x, np.ndarray) and (owner := memory.owner(x)) and owner.role == "made":
            whole = owner.array
            same = (x.shape, x.strides, x.dtype) == (out.shape, out.strides, out.dtype)
            if same and x.nbytes == whole.nbytes == owner.stop - owner.start:
                return {to: owner}
    return {}


def _places(
    born: dict[Owner, int], dies: dict[Owner, int], heirs: dict[Owner, Owner]
) -> tuple[dict[Owner, int], int]:
    """Find each owner the lowest place that is free while it is needed."""
    places: dict[Owner, int] = {}
    active: list[tuple[int, int, Owner]] = []  # by place
    end = 0
    for owner in sorted(born, key=lambda owner: (born[owner], owner.start - owner.stop)):
        active = [entry for entry in active if dies[entry[2]] >= born[owner]]
        size = owner.stop - owner.start
        before = heirs.get(owner)
        if before is not None and dies.get(before) == born[owner] and before in places:
            places[owner] = place = places[before]
            active = [entry for entry in active if entry[2] is not before]
            active.append((place, place + size, owner))
            active.sort(key=lambda entry: entry[0])
            continue
        place = 0
        for start, stop, _ in active:
            if place + size <= start:
                break
            place = max(place, -(-stop // _LINE) * _LINE)
        places[owner] = place
        active.append((place, place + size, owner))
        active.sort(key=lambda entry: entry[0])
        end = max(end, place + size)
    return places, end
