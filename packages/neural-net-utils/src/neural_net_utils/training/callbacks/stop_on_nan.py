"""Stop before NaN or infinity reaches the weights."""

import math
from typing import Any

import numpy as np

from neural_net_core import Tensor, TrainingError
from neural_net_core.dtypes import Array
from neural_net_utils.training.callbacks.base import Callback
from neural_net_utils.training.training import Training

__all__ = ["NonFiniteError", "StopOnNaN"]


class NonFiniteError(TrainingError):
    """The loss or a gradient became NaN or infinite; the optimizer's step was not made.

    Attributes:
        step: the step that failed, from 1.
        loss: its loss.
        parameter: the first parameter affected by name, or None.
    """

    def __init__(self, message: str, step: int, loss: float, parameter: str | None) -> None:
        super().__init__(message)
        self.step = step
        self.loss = loss
        self.parameter = parameter


class StopOnNaN(Callback):
    """Raise `NonFiniteError` with the step, the loss and the first parameter affected.

    `fit` always has one. Parameters are as the last good step left them.
    """

    def on_gradients(self, training: Training) -> None:
        if math.isfinite(training.loss) and all(
            p.grad is None or _all_finite(p.grad) for p in training.parameters
        ):
            return
        name, what = _first_affected(training)
        everyone = training.communicator.allgather(_bad_inputs(training.group))
        inputs = next(filter(None, everyone), "")  # only the rank with the sample knows
        step = training.step + 1
        where = f"step {step} (epoch {training.epoch})"
        message = f"training stopped at {where}: the loss is {training.loss}; "
        message += f"the first parameter affected is {name} ({what})" if name else what
        if inputs:
            message += f"; the batch itself holds NaN or infinity in {inputs}"
        elif training.learning_rates:
            message += f"; the learning rate was {max(training.learning_rates):.3g}"
        raise NonFiniteError(message, step, training.loss, name)


def _all_finite(array: Array) -> bool:
    # One product is the cheapest look at every element; it may overflow for huge but finite ones.
    return math.isfinite(np.vdot(array, array)) or bool(np.isfinite(array).all())


def _first_affected(training: Training) -> tuple[str | None, str]:
    """The first parameter with bad values, else the first with a bad gradient, in forward order."""
    for name, parameter in training.model.named_parameters():
        if not np.isfinite(parameter.data).all():
            return name, "its values are not finite"
    for name, parameter in training.model.named_parameters():
        if parameter.grad is not None and not np.isfinite(parameter.grad).all():
            return name, "its gradient is not finite"
    return None, "parameters and gradients are finite, only the loss is not"


def _bad_inputs(group: list[tuple[Any, ...]]) -> str:
    """Which arrays of the batches are not finite, such as "input 0" or "the target"."""
    found = []
    for *inputs, target in group:
        names = [*(f"input {i}" for i in range(len(inputs))), "the target"]
        for name, values in zip(names, [*inputs, target], strict=True):
            array = values.data if isinstance(values, Tensor) else np.asarray(values)
            if array.dtype.kind == "f" and not np.isfinite(array).all() and name not in found:
                found.append(name)
    return " and ".join(found)
