"""Record how large the gradients are, layer by layer: where they vanish, where they explode."""

import math
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from neural_net_core.checks import check_count, check_word
from neural_net_core.dtypes import Array
from neural_net_utils.training.callbacks.base import Callback
from neural_net_utils.training.history import Table
from neural_net_utils.training.training import Training

__all__ = ["GradientFlow"]


class GradientFlow(Callback):
    """The Euclidean norm of each layer's gradient, before clipping.

    Args:
        every: record each n-th step.
        by: "layer" joins the parameters of one module (weight and bias), "parameter" does not.

    Attributes:
        norms: a column per layer in forward order, a row per recorded step.

    Examples:
        >>> flow = GradientFlow(every=10)
        >>> flow.norms.index, dict(flow.norms)  # after fit: steps, and norms by layer
        ([], {})
    """

    def __init__(self, every: int = 1, *, by: Literal["layer", "parameter"] = "layer") -> None:
        check_word("GradientFlow", "by", by, ("layer", "parameter"))
        self.every = check_count("GradientFlow", "every", every, 1)
        self.by = by
        self.reset()

    def reset(self) -> None:
        """Forget earlier runs."""
        self.norms = Table("step")

    def on_gradients(self, training: Training) -> None:
        step = training.step + 1
        if step % self.every:
            return
        row: dict[str, float] = {}
        for name, parameter in training.model.named_parameters():
            layer = name.rpartition(".")[0] or name if self.by == "layer" else name
            norm = 0.0 if parameter.grad is None else _norm(parameter.grad)
            row[layer] = math.hypot(row.get(layer, 0.0), norm)
        self.norms.append(step, row)

    def state_dict(self) -> dict[str, Any]:
        """All norms so far."""
        return self.norms.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on recording after those of `state_dict`."""
        self.norms.load_state_dict(state)


def _norm(gradient: Array) -> float:
    """The Euclidean norm, right also where the squares overflow or underflow float32."""
    largest = float(np.abs(gradient).max(initial=0))
    if largest == 0 or not math.isfinite(largest):
        return largest
    scaled = gradient / largest
    return largest * math.sqrt(float(np.vdot(scaled, scaled)))
