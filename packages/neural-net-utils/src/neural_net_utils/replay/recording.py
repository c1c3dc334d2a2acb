"""Running a loss and its backward pass once as they are written, and noting every NumPy call."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from neural_net_core import Module, Tensor, forms
from neural_net_core.context import context
from neural_net_core.dtypes import Array
from neural_net_core.numpy_calls.numpy_call import is_same
from neural_net_core.numpy_calls.recorded_array import plain
from neural_net_core.observing import drawn_by, viewed_by, works_run_by
from neural_net_utils.replay.instruction import Instruction
from neural_net_utils.replay.memory import Memory
from neural_net_utils.replay.recorder import AROUND, Recorder
from neural_net_utils.replay.traced_array import Namespace, in_namespace
from neural_net_utils.replay.watched import Watched

__all__ = ["Recording", "holds_objects", "recorded", "shared_with"]


@dataclass(eq=False)
class Recording:
    """What one step has done.

    Attributes:
        instructions: Its NumPy calls.
        memory: The memory that they met.
        inputs: The arguments' arrays, and the seed of the backward pass, if it has one.
        outputs: The arrays of the loss and of whatever else the step returned.
        templates: What it returned them as: Tensor, np.ndarray or np.generic.
        many: Whether in a tuple.
        counts: What the loss counted.
        has_seed: Whether the backward pass begins with the last of the inputs, and not with 1.
        leaves: The tensors that can get a gradient.
        gradients: Theirs, None where there is none.
        side_by_side: What runs works of several threads, if there were any.
        versions: Which tensors were changed in place, and how often.
        reasons: Why it cannot be run again.
    """

    instructions: list[Instruction]
    memory: Memory
    inputs: list[Array]
    outputs: list[Array]
    templates: list[Any]
    many: bool
    counts: tuple[float | None, ...]
    has_seed: bool
    leaves: list[Tensor]
    gradients: list[Array | None]
    side_by_side: Callable[..., Any] | None
    versions: list[tuple[Any, int]]
    reasons: list[str]

    @property
    def results(self) -> list[Array]:
        """All arrays that the step leaves, but those of tensors that it changes in place."""
        return [*self.outputs, *(x for x in self.gradients if x is not None)]


def recorded(
    loss_of: Callable[..., Any],
    inputs: Sequence[Any],
    tensors: Sequence[Tensor],
    modules: Sequence[Module],
    spaces: Sequence[dict[str, Any]],
    as_written: Any,
    seed: float | None = None,
    outside: Sequence[Array] = (),
) -> Recording:
    """Run a loss and its backward pass, and note the calls.

    Args:
        loss_of: Returns the loss of the inputs, or a tuple that begins with it.
        inputs: Its arguments: arrays, Tensors, and what is neither.
        tensors: The parameters and buffers that it may use; their gradients have to be None.
        modules: The modules that may be called, whose arrays are seen, too.
        spaces: The global names of the step's own functions.
        as_written: What it has returned without being recorded.
        seed: With which gradient the backward pass begins, which may be another one in every
            replay; None if it always is 1.
        outside: Arrays that are no tensors', and are read where they are.
    """
    memory = Memory()
    recorder = Recorder(memory)
    arrays = _arrays(inputs)
    for array in arrays:
        memory.give(array, "input")
    for tensor in tensors:
        if tensor.data.size:
            memory.give(tensor.data)
    for array in outside:
        if array.size:
            memory.give(array)
    versions = [(tensor, tensor.version) for tensor in tensors]
    careful, asked = forms.careful, forms.asked
    try:
        with (
            _traced(recorder, inputs, tensors, modules) as given,
            in_namespace(Namespace(recorder), spaces),
            viewed_by(lambda by, of, arrays: [recorder.handed(x) for x in arrays]),
            drawn_by(recorder.draw),
            works_run_by(recorder.run_works),
            np.errstate(all=AROUND, call=recorder.hear),
            warnings.catch_warnings(record=True) as said,
        ):
            warnings.simplefilter("always")
            result = loss_of(*given)
            returned = result if type(result) is tuple else (result,)
            recorder.is_backward = True
            if seed is None:
                returned[0].backward()
            else:
                dy = np.full_like(plain(returned[0].data), seed)
                memory.give(dy, "input")
                arrays.append(dy)
                returned[0].backward(recorder.wrapped(dy))
    finally:
        recorder.open = False
        if forms.asked == asked:  # else another thread needs it
            forms.careful = careful
        leaves = [tensor for tensor in tensors if tensor.requires_grad]
        for leaf in leaves:
            leaf.grad = plain(leaf.grad)
        for x in inputs:
            if isinstance(x, Tensor) and x.grad is not None:
                x.grad = plain(x.grad)
                recorder.refuse("an argument requires a gradient")
    outputs = [_output(recorder, x) for x in returned]
    written = as_written if type(as_written) is tuple else (as_written,)
    for leaf in leaves:
        if leaf.grad is not None and not memory.knows(leaf.grad):
            recorder.refuse("a gradient was made unseen")
    for instruction in recorder.instructions:
        for out in instruction.outs:
            owner = memory.owner(out)
            if owner is not None and owner.role in ("met", "input"):
                whose = "an argument" if owner.role == "input" else "memory that was made unseen"
                recorder.refuse(f"{instruction.site} writes into {whose}")
    for first, array, site in recorder.chosen:
        owner = memory.owner(array)
        later = recorder.instructions[first:]
        if any(owner and owner is memory.owner(out) for x in later for out in x.outs):
            recorder.refuse(f"{site} chooses by a number what is written afterwards")
    for warning in said:
        recorder.refuse(f"it warns: {warning.message}")
    return Recording(
        recorder.instructions,
        memory,
        arrays,
        outputs,
        [_kind(recorder, x) for x in written],
        type(result) is tuple,
        returned[0].counts,
        seed is not None,
        leaves,
        [leaf.grad for leaf in leaves],
        recorder.side_by_side,
        [(t, t.version - before) for t, before in versions if t.version != before],
        recorder.reasons,
    )


def shared_with(inputs: Sequence[Any], watched: Watched) -> str:
    """Return with what an argument shares its memory, or "": it has to have some of its own."""
    arrays = _arrays(inputs)
    if any(np.may_share_memory(a, b) for a, b in combinations(arrays, 2)):
        return "another"
    held = list(watched.arrays())
    if any(np.may_share_memory(a, b) for a in arrays for b in held):
        return "the model, or with what the step finds outside of its arguments"
    return ""


def holds_objects(inputs: Sequence[Any]) -> bool:
    """Tell whether an argument holds what cannot be copied as bytes."""
    return any(array.dtype.hasobject for array in _arrays(inputs))


def _arrays(inputs: Sequence[Any]) -> list[Array]:
    arrays = [x.data if isinstance(x, Tensor) else x for x in inputs]
    return [x for x in arrays if isinstance(x, np.ndarray)]


def _output(recorder: Recorder, x: Any) -> Array:
    """Return the plain array of something that a step returned."""
    array = plain(x.data if isinstance(x, Tensor) else x)
    if not isinstance(array, np.ndarray):
        return np.empty(0)  # refused by `_kind`
    owner = recorder.memory.owner(array)
    if array.size and (owner is None or owner.role == "met"):
        recorder.refuse("it returns an array that was made unseen")
    elif owner is not None and owner.role != "made":
        whose = "an argument" if owner.role == "input" else "a parameter or buffer"
        recorder.refuse(f"it returns the memory of {whose}; return a copy of it")
    return array


def _kind(recorder: Recorder, x: Any) -> type[Any]:
    """Return as what a step returned something."""
    if isinstance(x, Tensor):
        return Tensor
    if type(x) is np.ndarray or isinstance(x, np.generic):
        return np.ndarray if type(x) is np.ndarray else np.generic
    recorder.refuse(f"it returns a {type(x).__name__}; only Tensors and arrays can be recorded")
    return np.ndarray


@context
def _traced(
    recorder: Recorder, inputs: Sequence[Any], tensors: Sequence[Tensor], modules: Sequence[Module]
) -> Iterator[list[Any]]:
    """Put traced arrays where the step finds its arrays, and put the plain ones back at last."""
    held = [(tensor, tensor.data) for tensor in {id(t): t for t in tensors}.values()]
    held += [(x, x.data) for x in inputs if isinstance(x, Tensor)]
    made = recorder.wrapped
    attributes = [
        (vars(module), name, array)
        for module in modules
        for name, array in vars(module).items()
        if type(array) is np.ndarray
    ]
    try:
        for tensor, array in held:
            tensor.data = made(array)
        for holder, name, array in attributes:
            recorder.memory.give(array)
            holder[name] = made(array)
        yield [x if isinstance(x, Tensor) else made(x) for x in inputs]
    finally:
        for tensor, array in held:
            if not is_same(plain(tensor.data), array):
                recorder.refuse("it replaces the array of an argument, a parameter or a buffer")
            tensor.data = array
        for holder, name, array in attributes:
            holder[name] = array
