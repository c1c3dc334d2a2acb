"""Squared near the target and absolute far from it: smooth, and calm about outliers."""

from typing import Any

from neural_net_core.dtypes import Array
from neural_net_core.losses._inputs import Reduction, check_reduction, matching, reduce
from neural_net_core.losses.l1 import l1_loss
from neural_net_core.module import Module
from neural_net_core.op import Op
from neural_net_core.tensor import Tensor

__all__ = ["HuberLoss", "HuberOp", "SmoothL1Loss", "huber_loss", "smooth_l1_loss"]


class HuberOp(Op):
    """l = d²/2 if |d| < δ else δ (|d| − δ/2), with d = x − t;  dx = clip(d, −δ, δ) dl,  dt = −dx"""

    def __init__(self, delta: float) -> None:
        self.delta = delta

    def forward(self, x: Array, t: Array) -> Array:
        d = x - t
        # With c = clip(d): c (d − c/2) is both cases at once.
        self.clipped = d.clip(-self.delta, self.delta)
        return self.clipped * (d - self.clipped / 2)

    def backward(self, dl: Array) -> tuple[Array, Array | None]:
        dx = self.clipped * dl
        return dx, -dx if self.needs(1) else None


def huber_loss(x: Any, target: Any, reduction: Reduction = "mean", delta: float = 1.0) -> Tensor:
    r"""Return Huber's loss of the difference of prediction and target.

    $$ l = \begin{cases} \tfrac12 (x - t)^2 & |x - t| < \delta \\
       \delta \, (|x - t| - \tfrac12 \delta) & \text{otherwise} \end{cases} $$

    Args:
        x: Predictions, any shape.
        target: The same shape.
        reduction: "mean" over all elements, "sum", or "none".
        delta: Where the parabola turns into lines, > 0.

    Returns:
        A scalar, or x's shape for "none".

    Raises:
        ShapeError: If the shapes differ.

    Source: Huber (1964), Robust estimation of a location parameter, section 4.

    Examples:
        >>> huber_loss([0.5, 3.0], [0.0, 0.0], "none").tolist()
        [0.125, 2.5]
    """
    check_reduction("huber_loss", reduction)
    if not delta > 0:
        raise ValueError(f"huber_loss: expected delta > 0, got {delta}")
    losses = HuberOp.apply(*matching("huber_loss", x, target), delta=float(delta))
    return reduce(losses, reduction)


def smooth_l1_loss(x: Any, target: Any, reduction: Reduction = "mean", beta: float = 1.0) -> Tensor:
    r"""Return Huber's loss divided by its width, so that it tends to the L1 loss as β → 0.

    $$ l = \begin{cases} (x - t)^2 / (2 \beta) & |x - t| < \beta \\
       |x - t| - \tfrac12 \beta & \text{otherwise} \end{cases} $$

    Args:
        x: Predictions, any shape.
        target: The same shape.
        reduction: "mean" over all elements, "sum", or "none".
        beta: Where the parabola turns into lines, >= 0; 0 gives the L1 loss.

    Returns:
        A scalar, or x's shape for "none".

    Raises:
        ShapeError: If the shapes differ.

    Source: Girshick (2015), arXiv:1504.08083, eq. 3.
    """
    check_reduction("smooth_l1_loss", reduction)
    if not beta >= 0:
        raise ValueError(f"smooth_l1_loss: expected beta >= 0, got {beta}")
    if beta == 0:
        return l1_loss(x, target, reduction)
    losses = HuberOp.apply(*matching("smooth_l1_loss", x, target), delta=float(beta))
    return reduce(losses / beta, reduction)


class HuberLoss(Module):
    r"""Quadratic within δ of the target, linear beyond.

    Args:
        reduction: "mean", "sum" or "none".
        delta: δ > 0.

    Shape:
        input any, target the same -> scalar
    """

    def __init__(self, reduction: Reduction = "mean", delta: float = 1.0) -> None:
        check_reduction("HuberLoss", reduction)
        if not delta > 0:
            raise ValueError(f"HuberLoss: expected delta > 0, got {delta}")
        self.reduction, self.delta = reduction, delta

    def forward(self, x: Any, target: Any) -> Tensor:
        """Return the loss of predictions x."""
        return huber_loss(x, target, self.reduction, self.delta)


class SmoothL1Loss(Module):
    r"""Huber's loss divided by its width β.

    Args:
        reduction: "mean", "sum" or "none".
        beta: β >= 0.

    Shape:
        input any, target the same -> scalar
    """

    def __init__(self, reduction: Reduction = "mean", beta: float = 1.0) -> None:
        check_reduction("SmoothL1Loss", reduction)
        if not beta >= 0:
            raise ValueError(f"SmoothL1Loss: expected beta >= 0, got {beta}")
        self.reduction, self.beta = reduction, beta

    def forward(self, x: Any, target: Any) -> Tensor:
        """Return the loss of predictions x."""
        return smooth_l1_loss(x, target, self.reduction, self.beta)
