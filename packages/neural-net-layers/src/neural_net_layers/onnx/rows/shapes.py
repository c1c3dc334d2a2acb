"""The same numbers in another arrangement: axes, pieces, borders, and what an index picks."""

from typing import Any

import numpy as np

from neural_net_core.ops import (
    BroadcastToOp,
    ConcatenateOp,
    ExpandDimsOp,
    FlipOp,
    GetItemOp,
    MoveAxisOp,
    PadFromInputOp,
    PadOp,
    RepeatInterleaveOp,
    ReshapeOp,
    RollOp,
    SplitOp,
    SqueezeOp,
    StackOp,
    SwapAxesOp,
    TileOp,
    TransposeOp,
    TrilOp,
    TriuOp,
    UnstackOp,
)
from neural_net_core.ops.padding import PadMode
from neural_net_layers.onnx._error import ExportError
from neural_net_layers.onnx._graph import Graph, Rows, Value, length
from neural_net_layers.onnx._sizes import Filled, Ramp, Size

__all__ = ["ROWS"]

END = np.iinfo(np.int64).max  # as the end of a slice: up to the last element
ONE = np.array(1, np.int64)
BEFORE = np.iinfo(np.int64).min  # backwards: up to the first one


def reshape(g: Graph, x: Any, shape: Any) -> str:
    """The lengths that stay as they are follow the free axes by themselves."""
    shape = list(shape) if isinstance(shape, tuple | list) else [shape]
    return g.Reshape(x, g.like(x.shape, shape))


def several(axis: Any) -> list[int]:
    """Return one axis or several as a list."""
    return list(axis) if isinstance(axis, tuple | list) else [axis]


def permuted(g: Graph, x: Any, moved: Any) -> str:
    """Transpose as a function of the axes' numbers does."""
    told_by_length = np.broadcast_to(0, range(x.ndim))
    return g.Transpose(x, perm=moved(told_by_length).shape)


def squeeze(g: Graph, x: Any, axis: Any = None) -> str:
    dropped = [i for i, n in enumerate(x.shape) if n == 1] if axis is None else several(axis)
    return g.Squeeze(x, dropped)


def flip(g: Graph, x: Any, axis: Any = None) -> str:
    axes = list(range(x.ndim)) if axis is None else several(axis)
    n = len(axes)
    return g.Slice(x, [-1] * n, [BEFORE] * n, axes, [-1] * n)


def stack(g: Graph, *arrays: Any, axis: int) -> str:
    return g.Concat(*(g.Unsqueeze(x, [axis]) for x in arrays), axis=axis)


def split(g: Graph, x: Any, sections: Any, axis: int) -> Any:
    lengths = [y.shape[axis] for y in g.results]
    pieces = g.Split(x, lengths, axis=axis, outputs=len(lengths))
    return pieces if len(lengths) > 1 else (pieces,)


def unstack(g: Graph, x: Any, axis: int) -> Any:
    return tuple(g.Gather(x, np.array(i), axis=axis) for i in range(len(g.results)))


def pad(g: Graph, x: Any, widths: Any, value: Any = None, mode: PadMode = "constant") -> str:
    reach = [max(pair) - length(n) for pair, n in zip(widths, x.shape, strict=True)]
    if mode == "reflect" and max(reach) >= 0:
        raise ExportError("a border that reflects the array more than once is not known to ONNX")
    before, after = ([pair[i] for pair in widths] for i in (0, 1))
    return g.Pad(x, before + after, value, mode=mode)


def tile(g: Graph, x: Any, reps: tuple[int, ...]) -> str:
    """Axes that one of the two lacks come first."""
    new = list(range(len(reps) - x.ndim))
    y = g.Unsqueeze(x, new) if new else x
    return g.Tile(y, [1] * (x.ndim - len(reps)) + list(reps))


def repeat_interleave(g: Graph, x: Any, repeats: int, axis: int) -> str:
    """An axis of copies behind that of the elements, and the two as one."""
    copies = [1] * (x.ndim + 1)
    copies[axis + 1] = repeats
    y = g.Tile(g.Unsqueeze(x, [axis + 1]), copies)
    (result,) = g.results
    return g.Reshape(y, g.shape(result.shape), allowzero=1)


def roll(g: Graph, x: Any, shift: Any, axis: Any = None) -> str:
    if axis is None:
        flat = rolled(g, g.Reshape(x, [-1]), g.Size(x), 0, shift)
        return g.Reshape(flat, g.shape(x.shape), allowzero=1)
    axes, y = several(axis), x
    shifts = several(shift) if len(several(shift)) == len(axes) else several(shift) * len(axes)
    for n, a in zip(shifts, axes, strict=True):
        y = rolled(g, y, g.Squeeze(g.size(x.shape[a]), [0]), a, n)
    return y


def rolled(g: Graph, x: Any, length: str, axis: int, shift: int) -> str:
    """Element i comes from i − shift, counted round the end."""
    places = g.Range(np.array(-shift, np.int64), g.Sub(length, np.array(shift, np.int64)), ONE)
    return g.Gather(x, g.Mod(places, length), axis=axis)


def getitem(g: Graph, x: Any, index: Any) -> str:
    """Slice, then gather where arrays point or drop the axes of integers, then add those of None.

    Several arrays pick points together, integers beside them too.
    """
    parts = spelled_out(index, x.ndim)
    axes = [part for part in parts if part is not None]
    slices = [
        part if isinstance(part, slice) else slice(None) if is_array(part) else one(part)
        for part in axes
    ]
    y = sliced(g, x, slices)
    arrays = [i for i, part in enumerate(axes) if is_array(part)]
    whole = [i for i, part in enumerate(axes) if not isinstance(part, slice) and i not in arrays]
    if len(arrays) == 1 and not whole:
        y = g.Gather(y, axes[arrays[0]], axis=arrays[0])
    elif arrays:
        y = points(g, y, axes, sorted(arrays + whole))
    elif whole:
        y = g.Squeeze(y, whole)
    if len(axes) < len(parts):
        y = with_new_axes(g, y, parts)
    return y if y is not x else g.Identity(x)


def is_array(part: Any) -> bool:
    return isinstance(part, Value | Filled | Ramp | np.ndarray)


def one(i: int | Size) -> slice:
    """Return the slice that holds one element."""
    if isinstance(i, Size):
        raise ExportError(f"an index of {i} follows the free axes; count it from the end: [-1]")
    return slice(i, None if i == -1 else i + 1)


def spelled_out(index: Any, ndim: int) -> list[Any]:
    """Return one part of an index for each axis, and each None; without `...`."""
    parts = list(index) if isinstance(index, tuple) else [index]
    parts = [np.asarray(part) if isinstance(part, list) else part for part in parts]
    flat: list[Any] = []
    for part in parts:
        masks = isinstance(part, np.ndarray) and part.dtype == bool
        flat += part.nonzero() if masks else [part]
    flat = [part.astype(np.int64) if isinstance(part, np.ndarray) else part for part in flat]
    if any(isinstance(part, Value) and part.dtype == bool for part in flat):
        raise ExportError(
            "an index of booleans that come with the input picks a number of elements that no "
            "shape can tell; multiply by the mask, or use where()"
        )
    rest = ndim - sum(part is not None and part is not ... for part in flat)
    at = next((i for i, part in enumerate(flat) if part is ...), len(flat))
    return flat[:at] + [slice(None)] * rest + flat[at + 1 :]


def sliced(g: Graph, x: Any, slices: list[slice]) -> Any:
    """Return what slices leave of each axis."""
    cut = [i for i, part in enumerate(slices) if part != slice(None)]
    if not cut:
        return x
    steps = [slices[i].step or 1 for i in cut]
    backwards = [step < 0 for step in steps]
    starts = [
        (-1 if back else 0) if slices[i].start is None else slices[i].start
        for i, back in zip(cut, backwards, strict=True)
    ]
    stops = [
        (BEFORE if back else END) if slices[i].stop is None else slices[i].stop
        for i, back in zip(cut, backwards, strict=True)
    ]
    return g.Slice(x, starts, stops, cut, steps)


def points(g: Graph, y: Any, axes: list[Any], picked: list[int]) -> Any:
    """Return the elements that several arrays pick together, in the place of the first of them."""
    if picked != list(range(picked[0], picked[-1] + 1)):
        raise ExportError("arrays in an index have to stand beside one another")
    rest = [i for i in range(len(axes)) if i not in picked]
    indices = [axes[i] if is_array(axes[i]) else np.array(0) for i in picked]  # cut to one element
    ndim = max(index.ndim for index in indices)
    total = indices[0]
    for index in indices[1:]:
        total = g.Add(total, index)
    common = g.Shape(total)
    spread = [g.Unsqueeze(g.Expand(index, common), [ndim]) for index in indices]
    y = g.GatherND(g.Transpose(y, perm=picked + rest), g.Concat(*spread, axis=ndim))
    before = picked[0]  # axes that stood before the arrays come back to the front
    perm = [*range(ndim, ndim + before), *range(ndim), *range(ndim + before, ndim + len(rest))]
    return y if before == 0 else g.Transpose(y, perm=perm)


def with_new_axes(g: Graph, y: Any, parts: list[Any]) -> Any:
    """Return an array with the axes that None stands for."""
    arrays = [i for i, part in enumerate(parts) if is_array(part)]
    if arrays and any(part is None for part in parts[arrays[0] : arrays[-1]]):
        raise ExportError("arrays in an index have to stand beside one another, without None")
    places, at = [], 0
    for i, part in enumerate(parts):
        if part is None:
            places.append(at)
        if part is None or isinstance(part, slice):
            at += 1
        elif arrays and i == arrays[0]:
            at += max(parts[i].ndim for i in arrays)
    return g.Unsqueeze(y, places)


ROWS: Rows = {
    ReshapeOp: reshape,
    TransposeOp: lambda g, x, axes=None: permuted(g, x, lambda a: a.transpose(axes)),
    SwapAxesOp: lambda g, x, axis1, axis2: permuted(g, x, lambda a: a.swapaxes(axis1, axis2)),
    MoveAxisOp: lambda g, x, **axes: permuted(g, x, lambda a: np.moveaxis(a, **axes)),
    SqueezeOp: squeeze,
    ExpandDimsOp: lambda g, x, axis: g.Unsqueeze(x, several(axis)),
    BroadcastToOp: lambda g, x, shape: g.Expand(x, several(shape)),
    FlipOp: flip,
    RollOp: roll,
    TileOp: tile,
    RepeatInterleaveOp: repeat_interleave,
    TrilOp: lambda g, x, k=0: g.Trilu(x, np.array(k, np.int64), upper=0),
    TriuOp: lambda g, x, k=0: g.Trilu(x, np.array(k, np.int64), upper=1),
    ConcatenateOp: lambda g, *arrays, axis: g.Concat(*arrays, axis=axis),
    StackOp: stack,
    SplitOp: split,
    UnstackOp: unstack,
    PadOp: pad,
    PadFromInputOp: pad,
    GetItemOp: getitem,
}
