"""Soft margins: the logistic loss of one yes-or-no question, and of several labels at once."""

from neural_net_core.activations.logsigmoid import logsigmoid
from neural_net_core.errors import ShapeError
from neural_net_core.losses._loss import (
    Loss,
    Reduction,
    as_factor,
    as_pair,
    check_probabilities,
    check_reduction,
    check_signs,
    reduce_losses,
    without_ignored,
)
from neural_net_core.losses.bce_with_logits import BCEWithLogitsLossOp
from neural_net_core.tensor import Tensor, TensorLike

__all__ = [
    "MultiLabelSoftMarginLoss",
    "SoftMarginLoss",
    "multilabel_soft_margin_loss",
    "soft_margin_loss",
]


def soft_margin_loss(
    predictions: TensorLike, targets: TensorLike, *, reduction: Reduction = "mean"
) -> Tensor:
    r"""Return how surprising signs are under the sigmoid of scores.

    $$ l = \ln(1 + e^{-t x}) = -\ln \sigma(t x) $$

    A smooth `hinge_loss`; and `binary_cross_entropy_with_logits` for targets 1 and −1.

    Args:
        predictions: x, scores of any shape; the sign is the class.
        targets: t, 1 or −1, the same shape.
        reduction: "mean", "sum", or "none" for one loss per element.

    Returns:
        A scalar, or the shape of x without a reduction.

    Raises:
        ShapeError: If the shapes differ; nothing is broadcast.
        ValueError: If a target is neither 1 nor −1, or the reduction is unknown.

    Examples:
        >>> soft_margin_loss([0.0, -1000.0], [1, 1], reduction="none").data.round(4)
        array([6.931e-01, 1.000e+03], dtype=float32)
    """
    check_reduction("soft_margin_loss", reduction)
    x, t = as_pair("soft_margin_loss", predictions, targets)
    check_signs("soft_margin_loss", t.data)
    return reduce_losses(-logsigmoid(t.detach() * x), reduction)


def multilabel_soft_margin_loss(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    weight: TensorLike | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Return the mean over the labels of a sample of how surprising each is.

    $$ l = -\frac1C \sum_c w_c \big(t_c \ln \sigma(x_c) + (1 - t_c) \ln \sigma(-x_c)\big) $$

    Args:
        predictions: x, one score for each label, (…, C).
        targets: t, 1 for labels that a sample has and 0 for others, or between, the same shape.
        weight: A constant factor w on each label's loss, (C,), or of a shape that broadcasts to
            that of x. Where it is 0, x and t may be anything.
        reduction: "mean" (over the samples), "sum", or "none" for one loss per sample.

    Returns:
        A scalar; without a reduction (…).

    Raises:
        ShapeError: If the shapes differ, or there is no axis of labels.
        ValueError: If a target is not in [0, 1], or the reduction is unknown.

    Examples:
        >>> round(multilabel_soft_margin_loss([[0.0, 100.0]], [[1, 1]]).item(), 4)
        0.3466
    """
    name = "multilabel_soft_margin_loss"
    check_reduction(name, reduction)
    x, t = as_pair(name, predictions, targets)
    if x.ndim == 0:
        raise ShapeError(f"{name}: expected predictions (..., C), got a single number")
    factor = as_factor(name, weight, x)
    if factor is not None:
        x, t = (without_ignored(z, factor == 0, 0.0) for z in (x, t))
    check_probabilities(name, "targets", t.data)
    losses = BCEWithLogitsLossOp.apply(x, t, reduction="none", weight=factor, pos_weight=None)
    return reduce_losses(losses.sum(axis=-1) / max(x.shape[-1], 1), reduction)


class SoftMarginLoss(Loss):
    """The logistic loss of scores, for two classes 1 and −1: a hinge without a corner.

    Args:
        reduction: "mean", "sum" or "none".

    Shape:
        predictions and targets of one shape -> ()

    Examples:
        >>> round(SoftMarginLoss()([0.0], [-1]).item(), 4)
        0.6931
    """

    def __init__(self, reduction: Reduction = "mean") -> None:
        super().__init__(reduction)

    def forward(self, predictions: TensorLike, targets: TensorLike) -> Tensor:
        """Return the loss."""
        return soft_margin_loss(predictions, targets, reduction=self.reduction)


class MultiLabelSoftMarginLoss(Loss):
    """Binary cross-entropy of several labels, averaged over the labels of each sample.

    Args:
        weight: A constant factor on each label's loss, (C,).
        reduction: "mean" (over the samples), "sum" or "none".

    Shape:
        predictions and targets (…, C) -> ()

    Examples:
        >>> round(MultiLabelSoftMarginLoss()([[0.0, 100.0]], [[1, 1]]).item(), 4)
        0.3466
    """

    def __init__(self, weight: TensorLike | None = None, reduction: Reduction = "mean") -> None:
        super().__init__(reduction)
        self.weight = weight

    def forward(self, predictions: TensorLike, targets: TensorLike) -> Tensor:
        """Return the loss."""
        return multilabel_soft_margin_loss(
            predictions, targets, weight=self.weight, reduction=self.reduction
        )
