"""Whether a recorded step is the step: both are run, and all that they leave is compared."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from neural_net_core import Tensor
from neural_net_core.dtypes import Array
from neural_net_utils.replay.variant import Variant, same_bits

__all__ = ["add_gradients", "both", "differs_elsewhere"]

# By how much numbers are changed for a comparison, and how many ways to do that are tried.
_NOISE, _ATTEMPTS = 2**-5, 3

# Runs a step as it is written and returns what it returned.
Written = Callable[[tuple[Any, ...]], Any]


def both(
    written: Written, variant: Variant, inputs: tuple[Any, ...], arrays: Sequence[Array]
) -> tuple[Any, bool]:
    """Run a step from its record, take that back, and run it as it is written.

    Args:
        written: The step as it is written.
        variant: Its record.
        inputs: The arguments.
        arrays: The arrays in them.

    Returns:
        What it returned, and whether all that it computed and changed has the same bits.

    Raises:
        ChangedError: If the record is not one of this step; nothing has been changed then.
    """
    before = variant.state()
    replayed = variant.run(arrays)
    after = variant.state()
    variant.restore(before)
    tensors = list(variant.watched.tensors.values())
    held = [(tensor, tensor.grad) for tensor in tensors]
    for tensor in tensors:
        tensor.grad = None
    try:
        result = written(inputs)
        returned = result if type(result) is tuple else (result,)
        outputs = [x.data if isinstance(x, Tensor) else x for x in returned]
        gradients: list[Any] = [tensor.grad for tensor in variant.leaves]
        same = (
            sum(tensor.grad is not None for tensor in tensors) == len(variant.leaves)
            and all(gradient is not None for gradient in gradients)
            and same_bits(replayed, (outputs, gradients))
            and variant.is_in(after)
        )
    finally:
        add_gradients(held)
    return result, same


def add_gradients(held: Sequence[tuple[Tensor, Array | None]]) -> None:
    """Add the gradients that tensors have to those that they had before."""
    for tensor, before in held:
        if before is not None:
            new = tensor.grad
            tensor.grad = before if new is None else np.asarray(before + new)


def differs_elsewhere(written: Written, variant: Variant, inputs: tuple[Any, ...]) -> str:
    """Compare with other numbers in the arguments and in all tensors, which get theirs back.

    What comes out right only because it was a constant so far, such as a number that Python has
    made of an argument in a way that was not seen, comes out wrong here.

    Returns:
        What is wrong, or "".
    """
    problem = ""
    held: list[tuple[Any, Array, Array | None, int]] = [
        (tensor, tensor.data.copy("K"), tensor.grad, tensor.version)
        for tensor in variant.watched.tensors.values()
    ]
    state = variant.state()
    for attempt in range(_ATTEMPTS):
        rng = np.random.default_rng(attempt)
        others = tuple(_elsewhere(rng, x, attempt) for x in inputs)
        arrays = [x.data if isinstance(x, Tensor) else x for x in others]
        try:
            for tensor, *_ in held:
                if tensor.data.dtype.kind == "f":
                    tensor.data *= 1 + rng.uniform(-_NOISE, _NOISE, tensor.data.shape)
            _, same = both(
                written, variant, others, [x for x in arrays if isinstance(x, np.ndarray)]
            )
        except Exception as error:  # perhaps these numbers make no sense
            problem = f"with other numbers it could not be compared: {error}"
        else:
            return "" if same else "with other numbers its record does not give the same bits"
        finally:
            for tensor, array, grad, version in held:
                np.copyto(tensor.data, array)
                tensor.grad = grad
                if tensor.version != version:
                    tensor.version = version
            variant.restore(state)
    return problem


def _elsewhere(rng: np.random.Generator, x: Any, attempt: int) -> Any:
    """Return an argument with other numbers, of the same kind and in the same layout.

    At first floating numbers are changed a little, and all are put in another order; labels and ids
    stay what they can be. Then the order is changed alone, in all arguments alike, and at last the
    floating numbers alone.
    """
    if isinstance(x, Tensor):
        return Tensor(_elsewhere(rng, x.data, attempt))
    if not isinstance(x, np.ndarray) or not x.size:
        return x
    is_floating = x.dtype.kind == "f"
    new: Any = x
    if attempt == 0 and x.ndim:
        new = rng.permutation(x if is_floating else x.reshape(-1)).reshape(x.shape)
    elif attempt == 1 and x.ndim:
        new = x[::-1]
    if is_floating and attempt != 1:
        new = new * np.asarray(1 + rng.uniform(-_NOISE, _NOISE, x.shape), x.dtype)
    low, high = np.lib.array_utils.byte_bounds(x)
    start = x.__array_interface__["data"][0] - low
    alike: Array = np.ndarray(x.shape, x.dtype, np.zeros(high - low, np.uint8), start, x.strides)
    alike[...] = new
    return alike
