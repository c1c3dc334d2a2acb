"""The hinge loss: right by a margin is right enough."""

from typing import Any

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.losses._inputs import Reduction, check_reduction, matching, reduce
from neural_net_core.module import Module
from neural_net_core.op import Op
from neural_net_core.tensor import Tensor

__all__ = ["HingeLoss", "HingeOp", "hinge_loss"]


class HingeOp(Op):
    """l = max(0, m − t x);  dx = −t dl where l > 0,  dt = −x dl where l > 0"""

    def __init__(self, margin: float) -> None:
        self.margin = margin

    def forward(self, x: Array, t: Array) -> Array:
        losses = np.maximum(self.margin - t * x, 0)
        self.x, self.t, self.wrong = x, t, losses > 0
        return losses

    def backward(self, dl: Array) -> tuple[Array, Array | None]:
        dl = np.where(self.wrong, dl, 0)
        return -self.t * dl, -self.x * dl if self.needs(1) else None


def hinge_loss(
    x: Any,
    target: Any,
    reduction: Reduction = "mean",
    *,
    margin: float = 1.0,
    squared: bool = False,
) -> Tensor:
    r"""Return how far each score is from the right side of the margin.

    $$ l = \max(0, \; m - t x) $$

    Args:
        x: Scores, any shape; their sign is the prediction.
        target: −1 or 1, the same shape.
        reduction: "mean" over all elements, "sum", or "none".
        margin: m, >= 0.
        squared: Return l², whose gradient has no jump.

    Returns:
        A scalar, or x's shape for "none".

    Raises:
        ShapeError: If the shapes differ.
        ValueError: If a target is neither −1 nor 1.

    Source: Cortes & Vapnik (1995), Support-vector networks, eq. 21-23, with the slack as the loss.

    Examples:
        >>> hinge_loss([2.0, 0.5, 0.5], [1, 1, -1], "none").tolist()
        [0.0, 0.5, 1.5]
    """
    check_reduction("hinge_loss", reduction)
    if not margin >= 0:
        raise ValueError(f"hinge_loss: expected margin >= 0, got {margin}")
    x, t = matching("hinge_loss", x, target)
    signs = t.data if isinstance(t, Tensor) else t
    if not (np.abs(signs) == 1).all():
        wrong = signs[np.abs(signs) != 1].flat[0]
        raise ValueError(f"hinge_loss: expected targets -1 or 1, got {wrong}")
    losses: Tensor = HingeOp.apply(x, t, margin=float(margin))
    return reduce(losses * losses if squared else losses, reduction)


class HingeLoss(Module):
    r"""The loss of support vector machines, max(0, m − t x).

    Args:
        reduction: "mean", "sum" or "none".
        margin: m, >= 0.
        squared: Return the square.

    Shape:
        input any, target the same -> scalar
    """

    def __init__(
        self, reduction: Reduction = "mean", *, margin: float = 1.0, squared: bool = False
    ) -> None:
        check_reduction("HingeLoss", reduction)
        self.reduction, self.margin, self.squared = reduction, margin, squared

    def forward(self, x: Any, target: Any) -> Tensor:
        """Return the loss of scores x."""
        return hinge_loss(x, target, self.reduction, margin=self.margin, squared=self.squared)
