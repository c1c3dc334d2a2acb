"""The mean absolute error, which an outlier moves no more than any other point."""

from typing import Any

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.losses._inputs import Reduction, check_reduction, matching, reduce
from neural_net_core.module import Module
from neural_net_core.op import Op
from neural_net_core.tensor import Tensor

__all__ = ["AbsoluteError", "L1Loss", "l1_loss"]


class AbsoluteError(Op):
    """l = |x − t|;  dx = sign(x − t) dl,  dt = −dx.  The gradient at x = t is 0."""

    def forward(self, x: Array, t: Array) -> Array:
        difference = x - t
        self.sign = np.sign(difference)
        losses: Array = np.abs(difference)
        return losses

    def backward(self, dl: Array) -> tuple[Array, Array | None]:
        dx = self.sign * dl
        return dx, -dx if self.needs(1) else None


def l1_loss(x: Any, target: Any, reduction: Reduction = "mean") -> Tensor:
    r"""Return the absolute difference of prediction and target.

    $$ l = |x - t| $$

    Args:
        x: Predictions, any shape.
        target: The same shape.
        reduction: "mean" over all elements, "sum", or "none".

    Returns:
        A scalar, or x's shape for "none".

    Raises:
        ShapeError: If the shapes differ.

    Examples:
        >>> l1_loss([1.0, 2.0], [1.0, 4.0]).item()
        1.0
    """
    check_reduction("l1_loss", reduction)
    return reduce(AbsoluteError.apply(*matching("l1_loss", x, target)), reduction)


class L1Loss(Module):
    r"""The mean of $|x - t|$, whose minimum is the median.

    Args:
        reduction: "mean", "sum" or "none".

    Shape:
        input any, target the same -> scalar
    """

    def __init__(self, reduction: Reduction = "mean") -> None:
        check_reduction("L1Loss", reduction)
        self.reduction = reduction

    def forward(self, x: Any, target: Any) -> Tensor:
        """Return the loss of predictions x."""
        return l1_loss(x, target, self.reduction)
