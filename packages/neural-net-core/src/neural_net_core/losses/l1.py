"""Mean absolute error: the loss whose best constant prediction is the median."""

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.losses._loss import Loss, LossOp, Reduction, as_pair, check_reduction
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["L1Loss", "L1LossOp", "l1_loss"]


class L1LossOp(LossOp):
    """l = |d|, d = x − t;  dx = dl · sign d,  dt = −dx, with sign 0 = 0.  Saves d."""

    def forward(self, x: Array, t: Array) -> Array:
        self.d = x - t
        return self.reduce(np.abs(self.d))

    def backward(self, dy: Array) -> tuple[Array, Array]:
        dx = self.spread(dy) * np.sign(self.d)
        return dx, -dx


def l1_loss(
    predictions: TensorLike, targets: TensorLike, *, reduction: Reduction = "mean"
) -> Tensor:
    r"""Return the absolute differences, averaged over all elements.

    $$ L = \frac{1}{n} \sum_i |x_i - t_i| $$

    Args:
        predictions: x, any shape.
        targets: t, the same shape.
        reduction: "mean", "sum", or "none" for one loss per element.

    Returns:
        A scalar, or the shape of x without a reduction.

    Raises:
        ShapeError: If the shapes differ; nothing is broadcast.
        ValueError: If the reduction is unknown.

    Examples:
        >>> l1_loss([1.0, 5.0], [1.0, 2.0]).item()
        1.5
    """
    check_reduction("l1_loss", reduction)
    return L1LossOp.apply(*as_pair("l1_loss", predictions, targets), reduction=reduction)


class L1Loss(Loss):
    """Mean absolute error: every error pulls equally hard, however large.

    Args:
        reduction: "mean", "sum" or "none".

    Shape:
        predictions and targets of one shape -> ()

    Examples:
        >>> L1Loss()([1.0, 5.0], [1.0, 2.0]).item()
        1.5
    """

    def forward(self, predictions: TensorLike, targets: TensorLike) -> Tensor:
        """Return the loss."""
        return l1_loss(predictions, targets, reduction=self.reduction)
