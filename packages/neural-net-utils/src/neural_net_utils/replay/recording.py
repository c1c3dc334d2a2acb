"""Running a loss and its backward pass once as they are written, and noting every NumPy call."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from neural_net_core import Module, Tensor, forms
from neural_net_core.context import context
from neural_net_core.dtypes import Array
from neural_net_core.fast import threads
from neural_net_core.numpy_calls.recorded_array import plain
from neural_net_core.observing import drawn_by, viewed_by
from neural_net_utils.replay.instruction import Instruction
from neural_net_utils.replay.memory import Memory
from neural_net_utils.replay.recorder import Recorder
from neural_net_utils.replay.traced_array import Namespace, in_namespace

__all__ = ["Recording", "recorded"]


@dataclass(eq=False)
class Recording:
    """What one step has done.

    Attributes:
        instructions: Its NumPy calls.
        memory: The memory that they met.
        inputs: The arguments' arrays.
        outputs: The arrays of the loss and of whatever else the step returned.
        templates: What it returned them as.
        many: Whether in a tuple.
        leaves: The tensors that can get a gradient.
        gradients: Theirs, None where there is none.
        versions: Which tensors were changed in place, and how often.
        settings: NumPy's error settings.
        reasons: Why it cannot be run again.
    """

    instructions: list[Instruction]
    memory: Memory
    inputs: list[Array]
    outputs: list[Array]
    templates: list[Any]
    many: bool
    leaves: list[Tensor]
    gradients: list[Array | None]
    versions: list[tuple[Any, int]]
    settings: dict[str, str]
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
) -> tuple[Recording, Any]:
    """Run a loss and its backward pass, and note the calls.

    Args:
        loss_of: Returns the loss of the inputs, or a tuple that begins with it.
        inputs: Its arguments: arrays, Tensors, and what is neither.
        tensors: The parameters and buffers that it may use; their gradients have to be None.
        modules: The modules that may be called, whose arrays are seen, too.
        spaces: The global names of the step's own functions.

    Returns:
        The recording, and what the step returned.
    """
    memory = Memory()
    recorder = Recorder(memory)
    arrays = [x.data if isinstance(x, Tensor) else x for x in inputs]
    arrays = [x for x in arrays if isinstance(x, np.ndarray)]
    for array in arrays:
        memory.give(array, "input")
    for tensor in tensors:
        owner = memory.give(tensor.data) if tensor.data.size else None
        if owner is not None and owner.role == "input":
            recorder.refuse("an argument shares memory with a parameter or buffer")
    if any(np.may_share_memory(a, b) for a, b in combinations(arrays, 2)):
        recorder.refuse("two of its arguments share memory")
    settings: Any = np.geterr()
    versions = [(tensor, tensor.version) for tensor in tensors]
    careful = forms.careful
    try:
        with (
            _traced(recorder, inputs, tensors, modules) as given,
            in_namespace(Namespace(recorder), spaces),
            viewed_by(lambda by, of, arrays: [recorder.handed(x) for x in arrays]),
            drawn_by(recorder.draw),
            _watched_works(recorder),
        ):
            result = loss_of(*given)
            returned = result if type(result) is tuple else (result,)
            returned[0].backward()
    finally:
        recorder.open = False
        forms.careful = careful
        leaves = [tensor for tensor in tensors if tensor.requires_grad]
        for leaf in leaves:
            leaf.grad = plain(leaf.grad)
        for x in inputs:
            if isinstance(x, Tensor) and x.grad is not None:
                x.grad = plain(x.grad)
                recorder.refuse("an argument requires a gradient")
    outputs = [_output(recorder, x) for x in returned]
    for leaf in leaves:
        if leaf.grad is not None and not memory.knows(leaf.grad):
            recorder.refuse("a gradient was made unseen")
    for instruction in recorder.instructions:
        for out in instruction.outs:
            owner = memory.owner(out)
            if owner is not None and owner.role in ("met", "input"):
                whose = "an argument" if owner.role == "input" else "memory that was made unseen"
                recorder.refuse(f"{instruction.site} writes into {whose}")
    recording = Recording(
        recorder.instructions,
        memory,
        arrays,
        outputs,
        [Tensor if isinstance(x, Tensor) else None for x in returned],
        type(result) is tuple,
        leaves,
        [leaf.grad for leaf in leaves],
        [(t, t.version - before) for t, before in versions if t.version != before],
        settings,
        recorder.reasons,
    )
    if type(result) is tuple:
        result = tuple(plain(x) for x in result)
    return recording, result


def _output(recorder: Recorder, x: Any) -> Array:
    """Return the plain array of something that a step returned."""
    if isinstance(x, Tensor):
        x.data = plain(x.data)
    array = x.data if isinstance(x, Tensor) else plain(x)
    if not isinstance(array, np.ndarray):
        recorder.refuse(f"it returns a {type(x).__name__}; only Tensors and arrays can be recorded")
        return np.empty(0)
    if not recorder.memory.knows(array):
        recorder.refuse("it returns an array that was made unseen")
    return array


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
            tensor.data = array
        for holder, name, array in attributes:
            holder[name] = array


@context
def _watched_works(recorder: Recorder) -> Iterator[None]:
    """Run works of several threads one after the other."""
    token = threads.instead.set(recorder.run_together)
    try:
        yield
    finally:
        threads.instead.reset(token)
