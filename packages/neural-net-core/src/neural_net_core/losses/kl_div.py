"""The Kullback-Leibler divergence: what it costs to take one distribution for another."""

from typing import Any

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.losses._classes import over_total
from neural_net_core.losses._inputs import check_reduction, matching, reduce
from neural_net_core.module import Module
from neural_net_core.op import Op
from neural_net_core.tensor import Tensor

__all__ = ["KLDivLoss", "KLDivergence", "kl_div"]

_REDUCTIONS = ("none", "mean", "sum", "batchmean")


class KLDivergence(Op):
    """l = t (log t − x);  dx = −t dl,  dt = (log t + 1 − x) dl.  0 log 0 is 0."""

    def forward(self, x: Array, t: Array) -> Array:
        # Where t is 0, its logarithm may be anything finite.
        self.log_t = np.log(np.where(t > 0, t, 1))
        self.x, self.t = x, t
        losses: Array = t * (self.log_t - x)
        return losses

    def backward(self, dl: Array) -> tuple[Array, Array | None]:
        dt = np.where(self.t > 0, self.log_t + 1 - self.x, 0) * dl if self.needs(1) else None
        return -self.t * dl, dt


class KLDivergenceOfLog(Op):
    """l = eᵗ (t − x);  dx = −eᵗ dl,  dt = eᵗ (t − x + 1) dl.  The target is a log-probability."""

    def forward(self, x: Array, t: Array) -> Array:
        self.p = np.exp(t)
        self.difference = t - x
        losses: Array = self.p * self.difference
        return losses

    def backward(self, dl: Array) -> tuple[Array, Array | None]:
        return -self.p * dl, self.p * (self.difference + 1) * dl if self.needs(1) else None


def kl_div(x: Any, target: Any, reduction: str = "mean", *, log_target: bool = False) -> Tensor:
    r"""Return the pointwise terms of the divergence of a prediction from a target distribution.

    $$ D(t \,\|\, q) = \sum t \, (\log t - x), \qquad x = \log q $$

    Args:
        x: Log-probabilities, any shape.
        target: Probabilities, or their logarithms with `log_target`, the same shape.
        reduction: "batchmean" (sum over the first axis's length, the divergence proper), "sum",
            "mean" over all elements as in PyTorch, or "none".
        log_target: Whether the target is given as logarithms.

    Returns:
        A scalar, or x's shape for "none".

    Raises:
        ShapeError: If the shapes differ.

    Source: Kullback & Leibler (1951), On information and sufficiency, eq. 2.4.

    Examples:
        >>> import math
        >>> half = [[math.log(0.5), math.log(0.5)]]
        >>> round(kl_div(half, [[1.0, 0.0]], "batchmean").item(), 4)  # log 2
        0.6931
    """
    check_reduction("kl_div", reduction, _REDUCTIONS)
    op = KLDivergenceOfLog if log_target else KLDivergence
    losses: Tensor = op.apply(*matching("kl_div", x, target))
    if reduction == "batchmean":
        return losses.sum() * over_total(losses.shape[0] if losses.ndim else 1)
    return reduce(losses, reduction)


class KLDivLoss(Module):
    r"""Kullback-Leibler divergence of log-probabilities from target probabilities.

    Args:
        reduction: "batchmean", "mean", "sum" or "none".
        log_target: Whether targets are logarithms.

    Shape:
        input any, target the same -> scalar
    """

    def __init__(self, reduction: str = "mean", *, log_target: bool = False) -> None:
        check_reduction("KLDivLoss", reduction, _REDUCTIONS)
        self.reduction, self.log_target = reduction, log_target

    def forward(self, x: Any, target: Any) -> Tensor:
        """Return the divergence of log-probabilities x."""
        return kl_div(x, target, self.reduction, log_target=self.log_target)
