"""What several runs have in common: numbers that follow the free axes, and all else the same."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, NoReturn

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_layers.onnx._error import ExportError
from neural_net_layers.onnx._run import Part, Run, State, Step
from neural_net_layers.onnx._sizes import Filled, Ramp, Setting, Size, Triangle, fitted
from neural_net_layers.onnx._traced_array import Computed

__all__ = ["agreed_runs"]


def agreed_runs(runs: Sequence[Run], settings: Sequence[Setting]) -> Run:
    """Return one run for all: numbers that follow the free axes as `Size`s.

    Args:
        runs: Of the same model.
        settings: The lengths of the free axes in each.

    Raises:
        ExportError: If the runs differ in anything else: the model decides in Python what to
            compute, by the sizes or the numbers that it was given.
    """
    agreement = _Agreement(settings)
    for run, setting in zip(runs, settings, strict=True):
        _check_same_operations(runs[0], run, settings[0], setting)
    steps = [agreement.step(several) for several in zip(*(run.steps for run in runs), strict=True)]
    given = agreement.of([run.given for run in runs], "an input")
    results = agreement.of([run.results for run in runs], "the result")
    shapes = agreement.of([run.shapes for run in runs], "the result")
    return Run(tuple(steps), runs[0].state, given, results, shapes)


def _check_same_operations(first: Run, other: Run, base: Setting, setting: Setting) -> None:
    """Raise if two runs consist of different operations."""
    for a, b in itertools.zip_longest(first.steps, other.steps):
        if a is None or b is None or (a.op, a.path) != (b.op, b.path):
            here, there = ("nothing" if step is None else step.name for step in (a, b))
            raise ExportError(
                f"to_onnx: the model runs {len(first.steps)} operations, but {len(other.steps)} "
                f"{_where(base, setting)}, first {there} in place of {here}: a loop or a branch "
                f"in Python, of which the file would hold one way. {_advice(base, setting)}"
            )


def _where(base: Setting, setting: Setting) -> str:
    """Say in what a run differs from the first."""
    parts = [f"{name} {n}, not {base[name]}" for name, n in setting.items() if n != base[name]]
    return "with " + (" and ".join(parts) or "other numbers in the inputs")


def _advice(base: Setting, setting: Setting) -> str:
    """Say what to do about it."""
    if setting == base:
        return "Compute it of Tensors, with the operations of neural_net_core"
    return (
        "dynamic=False writes what it is for the sizes of the examples; "
        'dynamic={"name of an input": {0: "batch"}} frees only the axes that it names'
    )


class _Agreement:
    """Makes one of what several runs had in the same place.

    Args:
        settings: The lengths of the free axes in each run.
    """

    def __init__(self, settings: Sequence[Setting]) -> None:
        self.settings = settings
        self.where = ""  # what an error is about

    def of(self, parts: Sequence[Any], where: str) -> Any:
        """Return one of several, or raise an error that says where they differ."""
        self.where = where
        return self.merged(parts)

    def step(self, steps: Sequence[Step]) -> Step:
        first = steps[0]
        names = ("config", "inputs", "shapes")
        made = {n: self.of([getattr(s, n) for s in steps], first.name) for n in names}
        return replace(first, **made)

    def merged(self, parts: Sequence[Any]) -> Any:
        """Return one of several parts of any kind."""
        if {type(part) for part in parts} == {State, Part}:  # in one run the part was the whole
            parts = [part.as_part() if isinstance(part, State) else part for part in parts]
        first, kinds = parts[0], {type(part) for part in parts}
        if kinds <= {Part, np.ndarray}:
            return self.arrays(parts)
        if len(kinds) > 1:
            self.differ(parts)
        if isinstance(first, int | float) and not isinstance(first, bool):
            return self.numbers(parts)
        if isinstance(first, tuple | list):
            if len(set(map(len, parts))) > 1:
                self.differ(parts)
            return type(first)(self.merged(several) for several in zip(*parts, strict=True))
        if isinstance(first, Mapping):
            return {name: self.merged([part[name] for part in parts]) for name in first}
        if isinstance(first, slice):
            return slice(*self.merged([(part.start, part.stop, part.step) for part in parts]))
        if is_dataclass(first) and not isinstance(first, type):
            names = [f.name for f in fields(first)]
            if isinstance(first, Computed):
                names.remove("result")
            made = {n: self.merged([getattr(part, n) for part in parts]) for n in names}
            return replace(first, **made)
        if callable(first) or isinstance(first, np.random.Generator):
            return first  # of training
        if any(part != first for part in parts):
            self.differ(parts)
        return first

    def numbers(self, parts: Sequence[Any]) -> Any:
        """Return a number, or one that follows the free axes: a float too may be a length."""
        if len(set(parts)) == 1:
            return parts[0]
        if not all(float(part).is_integer() for part in parts):
            self.differ(parts)
        return fitted([int(part) for part in parts], self.settings)

    def arrays(self, parts: Sequence[Any]) -> Any:
        """Return an array that is the same in all runs, or a rule that makes it."""
        arrays = [part.block if isinstance(part, Part) else part for part in parts]
        wholes = [part.of for part in parts if isinstance(part, Part)]
        if len(wholes) == len(parts):
            constant = isinstance(wholes[0], np.ndarray)
            if not constant or (_same(wholes) and not _same(arrays)):
                names = ("of", "starts", "stops", "shape")
                made = {n: self.merged([getattr(part, n) for part in parts]) for n in names}
                return replace(parts[0], **made)
        return arrays[0] if _same(arrays) else self.rule(arrays)

    def rule(self, arrays: Sequence[Array]) -> Filled | Ramp | Triangle | int | Size:
        """Return arrays that differ in their length alone as what they have in common."""
        first = arrays[0]
        if len({array.ndim for array in arrays}) > 1 or not all(array.size for array in arrays):
            self.differ(arrays)
        if first.ndim == 0 and first.dtype.kind in "iuf":
            return self.numbers([array.item() for array in arrays])
        shape = self.merged([array.shape for array in arrays])
        if all((array == first.flat[0]).all() for array in arrays):
            return Filled(first.reshape(-1)[:1].reshape(()), shape)
        found = self.triangle(arrays, shape) if first.dtype == bool else self.ramp(arrays)
        if found is None:
            self.differ(arrays)
        return found

    def ramp(self, arrays: Sequence[Array]) -> Ramp | None:
        """Return 0, 1, 2, … as a rule, each as often as the others."""
        first = arrays[0]
        long = [axis for axis, n in enumerate(first.shape) if n > 1]
        each = [int((array == 0).sum()) for array in arrays]
        if len(long) != 1 or not all(each):
            return None
        lengths = [array.size // n for array, n in zip(arrays, each, strict=True)]
        for array, n, often in zip(arrays, lengths, each, strict=True):
            if not np.array_equal(array.reshape(-1), np.repeat(np.arange(n), often)):
                return None
        counts = fitted(lengths, self.settings), fitted(each, self.settings)
        return Ramp(*counts, long[0], first.ndim, first.dtype)

    def triangle(self, arrays: Sequence[Array], shape: Any) -> Triangle | None:
        """Return which keys queries may see, if none may look ahead, as a rule."""
        offsets = []
        for array in arrays:
            rows = array.reshape(-1, array.shape[-1])
            offsets.append(int(rows[0].sum()) - 1)
            if not np.array_equal(rows, np.tri(len(rows), rows.shape[1], offsets[-1], bool)):
                return None
        if len(shape) < 2:
            return None
        return Triangle(shape[-2], shape[-1], fitted(offsets, self.settings), len(shape))

    def differ(self, parts: Sequence[Any]) -> NoReturn:
        """Raise because of the first part that is not as in the first run."""
        shown = [_shown(part) for part in parts]
        i = next((i for i, text in enumerate(shown) if text != shown[0]), 1)
        base, other = self.settings[0], self.settings[i]
        raise ExportError(
            f"to_onnx: {self.where} takes {shown[i]} {_where(base, other)}, in place of "
            f"{shown[0]}, from Python or NumPy. {_advice(base, other)}"
        )


def _same(arrays: Sequence[Any]) -> bool:
    """Tell whether arrays hold the same numbers, NaN in the same places."""
    first = arrays[0]
    nan = first.dtype.kind == "f"
    return all(array is first or np.array_equal(array, first, equal_nan=nan) for array in arrays)


def _shown(part: Any) -> str:
    """Return how messages call what an operation takes."""
    if isinstance(part, np.ndarray):
        numbers = ", ".join(f"{x:.6g}" for x in part.reshape(-1)[:3].tolist())
        return f"an array {part.shape} of {numbers}" + ", …" * (part.size > 3)
    if isinstance(part, tuple | list):
        return f"{len(part)} arrays or options"
    return repr(part) if isinstance(part, int | float | str) else type(part).__name__
