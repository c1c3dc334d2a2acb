"""Hinge losses: they ask for a margin, and are content beyond it."""

import numpy as np

from neural_net_core.checks import check_flag, check_number
from neural_net_core.dtypes import Array
from neural_net_core.losses._loss import (
    Loss,
    LossOp,
    Reduction,
    as_pair,
    check_reduction,
    check_signs,
)
from neural_net_core.tensor import Tensor, TensorLike

__all__ = [
    "HingeEmbeddingLoss",
    "HingeEmbeddingLossOp",
    "HingeLoss",
    "HingeLossOp",
    "hinge_embedding_loss",
    "hinge_loss",
]


class HingeLossOp(LossOp):
    """l = h or h², h = max(0, m − t x);  dx = −dl · t, times 2 h if squared, where h > 0.

    Saves h and t, which is 1 or −1 and has no gradient.
    """

    def __init__(self, reduction: Reduction, margin: float, squared: bool) -> None:
        self.reduction, self.margin, self.squared = reduction, margin, squared

    def forward(self, x: Array, t: Array) -> Array:
        self.t = t
        self.h = np.maximum(0, self.margin - t * x)
        return self.reduce(self.h * self.h if self.squared else self.h)

    def backward(self, dy: Array) -> tuple[Array, None]:
        dh = self.spread(dy) * (2 * self.h if self.squared else np.sign(self.h))
        return -dh * self.t, None


class HingeEmbeddingLossOp(LossOp):
    """l = x where t = 1, max(0, m − x) where t = −1;  dx = dl · (1, −1 or 0).  Saves that slope.

    At x = m the slope is −1, as in PyTorch.
    """

    def __init__(self, reduction: Reduction, margin: float) -> None:
        self.reduction, self.margin = reduction, margin

    def forward(self, x: Array, t: Array) -> Array:
        h = np.maximum(0, self.margin - x)
        self.slope = np.where((t > 0) | (h == self.margin - x), t, 0)
        return self.reduce(np.where(t > 0, x, h))

    def backward(self, dy: Array) -> tuple[Array, None]:
        return self.slope * self.spread(dy), None


def hinge_loss(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    margin: float = 1.0,
    squared: bool = False,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Return by how much scores miss the margin on the right side of zero.

    $$ l = \max(0,\; m - t x) $$

    Args:
        predictions: x, scores of any shape; the sign is the class.
        targets: t, 1 or −1, the same shape.
        margin: m, from which on a score costs nothing.
        squared: Whether each loss is squared, which removes the corner.
        reduction: "mean", "sum", or "none" for one loss per element.

    Returns:
        A scalar, or the shape of x without a reduction. At the margin itself the gradient is 0.

    Raises:
        ShapeError: If the shapes differ; nothing is broadcast.
        ValueError: If a target is neither 1 nor −1, or the reduction is unknown.

    Examples:
        >>> hinge_loss([2.0, 0.5, -1.0], [1, 1, 1], reduction="none").data
        array([0. , 0.5, 2. ], dtype=float32)
    """
    check_reduction("hinge_loss", reduction)
    margin = check_number("hinge_loss", "margin", margin)
    squared = check_flag("hinge_loss", "squared", squared)
    x, t = as_pair("hinge_loss", predictions, targets)
    check_signs("hinge_loss", t.data)
    return HingeLossOp.apply(x, t.detach(), reduction=reduction, margin=margin, squared=squared)


def hinge_embedding_loss(
    distances: TensorLike,
    targets: TensorLike,
    *,
    margin: float = 1.0,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Return a loss that pulls similar pairs together and pushes others a margin apart.

    $$ l = \begin{cases} x & t = 1 \\ \max(0,\; m - x) & t = -1 \end{cases} $$

    Args:
        distances: x, of each pair, any shape.
        targets: t, 1 for similar pairs and −1 for others, the same shape.
        margin: m, the distance from which on a dissimilar pair costs nothing.
        reduction: "mean", "sum", or "none" for one loss per element.

    Returns:
        A scalar, or the shape of x without a reduction. At the margin itself the gradient still
        pushes, as in PyTorch.

    Raises:
        ShapeError: If the shapes differ; nothing is broadcast.
        ValueError: If a target is neither 1 nor −1, or the reduction is unknown.

    Examples:
        >>> hinge_embedding_loss([0.25, 0.25], [1, -1], reduction="none").data
        array([0.25, 0.75], dtype=float32)
    """
    check_reduction("hinge_embedding_loss", reduction)
    margin = check_number("hinge_embedding_loss", "margin", margin)
    x, t = as_pair("hinge_embedding_loss", distances, targets)
    check_signs("hinge_embedding_loss", t.data)
    return HingeEmbeddingLossOp.apply(x, t.detach(), reduction=reduction, margin=margin)


class HingeLoss(Loss):
    """The loss of support vector machines, for two classes 1 and −1.

    Args:
        reduction: "mean", "sum" or "none".
        margin: From which score on the right side nothing is to pay.
        squared: Whether each loss is squared.

    Shape:
        predictions and targets of one shape -> ()

    References:
        Cortes & Vapnik (1995), Support-vector networks, eq. 10.

    Examples:
        >>> HingeLoss()([0.5], [1]).item()
        0.5
    """

    def __init__(
        self, reduction: Reduction = "mean", margin: float = 1.0, squared: bool = False
    ) -> None:
        super().__init__(reduction)
        self.margin = check_number("HingeLoss", "margin", margin)
        self.squared = check_flag("HingeLoss", "squared", squared)

    def forward(self, predictions: TensorLike, targets: TensorLike) -> Tensor:
        """Return the loss."""
        return hinge_loss(
            predictions,
            targets,
            margin=self.margin,
            squared=self.squared,
            reduction=self.reduction,
        )


class HingeEmbeddingLoss(Loss):
    """Pulls similar pairs together and pushes others a margin apart, given their distances.

    Args:
        reduction: "mean", "sum" or "none".
        margin: The distance from which on a dissimilar pair costs nothing.

    Shape:
        distances and targets of one shape -> ()

    Examples:
        >>> HingeEmbeddingLoss()([0.25], [-1]).item()
        0.75
    """

    def __init__(self, reduction: Reduction = "mean", margin: float = 1.0) -> None:
        super().__init__(reduction)
        self.margin = check_number("HingeEmbeddingLoss", "margin", margin)

    def forward(self, distances: TensorLike, targets: TensorLike) -> Tensor:
        """Return the loss."""
        return hinge_embedding_loss(
            distances, targets, margin=self.margin, reduction=self.reduction
        )
