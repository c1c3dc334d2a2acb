"""The mean squared error, the loss of regression."""

from typing import Any

from neural_net_core.dtypes import Array
from neural_net_core.losses._inputs import Reduction, check_reduction, matching, reduce
from neural_net_core.module import Module
from neural_net_core.op import Op
from neural_net_core.tensor import Tensor

__all__ = ["MSELoss", "SquaredError", "mse_loss"]


class SquaredError(Op):
    """l = (x − t)²;  dx = 2 (x − t) dl,  dt = −dx.  Saves x − t."""

    def forward(self, x: Array, t: Array) -> Array:
        self.difference = x - t
        losses: Array = self.difference * self.difference
        return losses

    def backward(self, dl: Array) -> tuple[Array, Array | None]:
        dx = self.difference * dl
        dx *= 2
        return dx, -dx if self.needs(1) else None


def mse_loss(x: Any, target: Any, reduction: Reduction = "mean") -> Tensor:
    r"""Return the squared difference of prediction and target.

    $$ l = (x - t)^2 $$

    Args:
        x: Predictions, any shape.
        target: The same shape.
        reduction: "mean" over all elements, "sum", or "none".

    Returns:
        A scalar, or x's shape for "none".

    Raises:
        ShapeError: If the shapes differ.

    Examples:
        >>> mse_loss([1.0, 2.0], [1.0, 4.0]).item()
        2.0
    """
    check_reduction("mse_loss", reduction)
    return reduce(SquaredError.apply(*matching("mse_loss", x, target)), reduction)


class MSELoss(Module):
    r"""The mean of $(x - t)^2$, most likely if errors are normally distributed.

    Args:
        reduction: "mean", "sum" or "none".

    Shape:
        input any, target the same -> scalar
    """

    def __init__(self, reduction: Reduction = "mean") -> None:
        check_reduction("MSELoss", reduction)
        self.reduction = reduction

    def forward(self, x: Any, target: Any) -> Tensor:
        """Return the loss of predictions x."""
        return mse_loss(x, target, self.reduction)
