"""What a step returns: its loss, without a graph, and the same from arrays of a replay."""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from neural_net_core import Tensor
from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_utils.replay.variant import Outcome, Variant

__all__ = ["Once", "Weigh", "delivered", "loss_in", "returned_as", "without_graph"]

# Called with what a step returned, in a tuple; returns by what its gradients are multiplied.
Weigh = Callable[[tuple[Any, ...]], float]


class Once:
    """A weight of a step, asked for once: also where a record fails after it has been."""

    def __init__(self, weigh: Weigh) -> None:
        self._weigh = weigh
        self._answer: float | Exception | None = None

    def __call__(self, returned: tuple[Any, ...]) -> float:
        if self._answer is None:
            profile = sys.getprofile()
            if callable(profile):
                sys.setprofile(None)  # it is no part of the step
            try:
                self._answer = self._weigh(returned)
            except Exception as error:
                self._answer = error
            finally:
                if callable(profile):
                    sys.setprofile(profile)
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def loss_in(result: Any) -> Tensor:
    """Return the loss of what a step has returned."""
    loss = result[0] if type(result) is tuple and result else result
    if not isinstance(loss, Tensor) or loss.size != 1:
        kind = f"a Tensor {loss.shape}" if isinstance(loss, Tensor) else type(loss).__name__
        raise ShapeError(f"RecordedStep: expected loss_of to return a scalar Tensor, got {kind}")
    return loss


def without_graph(result: Any) -> Any:
    """Return what a step has returned without its history; what a loss counted stays with it."""
    if type(result) is tuple:
        return tuple(map(without_graph, result))
    if not isinstance(result, Tensor):
        return result
    cut = result.detach()
    cut.counts = result.counts
    return cut


def delivered(variant: Variant, outcome: Outcome) -> Any:
    """Hand over what a replay has computed."""
    outputs, gradients = outcome
    for tensor, gradient in zip(variant.leaves, gradients, strict=True):
        held = tensor.grad
        tensor.grad = gradient if held is None else np.asarray(held + gradient)
    changed: Any
    for changed, times in variant.versions:
        changed.version += times
    results = returned_as(variant, outputs)
    return results if variant.many else results[0]


def returned_as(variant: Variant, outputs: list[Array]) -> tuple[Any, ...]:
    """Return arrays as what the step returned them as."""
    loss = Tensor.from_op(outputs[0], None, 0)
    if variant.counts:
        loss.counts = variant.counts
    return loss, *map(_as_it_was, variant.templates[1:], outputs[1:])


def _as_it_was(kind: type[Any], array: Array) -> Any:
    """Return a result as what the step returned it: a Tensor, an array, or a NumPy scalar."""
    if kind is Tensor:
        return Tensor.from_op(array, None, 0)
    return array if kind is np.ndarray else array[()]
