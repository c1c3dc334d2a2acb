"""Whether a recorded step is the step: both are run, and all that they leave is compared."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from neural_net_core import Tensor
from neural_net_core.dtypes import Array
from neural_net_utils.replay.recording import Recording
from neural_net_utils.replay.replay import ChangedError
from neural_net_utils.replay.variant import Variant
from neural_net_utils.replay.watched import Watched

__all__ = ["Moment", "both", "differs_elsewhere", "is_other"]

# By how much numbers are changed for a comparison, and how many ways to do that are tried.
_NOISE, _ATTEMPTS = 2**-5, 3

# Runs a step as it is written and returns what it returned.
Written = Callable[[tuple[Any, ...]], Any]


class Moment:
    """What a step can change, as it is now: tensors, arrays of modules, generators.

    Args:
        watched: What the step depends on.
    """

    def __init__(self, watched: Watched) -> None:
        self.gradients = [(x, x.grad) for x in watched.tensors.values()]
        self.versions: list[tuple[Any, int]] = [(x, x.version) for x in watched.tensors.values()]
        self.arrays = [(x, x.copy("K")) for x in watched.arrays()]
        self.generators: list[tuple[Any, Any]] = [
            (x, x.bit_generator.state) for x in watched.generators.values()
        ]

    def put_back(self) -> None:
        """Make everything as it was."""
        for tensor, gradient in self.gradients:
            tensor.grad = gradient
        for tensor, version in self.versions:
            if tensor.version != version:
                tensor.version = version
        for array, content in self.arrays:
            if not same_bits(array, content):
                np.copyto(array, content)
        for generator, state in self.generators:
            generator.bit_generator.state = state

    def change(self, other: "Moment") -> str:
        """Return what is not the same in another moment, gradients and versions apart, or ""."""
        for (_, a), (_, b) in zip(self.arrays, other.arrays, strict=True):
            if not same_bits(a, b):
                return f"an array {a.shape} of the model"
        for (_, a), (_, b) in zip(self.generators, other.generators, strict=True):
            if _plain_state(a) != _plain_state(b):
                return "a random generator, from which something draws by itself"
        return ""


def both(
    written: Written, variant: Variant, inputs: tuple[Any, ...], arrays: Sequence[Array]
) -> tuple[Any, str]:
    """Run a step from its record, take that back, and run it as it is written.

    Args:
        written: The step as it is written.
        variant: Its record.
        inputs: The arguments.
        arrays: The arrays in them.

    Returns:
        What it returned, and what does not have the same bits, or "".

    Raises:
        ChangedError: If the record is not one of this step; nothing has been changed then.
    """
    before = Moment(variant.watched)
    try:
        with np.errstate(all="ignore"):  # the step as it is written warns
            outputs, gradients = variant.run(arrays)
        replayed = Moment(variant.watched)
    except ChangedError:
        raise
    except Exception as error:  # of the step as it is written, too, or of its record alone
        before.put_back()
        return written(inputs), f"{type(error).__name__}: {error}"
    finally:
        before.put_back()
    result = written(inputs)
    after = Moment(variant.watched)
    found = _results_differ(result, outputs) or replayed.change(after)
    return result, found or _gradients_differ(
        before, after, variant.leaves, gradients, variant.versions
    )


def is_other(
    recording: Recording, before: Moment, after: Moment, watched: Watched, result: Any
) -> str:
    """Return in what a recording is not the step that it has recorded, or "".

    Args:
        recording: The step, just recorded.
        before: How all was before it.
        after: How all was after the step as it is written.
        watched: What the step depends on.
        result: What the step as it is written returned.
    """
    pairs = zip(recording.leaves, recording.gradients, strict=True)
    known = [(leaf, gradient) for leaf, gradient in pairs if gradient is not None]
    return (
        _results_differ(result, recording.outputs)
        or Moment(watched).change(after)
        or _gradients_differ(
            before, after, [x for x, _ in known], [x for _, x in known], recording.versions
        )
    )


def _results_differ(result: Any, outputs: Sequence[Array]) -> str:
    """Return which part of what a step returned is not as in a record, or ""."""
    returned = result if type(result) is tuple else (result,)
    if len(returned) != len(outputs):
        return "the number of its results"
    for i, (x, output) in enumerate(zip(returned, outputs, strict=True)):
        if not same_bits(x.data if isinstance(x, Tensor) else x, output):
            return f"result {i}"
    return ""


def _gradients_differ(
    before: Moment,
    after: Moment,
    leaves: Sequence[Tensor],
    gradients: Sequence[Array],
    versions: Sequence[tuple[Any, int]],
) -> str:
    """Return whose gradient or version a step leaves otherwise than its record, or ""."""
    new = {id(leaf): gradient for leaf, gradient in zip(leaves, gradients, strict=True)}
    times = {id(tensor): n for tensor, n in versions}
    for (tensor, held), (_, now) in zip(before.gradients, after.gradients, strict=True):
        gradient = new.get(id(tensor))
        if gradient is None or held is None:
            wanted = held if gradient is None else gradient
        else:
            wanted = np.asarray(held + gradient)
        if (wanted is None) is not (now is None) or (
            wanted is not None and now is not None and not same_bits(wanted, now)
        ):
            return f"the gradient of {getattr(tensor, 'name', None) or tensor.shape}"
    for (tensor, version), (_, newer) in zip(before.versions, after.versions, strict=True):
        if version + times.get(id(tensor), 0) != newer:
            return f"how often {tensor.shape} is changed"
    return ""


def differs_elsewhere(written: Written, variant: Variant, inputs: tuple[Any, ...]) -> str:
    """Compare with other numbers in the arguments and in the model, which gets its own back.

    What comes out right only because it was a constant so far, such as a number that Python has
    made of an argument in a way that was not seen, comes out wrong here.

    Returns:
        What is wrong, or "".
    """
    problem = ""
    moment = Moment(variant.watched)
    for attempt in range(_ATTEMPTS):
        rng = np.random.default_rng(attempt)
        others = tuple(_elsewhere(rng, x, attempt) for x in inputs)
        arrays = [x.data if isinstance(x, Tensor) else x for x in others]
        try:
            # Strange numbers overflow, which would be nobody's fault.
            with np.errstate(all="ignore"):
                for array in variant.watched.model_arrays():
                    if array.dtype.kind == "f" and array.flags.writeable:
                        array *= 1 + rng.uniform(-_NOISE, _NOISE, array.shape)
                for generator in variant.watched.generators.values():
                    generator.random()
                for leaf in variant.leaves:
                    leaf.grad = np.ones_like(leaf.data)
                given = [x for x in arrays if isinstance(x, np.ndarray)]
                _, different = both(written, variant, others, given)
        except Exception as error:  # perhaps these numbers make no sense
            problem = f"with other numbers it could not be compared: {error}"
        else:
            if different:
                return f"with other numbers its record does not give the same: {different}"
            return ""
        finally:
            moment.put_back()
    return problem


def _elsewhere(rng: np.random.Generator, x: Any, attempt: int) -> Any:
    """Return an argument with other numbers, of the same kind and in the same layout.

    At first floating numbers are changed a little, and of the others each is one of those that
    there are: labels and ids stay what they can be, but none is as often there as before. Then the
    order is changed alone, in all arguments alike, and at last the floating numbers alone.
    """
    if isinstance(x, Tensor):
        return Tensor.from_op(_elsewhere(rng, x.data, attempt), None, 0)
    if not isinstance(x, np.ndarray) or not x.size:
        return x
    is_floating = x.dtype.kind == "f"
    new: Any = x
    if attempt == 0 and x.ndim:
        new = rng.permutation(x) if is_floating else rng.choice(x.reshape(-1), x.shape)
    elif attempt == 1 and x.ndim:
        new = x[::-1]
    if is_floating and attempt != 1:
        new = new * np.asarray(1 + rng.uniform(-_NOISE, _NOISE, x.shape), x.dtype)
    low, high = np.lib.array_utils.byte_bounds(x)
    start = x.__array_interface__["data"][0] - low
    alike: Array = np.ndarray(x.shape, x.dtype, np.zeros(high - low, np.uint8), start, x.strides)
    alike[...] = new
    return alike


def same_bits(a: Any, b: Any) -> bool:
    """Tell whether two arrays are the same, bit by bit, and in the same layout."""
    if (a.shape, a.dtype) != (b.shape, b.dtype) or _layout(a) != _layout(b):
        return False
    return bool(a.tobytes() == b.tobytes())


def _layout(x: Any) -> list[int]:
    return [step for step, n in zip(x.strides, x.shape, strict=True) if n > 1] if x.size else []


def _plain_state(state: Any) -> Any:
    if isinstance(state, dict):
        return {name: _plain_state(part) for name, part in state.items()}
    return state.tobytes() if isinstance(state, np.ndarray) else state
