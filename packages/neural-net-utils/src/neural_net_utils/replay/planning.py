"""From the calls of a step to those that are run again: which are needed, and in which memory."""

from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_utils.replay.instruction import Instruction
from neural_net_utils.replay.memory import Memory, Owner

__all__ = ["can_warn", "constants_apart", "guards_first", "laid_out", "needed"]

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
    writers: dict[Owner | None, int] = defaultdict(int)
    for instruction in instructions:
        for owner in {memory.owner(array) for array in instruction.outs}:
            writers[owner] += 1
    constant: set[Owner] = {owner for owner in memory.owners if owner.role == "met"}
    rest = []
    for instruction in instructions:
        outs = {memory.owner(array) for array in instruction.outs}
        reads = {memory.owner(array) for array in instruction.reads() if array.size} - outs
        if (
            instruction.kind not in ("guard", "draw")
            and not instruction.warned
            and all(owner and owner.role == "made" and writers[owner] == 1 for owner in outs)
            and reads <= constant
        ):
            constant |= {owner for owner in outs if owner}
        else:
            rest.append(instruction)
    return rest, constant


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
