"""The Huber loss: squared for small errors, straight for large ones."""

from neural_net_core.checks import check_number
from neural_net_core.dtypes import Array
from neural_net_core.losses._loss import Loss, LossOp, Reduction, as_pair, check_reduction
from neural_net_core.losses.l1 import l1_loss
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["HuberLoss", "HuberLossOp", "SmoothL1Loss", "huber_loss", "smooth_l1_loss"]


class HuberLossOp(LossOp):
    """l = s c (d − c/2), d = x − t, c = d cut off at ±δ;  dx = dl · s c,  dt = −dx.  Saves c.

    Inside ±δ that is d²/2, outside δ (|d| − δ/2). The scale s makes smooth L1 of it.
    """

    def __init__(self, reduction: Reduction, delta: float, scale: float = 1.0) -> None:
        self.reduction, self.delta, self.scale = reduction, delta, scale

    def forward(self, x: Array, t: Array) -> Array:
        d = x - t
        self.c = d.clip(-self.delta, self.delta)
        return self.reduce(self.scale * self.c * (d - self.c / 2))

    def backward(self, dy: Array) -> tuple[Array, Array]:
        dx = self.spread(dy) * self.scale * self.c
        return dx, -dx


def huber_loss(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    delta: float = 1.0,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Return a loss that is squared up to δ and linear beyond, averaged over all elements.

    $$ l(d) = \begin{cases} \tfrac12 d^2 & |d| \le \delta \\
       \delta\,(|d| - \tfrac12 \delta) & |d| > \delta \end{cases} \qquad d = x - t $$

    Args:
        predictions: x, any shape.
        targets: t, the same shape.
        delta: The error δ from which on the loss grows linearly, positive.
        reduction: "mean", "sum", or "none" for one loss per element.

    Returns:
        A scalar, or the shape of x without a reduction.

    Raises:
        ShapeError: If the shapes differ; nothing is broadcast.
        ValueError: If delta is not positive or the reduction is unknown.

    Examples:
        >>> huber_loss([0.5, 3.0], [0.0, 0.0], reduction="none").data
        array([0.125, 2.5  ], dtype=float32)
    """
    check_reduction("huber_loss", reduction)
    delta = check_number("huber_loss", "delta", delta, above=0, finite=False)
    x, t = as_pair("huber_loss", predictions, targets)
    return HuberLossOp.apply(x, t, reduction=reduction, delta=float(delta))


def smooth_l1_loss(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    beta: float = 1.0,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Return the Huber loss divided by its δ, here β: its slope far out is always ±1.

    $$ l(d) = \begin{cases} d^2 / (2 \beta) & |d| < \beta \\
       |d| - \tfrac12 \beta & |d| \ge \beta \end{cases} \qquad d = x - t $$

    Args:
        predictions: x, any shape.
        targets: t, the same shape.
        beta: The error from which on the loss grows linearly; 0 gives the L1 loss.
        reduction: "mean", "sum", or "none" for one loss per element.

    Returns:
        A scalar, or the shape of x without a reduction.

    Raises:
        ShapeError: If the shapes differ; nothing is broadcast.
        ValueError: If beta is negative or the reduction is unknown.

    Examples:
        >>> smooth_l1_loss([0.5, 3.0], [0.0, 0.0], beta=2.0, reduction="none").data
        array([0.0625, 2.    ], dtype=float32)
    """
    check_reduction("smooth_l1_loss", reduction)
    beta = check_number("smooth_l1_loss", "beta", beta, 0)
    if beta == 0:
        return l1_loss(predictions, targets, reduction=reduction)
    x, t = as_pair("smooth_l1_loss", predictions, targets)
    return HuberLossOp.apply(x, t, reduction=reduction, delta=float(beta), scale=1 / beta)


class HuberLoss(Loss):
    """Squared error for small differences, absolute error for large ones.

    Args:
        reduction: "mean", "sum" or "none".
        delta: The difference where one becomes the other, positive.

    Shape:
        predictions and targets of one shape -> ()

    References:
        Huber (1964), Robust estimation of a location parameter, eq. 1.6.

    Examples:
        >>> HuberLoss()([3.0], [0.0]).item()
        2.5
    """

    def __init__(self, reduction: Reduction = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction)
        self.delta = check_number("HuberLoss", "delta", delta, above=0, finite=False)

    def forward(self, predictions: TensorLike, targets: TensorLike) -> Tensor:
        """Return the loss."""
        return huber_loss(predictions, targets, delta=self.delta, reduction=self.reduction)


class SmoothL1Loss(Loss):
    """Absolute error with a rounded corner: the Huber loss divided by its delta.

    Args:
        reduction: "mean", "sum" or "none".
        beta: Where the corner begins; 0 gives `L1Loss`.

    Shape:
        predictions and targets of one shape -> ()

    References:
        Girshick (2015), Fast R-CNN, arXiv:1504.08083, eq. 3.

    Examples:
        >>> SmoothL1Loss()([3.0], [0.0]).item()
        2.5
    """

    def __init__(self, reduction: Reduction = "mean", beta: float = 1.0) -> None:
        super().__init__(reduction)
        self.beta = check_number("SmoothL1Loss", "beta", beta, 0)

    def forward(self, predictions: TensorLike, targets: TensorLike) -> Tensor:
        """Return the loss."""
        return smooth_l1_loss(predictions, targets, beta=self.beta, reduction=self.reduction)
