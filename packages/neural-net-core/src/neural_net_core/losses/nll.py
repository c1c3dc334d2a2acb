"""The negative log-likelihood of the right class, given log-probabilities."""

from typing import Any

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.losses._classes import (
    as_rows,
    check_indices,
    class_axis,
    class_weights,
    from_rows,
    over_total,
    row_factors,
)
from neural_net_core.losses._inputs import Reduction, check_reduction
from neural_net_core.module import Module
from neural_net_core.op import Op
from neural_net_core.ops._inputs import as_floating
from neural_net_core.tensor import Tensor

__all__ = ["NLLLoss", "NegativeLogLikelihood", "nll_loss"]


class NegativeLogLikelihood(Op):
    """lₙ = −fₙ · x[n, tₙ], summed with a scale, or as they are;  dx[n, tₙ] = −fₙ dlₙ, else 0"""

    def __init__(self, axis: int, scale: float | None) -> None:
        self.axis, self.scale = axis, scale

    def forward(self, x: Array, indices: Array, factors: Array) -> Array:
        rows = as_rows(x, self.axis)  # (M, K)
        self.shape, self.indices, self.factors = x.shape, indices, factors
        self.like = rows[:0]  # for the dtype and the kind of array, without its memory
        losses: Array = -factors * rows[np.arange(len(rows)), indices]
        if self.scale is None:
            return losses.reshape(x.shape[: self.axis] + x.shape[self.axis + 1 :])
        total: Array = losses.sum() * losses.dtype.type(self.scale)
        return total

    def backward(self, dl: Array) -> tuple[Array, None, None]:
        dl = dl.reshape(-1) if self.scale is None else dl * self.scale
        count = len(self.indices)
        dx = np.zeros_like(self.like, shape=(count, self.shape[self.axis]))
        dx[np.arange(count), self.indices] = -self.factors * dl
        return from_rows(dx, self.shape, self.axis), None, None


def nll_loss(
    x: Any,
    target: Any,
    weight: Any = None,
    ignore_index: int = -100,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Return minus the log-probability of each target class.

    $$ l_n = -w_{t_n} \, x_{n, t_n} \qquad
       \text{mean} = \sum_n l_n \Big/ \sum_n w_{t_n} $$

    Args:
        x: Log-probabilities, (N, K), (N, K, …) or (K,).
        target: Class indices, x's shape without the class axis.
        weight: (K,), a factor for each class; None means 1.
        ignore_index: Targets with this value count nothing.
        reduction: "mean" divides by the weights of the targets that count; "sum"; or "none".

    Returns:
        A scalar, or the target's shape for "none". If every target is ignored, the mean is 0
        (PyTorch: NaN).

    Raises:
        ShapeError: If the shapes do not fit.
        ValueError: If an index is no class.

    Examples:
        >>> nll_loss([[-0.5, -2.0], [-1.0, -3.0]], [0, 1]).item()
        1.75
    """
    check_reduction("nll_loss", reduction)
    x = as_floating(x)
    axis = class_axis("nll_loss", x)
    w = class_weights("nll_loss", weight, x, axis)
    indices = check_indices("nll_loss", x, target, axis, ignore_index)
    safe, factors = row_factors(indices, w, ignore_index, x.dtype)
    scale = {"none": None, "sum": 1.0, "mean": over_total(float(factors.sum()))}[reduction]
    loss: Tensor = NegativeLogLikelihood.apply(x, safe, factors, axis=axis, scale=scale)
    return loss


class NLLLoss(Module):
    r"""Negative log-likelihood of log-probabilities.

    Args:
        weight: (K,), a factor for each class; None means 1.
        ignore_index: Targets with this value count nothing.
        reduction: "mean", "sum" or "none".

    Shape:
        input (N, K, …), target (N, …) -> scalar
    """

    def __init__(
        self, weight: Any = None, ignore_index: int = -100, reduction: Reduction = "mean"
    ) -> None:
        check_reduction("NLLLoss", reduction)
        self.weight, self.ignore_index, self.reduction = weight, ignore_index, reduction

    def forward(self, x: Any, target: Any) -> Tensor:
        """Return the loss of log-probabilities x."""
        return nll_loss(x, target, self.weight, self.ignore_index, self.reduction)
