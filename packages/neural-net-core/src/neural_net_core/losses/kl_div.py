"""Kullback-Leibler divergence: how far a prediction is from a target distribution."""

from typing import get_args

import numpy as np

from neural_net_core.checks import check_flag
from neural_net_core.dtypes import Array
from neural_net_core.losses._loss import (
    BatchReduction,
    Loss,
    LossOp,
    as_pair,
    check_reduction,
)
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["KLDivLoss", "KLDivLossOp", "kl_div"]

_ALLOWED: tuple[str, ...] = get_args(BatchReduction)


class KLDivLossOp(LossOp):
    """l = t (ln t − x);  dx = −dl · t,  dt = dl · (ln t − x + 1);  of ln t: dl · t (ln t − x + 1).

    Where t = 0 the loss and both gradients are 0, the limit of t ln t. Saves t and ln t − x.
    """

    def __init__(self, reduction: BatchReduction, log_target: bool) -> None:
        self.reduction, self.log_target = reduction, log_target

    def forward(self, x: Array, target: Array) -> Array:
        self.t = t = np.exp(target) if self.log_target else target
        log_t = target if self.log_target else np.log(np.where(t > 0, t, 1))
        # Where t = 0, both may be −∞ or NaN.
        self.ratio = np.where(t == 0, 0, log_t) - np.where(t == 0, 0, x)
        return self.reduce(t * self.ratio)

    def backward(self, dy: Array) -> tuple[Array, Array]:
        dl = self.spread(dy)
        d_log_t = dl * self.t * (self.ratio + 1)
        dt = dl * np.where(self.t == 0, 0, self.ratio + 1)
        return -dl * self.t, d_log_t if self.log_target else dt

    def reduce(self, losses: Array, count: float | None = None) -> Array:
        """Reduce; "batchmean" is the mean over the first axis only."""
        if self.reduction == "batchmean":
            self.reduction = "mean"
            count = losses.shape[0] if losses.ndim else 1
        return super().reduce(losses, count)


def kl_div(
    log_predictions: TensorLike,
    targets: TensorLike,
    *,
    log_target: bool = False,
    reduction: BatchReduction = "mean",
) -> Tensor:
    r"""Return the divergence of predicted distributions from target distributions.

    $$ \operatorname{KL}(t \,\|\, p) = \sum_i t_i \, (\ln t_i - x_i), \qquad x = \ln p $$

    Args:
        log_predictions: x, log-probabilities of any shape, samples along the first axis.
        targets: t, probabilities of the same shape; or their logarithms. Where t is 0 the loss is
            0, even if x is −∞.
        log_target: Whether the targets are logarithms.
        reduction: "batchmean" divides the sum by the number of samples, which is the divergence
            of the formula; "mean", PyTorch's default, divides by the number of elements;
            "sum" or "none".

    Returns:
        A scalar, or the shape of x without a reduction.

    Raises:
        ShapeError: If the shapes differ; nothing is broadcast.
        ValueError: If a target probability is negative or NaN, or the reduction is unknown.

    Examples:
        >>> import math
        >>> x = [[math.log(0.25), math.log(0.75)]]
        >>> round(kl_div(x, [[1.0, 0.0]], reduction="batchmean").item(), 4)
        1.3863
    """
    check_reduction("kl_div", reduction, _ALLOWED)
    log_target = check_flag("kl_div", "log_target", log_target)
    x, t = as_pair("kl_div", log_predictions, targets)
    if not log_target and t.size and not np.minimum.reduce(t.data, axis=None) >= 0:
        raise ValueError(
            f"kl_div: expected target probabilities >= 0, got {np.min(t.data):g}; logarithms need "
            "log_target=True"
        )
    return KLDivLossOp.apply(x, t, reduction=reduction, log_target=log_target)


class KLDivLoss(Loss):
    """Kullback-Leibler divergence of log-probabilities from target probabilities.

    Args:
        reduction: "batchmean" (the divergence itself), "mean", "sum" or "none".
        log_target: Whether the targets are logarithms.

    Shape:
        log-predictions and targets of one shape -> ()

    References:
        Kullback & Leibler (1951), On information and sufficiency, eq. 2.4.

    Examples:
        >>> KLDivLoss("sum")([0.0], [1.0]).item()
        0.0
    """

    reduction: BatchReduction  # type: ignore[assignment]  # one more word

    def __init__(self, reduction: BatchReduction = "mean", log_target: bool = False) -> None:
        check_reduction("KLDivLoss", reduction, _ALLOWED)
        self.reduction = reduction
        self.log_target = check_flag("KLDivLoss", "log_target", log_target)

    def forward(self, log_predictions: TensorLike, targets: TensorLike) -> Tensor:
        """Return the loss."""
        return kl_div(
            log_predictions, targets, log_target=self.log_target, reduction=self.reduction
        )
