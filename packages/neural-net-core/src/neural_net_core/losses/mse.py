"""Mean squared error: the loss of regression."""

from neural_net_core.dtypes import Array
from neural_net_core.losses._loss import Loss, LossOp, Reduction, as_pair, check_reduction
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["MSELoss", "MSELossOp", "mse_loss"]


class MSELossOp(LossOp):
    """l = d², d = x − t;  dx = dl · 2 d,  dt = −dx.  Saves d."""

    def forward(self, x: Array, t: Array) -> Array:
        self.d = x - t
        return self.reduce(self.d**2)

    def backward(self, dy: Array) -> tuple[Array, Array]:
        dx = self.spread(dy) * 2 * self.d
        return dx, -dx


def mse_loss(
    predictions: TensorLike, targets: TensorLike, *, reduction: Reduction = "mean"
) -> Tensor:
    r"""Return the squared differences, averaged over all elements.

    $$ L = \frac{1}{n} \sum_i (x_i - t_i)^2 $$

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
        >>> mse_loss([1.0, 5.0], [1.0, 2.0]).item()
        4.5
    """
    check_reduction("mse_loss", reduction)
    return MSELossOp.apply(*as_pair("mse_loss", predictions, targets), reduction=reduction)


class MSELoss(Loss):
    """Mean squared error.

    Large errors count most; where outliers should not, take `HuberLoss` or `L1Loss`.

    Args:
        reduction: "mean", "sum" or "none".

    Shape:
        predictions and targets of one shape -> ()

    Examples:
        >>> MSELoss()([1.0, 5.0], [1.0, 2.0]).item()
        4.5
    """

    def forward(self, predictions: TensorLike, targets: TensorLike) -> Tensor:
        """Return the loss."""
        return mse_loss(predictions, targets, reduction=self.reduction)
