"""One run of a model as steps: each operation, its options, and where its inputs came from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.grad_mode import no_grad
from neural_net_core.modules.module import Module
from neural_net_core.observing import viewed_by
from neural_net_core.op import Op
from neural_net_core.tensor import Tensor
from neural_net_core.tracing import Trace, trace
from neural_net_layers.onnx._error import ExportError
from neural_net_layers.onnx._traced_array import Computed, Given, TracedArray, plain

__all__ = ["Made", "Part", "Run", "State", "Step", "run"]


@dataclass(frozen=True, eq=False)
class Made:
    """A result of an earlier step."""

    step: int
    output: int


@dataclass(frozen=True, eq=False)
class State:
    """A parameter or a buffer, by its name in the state dict."""

    name: str
    array: Array

    def as_part(self) -> "Part":
        """Return the whole as one of its parts."""
        shape = self.array.shape
        return Part(self, (0,) * len(shape), shape, shape, self.array)


@dataclass(frozen=True, eq=False)
class Part:
    """A block of a larger array that does not change, such as the first rows of a table.

    Attributes:
        of: The larger array.
        starts: Where the block begins, along each axis.
        stops: Where it ends.
        shape: The block's.
        block: The block itself.
    """

    of: Any
    starts: tuple[int, ...]
    stops: tuple[int, ...]
    shape: tuple[int, ...]
    block: Array


@dataclass(frozen=True, eq=False)
class Step:
    """One operation of a run.

    Attributes:
        op: The operation, whatever the form that ran.
        config: Its options.
        inputs: Where each input comes from; arrays and numbers that come from nowhere stand there
            themselves.
        shapes: The shapes of the results.
        dtypes: Their dtypes.
        path: The module in which it happened.
    """

    op: type[Op]
    config: Mapping[str, Any]
    inputs: tuple[Any, ...]
    shapes: tuple[tuple[int, ...], ...]
    dtypes: tuple[np.dtype[Any], ...]
    path: str

    @property
    def name(self) -> str:
        """How messages call it."""
        return f"{self.path}: {self.op.__name__}" if self.path else self.op.__name__


@dataclass(frozen=True, eq=False)
class Run:
    """All steps of a run, and where its results come from.

    Attributes:
        steps: In the order in which they ran.
        state: The names of all parameters and buffers.
        given: The shapes of the inputs.
        results: Where each result comes from.
        shapes: The shapes of the results.
    """

    steps: tuple[Step, ...]
    state: tuple[str, ...]
    given: tuple[tuple[int, ...], ...]
    results: tuple[Any, ...]
    shapes: tuple[tuple[int, ...], ...]


def run(
    model: Module, arguments: Sequence[Any], keywords: Mapping[str, Any], inputs: Sequence[Any]
) -> Run:
    """Call a model and return what it did.

    Args:
        model: In evaluation mode.
        arguments: What it is called with; inputs stand there by their place in `inputs`.
        keywords: Likewise by name.
        inputs: Tensors, and arrays of integers and booleans.
    """
    handed = [x if isinstance(x, Tensor) else _watched(x, i) for i, x in enumerate(inputs)]
    args, kwargs = _placed(tuple(arguments), handed), _placed(dict(keywords), handed)
    with no_grad(), trace() as calls, viewed_by(lambda by, of, arrays: plain(list(arrays))):
        result = model(*args, **kwargs)
    sources = _Sources(model, handed, calls)
    steps = tuple(
        Step(
            call.op.idea,
            {name: sources.inside(value) for name, value in call.config.items()},
            tuple(sources.of(x) for x in call.inputs),
            tuple(y.shape for y in call.outputs),
            tuple(y.dtype for y in call.outputs),
            f"{call.path} {type(call.modules[-1]).__name__}".strip() if call.modules else "",
        )
        for call in calls
    )
    results = list(_leaves(result, "the result"))
    return Run(
        steps,
        sources.state,
        tuple(x.shape for x in handed),
        tuple(map(sources.of, results)),
        tuple(y.shape for y in results),
    )


def _watched(x: Array, place: int) -> TracedArray:
    array = x.view(TracedArray)
    array.source = Given(place)
    return array


def _placed(x: Any, inputs: Sequence[Any]) -> Any:
    """Return arguments with the inputs in their places."""
    if isinstance(x, Given):
        return inputs[x.place]
    if isinstance(x, dict):
        return {name: _placed(part, inputs) for name, part in x.items()}
    return type(x)(_placed(part, inputs) for part in x) if type(x) in (tuple, list) else x


def _leaves(result: Any, where: str) -> Iterator[Any]:
    """Yield the arrays of what a model returned, from tuples, lists and dicts."""
    if isinstance(result, Tensor | np.ndarray):
        yield result
    elif isinstance(result, tuple | list):
        for i, part in enumerate(result):
            yield from _leaves(part, f"{where}[{i}]")
    elif isinstance(result, Mapping):
        for name, part in result.items():
            yield from _leaves(part, f"{where}[{name!r}]")
    elif result is not None:
        raise ExportError(
            f"to_onnx: expected {where} to be Tensors, in tuples or dicts, got "
            f"{type(result).__name__}"
        )


class _Sources:
    """Where the arrays of one run come from, found by the memory that holds them."""

    def __init__(self, model: Module, handed: Sequence[Any], calls: Trace) -> None:
        # What holds the same memory in two places is known by the first of them.
        self.known: dict[Any, Any] = {}
        self.tensors: dict[int, Any] = {}
        self.roots: dict[int, tuple[State, Array]] = {}
        tensors: dict[str, Tensor] = {
            **dict(model.named_parameters()),
            **dict(model.named_buffers()),
        }
        self.state = tuple(tensors)
        for name, tensor in tensors.items():
            state = State(name, tensor.data)
            self.add(tensor, state)
            self.roots[_address(tensor.data)] = state, tensor.data
        for i, x in enumerate(handed):
            if isinstance(x, Tensor):
                self.add(x, Given(i))
        for i, call in enumerate(calls):
            for j, y in enumerate(call.outputs):
                self.add(y, Made(i, j))

    def add(self, tensor: Tensor, source: Any) -> None:
        self.tensors[id(tensor)] = source
        if tensor.data.size:
            self.known.setdefault(_place(tensor.data), source)

    def of(self, x: Any) -> Any:
        """Return where an input comes from."""
        if isinstance(x, Tensor) and id(x) in self.tensors:
            return self.tensors[id(x)]
        array = x.data if isinstance(x, Tensor) else x
        if isinstance(array, TracedArray):
            return self.computed(array)
        if not isinstance(array, np.ndarray):
            return array.item() if isinstance(array, np.generic) else array
        if array.size and (source := self.known.get(_place(array))):
            return source
        return self.part(array)

    def computed(self, array: TracedArray) -> Any:
        source = array.source
        if not isinstance(source, Computed):
            return array.view(np.ndarray) if source is None else source
        inputs = tuple(map(self.inside, source.inputs))
        options = {name: self.inside(value) for name, value in source.options.items()}
        return Computed(source.function, inputs, options, source.result)

    def inside(self, x: Any) -> Any:
        """Return the same for what may be a tuple or a list of inputs."""
        return type(x)(map(self.inside, x)) if type(x) in (tuple, list) else self.of(x)

    def part(self, array: Array) -> Any:
        """Return an array as a block of the whole that it is a view of; itself if it is none."""
        whole = array
        while isinstance(whole.base, np.ndarray):
            whole = whole.base
        state, whole = self.roots.get(_address(whole), (whole, whole))
        if (
            whole is array
            or whole.ndim != array.ndim
            or whole.dtype != array.dtype
            or not whole.flags.c_contiguous
            or whole.strides != array.strides
        ):
            return array
        offset = (_address(array) - _address(whole)) // whole.itemsize
        starts = tuple(map(int, np.unravel_index(offset, whole.shape))) if array.size else ()
        stops = tuple(start + n for start, n in zip(starts, array.shape, strict=False))
        return Part(state, starts, stops, array.shape, array) if array.size else array


def _address(array: Array) -> int:
    return int(array.__array_interface__["data"][0])


def _place(array: Array) -> Any:
    """Return what two arrays share if they are the same numbers in the same memory."""
    return _address(array), array.shape, array.strides, array.dtype.str
