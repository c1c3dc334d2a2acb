"""One recording of a step, made ready to be run again, with what has to be as it was then."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_utils.replay.gradients import filled_at_once, made_anew
from neural_net_utils.replay.planning import (
    constants_apart,
    constants_in_full,
    guards_first,
    laid_out,
    needed,
)
from neural_net_utils.replay.recording import Recording
from neural_net_utils.replay.replay import Call, ChangedError, as_calls, run
from neural_net_utils.replay.signature import signature
from neural_net_utils.replay.watched import Watched

__all__ = ["Outcome", "Variant"]


# Copies of the loss and of whatever else a step returns, and its gradients, in the order of the
# leaves that have one.
Outcome = tuple[list[Array], list[Array]]


class Variant:
    """A recorded step.

    Attributes:
        watched: What it depends on besides its arguments.
        forward: What is called to run it again, up to the loss if the backward pass has a seed.
        backward: The rest.
        leaves: The tensors that get a gradient.
        writes: The arrays of tensors that it changes, such as running averages.
        generators: The random generators from which it draws.
        versions: How often each tensor is changed.
        stage: "new"; "repeated", when another recording was equal; "proven", when a replay had the
            bits of the step as it is written.
        signature: What another recording is compared with.
        sites: Where in the code its calls were made.
        size: How many bytes its intermediate results take.
    """

    def __init__(self, recording: Recording, watched: Watched) -> None:
        memory, results = recording.memory, recording.results
        calls = needed(recording.instructions, results, memory)
        self.watched = watched
        self.signature: list[Any] = signature(calls, memory, results)
        self.sites = [x.site for x in calls]
        self.templates, self.many = recording.templates, recording.many
        self.counts = recording.counts
        self.leaves = [
            leaf
            for leaf, gradient in zip(recording.leaves, recording.gradients, strict=True)
            if gradient is not None
        ]
        self.versions = recording.versions
        self.stage = "new"
        written = {memory.owner(out) for x in calls for out in x.outs if out.size}
        self.writes = [owner.array for owner in written if owner and owner.role == "given"]
        drawn: list[Any] = [
            getattr(x.function, "__self__", None) for x in calls if x.kind == "draw"
        ]
        self.generators = list({id(g): g for g in drawn}.values())
        calls, constant = constants_apart(calls, memory)
        calls = constants_in_full(calls, memory, constant)
        calls = guards_first(calls, memory)
        outputs = len(recording.outputs)
        if recording.has_seed:  # in the order in which they are run
            calls.sort(key=lambda x: x.is_backward)
        calls = filled_at_once(calls, results[outputs:], results[:outputs], memory)
        anew = made_anew(calls, results[outputs:], memory)
        kept = [array for array, new in zip(results[outputs:], anew, strict=True) if not new]
        calls, inputs, results, self.size = laid_out(
            calls, recording.inputs, [*results[:outputs], *kept], memory, constant
        )
        self._seed = inputs.pop() if recording.has_seed else None
        self._inputs = [(i, x) for i, x in enumerate(inputs) if x.size]
        copies = [_copier(x) for x in results]
        self._outputs, kept_copies = copies[:outputs], copies[outputs:]
        places = [i for i, new in enumerate(anew) if not new]
        self._copied = list(zip(places, kept_copies, strict=True))
        self._slots: list[Any] = [None] * len(anew)
        side = recording.side_by_side
        parts = [x.is_backward and self._seed is not None for x in calls]
        self.forward: list[Call] = as_calls(
            [x for x, b in zip(calls, parts, strict=True) if not b], side
        )
        self.backward: list[Call] = as_calls(
            [x for x, b in zip(calls, parts, strict=True) if b], side
        )
        self.length = len(calls)

    def run(
        self, inputs: Sequence[Array], weigh: Callable[[list[Array]], float] | None = None
    ) -> Outcome:
        """Run the step's calls on other inputs; tensors it changes are changed.

        Args:
            inputs: The arguments' arrays.
            weigh: Called with what the step returns; returns the seed of the backward pass.

        Raises:
            ChangedError: If something by which the step decided is different now. After this and
                every other error nothing has been changed.
        """
        for array in self.writes:
            if any(np.may_share_memory(array, x) for x in inputs):
                raise ChangedError("an argument shares memory with what the step changes")
            if not array.flags.writeable:
                raise ChangedError("what the step changes cannot be written any more")
        before = self.state() if self.writes or self.generators else None
        gradients = self._slots[:]
        try:
            for i, buffer in self._inputs:
                buffer[...] = inputs[i]
            run(self.forward, gradients)
            outputs = [copy() for copy in self._outputs]
            if self._seed is not None:
                self._seed.fill(1.0 if weigh is None else weigh(outputs))
                run(self.backward, gradients)
        except BaseException:
            if before is not None:
                self.restore(before)
            raise
        for i, copy in self._copied:
            gradients[i] = copy()
        return outputs, gradients

    def state(self) -> tuple[list[Array], list[Any]]:
        """Return copies of what a run changes."""
        return (
            [array.copy("K") for array in self.writes],
            [generator.bit_generator.state for generator in self.generators],
        )

    def restore(self, state: tuple[list[Array], list[Any]]) -> None:
        """Put back what a run has changed."""
        arrays, generators = state
        for array, held in zip(self.writes, arrays, strict=True):
            np.copyto(array, held)
        for generator, held in zip(self.generators, generators, strict=True):
            generator.bit_generator.state = held


def _copier(x: Array) -> Callable[[], Array]:
    """Return what copies an array, in its own layout: sums depend on it, in the last bits."""
    if x.copy("K").strides == x.strides:
        return partial(x.copy, "K")
    low, high = np.lib.array_utils.byte_bounds(x)
    start = x.__array_interface__["data"][0] - low

    def copy() -> Array:
        memory = np.empty(high - low, np.uint8)
        alike: Array = np.ndarray(x.shape, x.dtype, memory, start, x.strides)
        alike[...] = x
        return alike

    return copy
