"""The hinge loss for many classes."""

import numpy as np

from neural_net_core.checks import check_count, check_number
from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_core.losses._classes import (
    as_class_weight,
    as_labels,
    from_rows,
    to_rows,
)
from neural_net_core.losses._loss import Loss, LossOp, Reduction, as_input, check_reduction
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["MultiMarginLoss", "MultiMarginLossOp", "multi_margin_loss"]


class MultiMarginLossOp(LossOp):
    """l = w_t / C · Σ_c h_cᵖ over c ≠ t, h_c = max(0, m − x_t + x_c)

    dx_c = dl · w_t / C · (1 or 2 h_c) where h_c > 0, and dx_t = minus their sum.
    Saves h, [c = t] and w_t / C.
    """

    def __init__(self, reduction: Reduction, margin: float, p: int, weight: Array | None) -> None:
        self.reduction, self.margin, self.p, self.weight = reduction, margin, p, weight

    def forward(self, x: Array, targets: Array) -> Array:
        rows, t = to_rows(x), targets.reshape(-1, 1)  # (N, C), (N, 1)
        classes = rows.shape[1]
        w = np.ones_like(rows, shape=classes) if self.weight is None else self.weight
        self.factor = w[t] / classes  # (N, 1)
        rows = np.where(self.factor == 0, 0, rows)  # whatever stood there must not count
        self.is_target = t == np.arange(classes)
        x_t = np.take_along_axis(rows, t, axis=1)
        self.h = np.where(self.is_target, 0, np.maximum(0, self.margin - x_t + rows))
        losses = (self.factor * self.h**self.p).sum(axis=1)
        self.shape = x.shape
        return self.reduce(losses.reshape(targets.shape))

    def backward(self, dy: Array) -> tuple[Array, None]:
        dl = self.spread(dy).reshape(-1, 1)
        dh = dl * self.factor * (np.sign(self.h) if self.p == 1 else 2 * self.h)
        dx = np.where(self.is_target, -dh.sum(axis=1, keepdims=True), dh)
        return from_rows(dx, self.shape), None


def multi_margin_loss(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    p: int = 1,
    margin: float = 1.0,
    weight: TensorLike | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Return by how much other classes' scores come too close to the target's.

    $$ l = \frac{w_t}{C} \sum_{c \ne t} \max(0,\; m - x_t + x_c)^p $$

    Args:
        predictions: x, scores (C,) or (N, C).
        targets: t, class indices, integers () or (N,).
        p: 1 or 2.
        margin: m, the lead that costs nothing.
        weight: A factor w for each class, (C,).
        reduction: "mean" (over the samples, whatever the weights), "sum" or "none".

    Returns:
        A scalar; without a reduction one loss per sample.

    Raises:
        ShapeError: If the shapes do not fit.
        DTypeError: If the class indices are not integers.
        IndexError: If a class index is out of range.
        ValueError: If p is neither 1 nor 2, or the reduction is unknown.

    Examples:
        >>> multi_margin_loss([[0.5, 1.0]], [0]).item()
        0.75
    """
    name = "multi_margin_loss"
    check_reduction(name, reduction)
    p, margin = check_count(name, "p", p, 1, 2), check_number(name, "margin", margin)
    x = as_input(name, "predictions", predictions)
    if x.ndim not in (1, 2):
        raise ShapeError(f"{name}: expected predictions (C,) or (N, C), got {x.shape}")
    labels, _ = as_labels(name, targets, x)
    w = as_class_weight(name, weight, x)
    return MultiMarginLossOp.apply(x, labels, reduction=reduction, margin=margin, p=p, weight=w)


class MultiMarginLoss(Loss):
    """The hinge loss for C classes: the target's score has to lead every other by a margin.

    Args:
        p: 1, or 2 for squared losses.
        margin: The lead that costs nothing.
        weight: A factor for each class, (C,).
        reduction: "mean", "sum" or "none".

    Shape:
        predictions (N, C) and class indices (N,) -> ()

    References:
        Weston & Watkins (1999), Support vector machines for multi-class pattern recognition.

    Examples:
        >>> MultiMarginLoss()([[0.5, 1.0]], [0]).item()
        0.75
    """

    def __init__(
        self,
        p: int = 1,
        margin: float = 1.0,
        weight: TensorLike | None = None,
        reduction: Reduction = "mean",
    ) -> None:
        super().__init__(reduction)
        self.p = check_count("MultiMarginLoss", "p", p, 1, 2)
        self.margin = check_number("MultiMarginLoss", "margin", margin)
        self.weight = weight

    def forward(self, predictions: TensorLike, targets: TensorLike) -> Tensor:
        """Return the loss."""
        return multi_margin_loss(
            predictions,
            targets,
            p=self.p,
            margin=self.margin,
            weight=self.weight,
            reduction=self.reduction,
        )
