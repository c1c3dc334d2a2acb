"""What all losses do with their inputs and with their result."""

from typing import Any, Literal

import numpy as np

from neural_net_core import ops
from neural_net_core.errors import ShapeError
from neural_net_core.ops._inputs import as_floating
from neural_net_core.tensor import Tensor, coerce_pair

__all__: list[str] = []

Reduction = Literal["none", "mean", "sum"]


def check_reduction(
    name: str, reduction: str, allowed: tuple[str, ...] = ("none", "mean", "sum")
) -> None:
    """Raise if a reduction is not one of those allowed."""
    if reduction not in allowed:
        raise ValueError(
            f"{name}: expected reduction to be one of {', '.join(allowed)}; got {reduction!r}"
        )


def matching(name: str, x: Any, target: Any) -> tuple[Tensor, Any]:
    """Return prediction and target in one dtype, or raise if their shapes differ.

    Shapes that merely broadcast are refused: (N, 1) against (N,) would silently compare every
    prediction with every target.
    """
    x = as_floating(x)
    if not isinstance(target, Tensor):
        target = np.asarray(target)
    if target.shape != x.shape:
        raise ShapeError(
            f"{name}: expected a target of the input's shape {x.shape}, got {target.shape}"
        )
    return coerce_pair(x, target)


def reduce(losses: Tensor, reduction: str) -> Tensor:
    """Return the losses themselves, their mean, or their sum."""
    if reduction == "none":
        return losses
    return ops.mean(losses) if reduction == "mean" else ops.sum(losses)
