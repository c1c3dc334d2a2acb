"""Binary cross-entropy of logits: the sigmoid and the logarithm in one stable step."""

from neural_net_core.activations.sigmoid import logistic
from neural_net_core.activations.softplus import log1pexp
from neural_net_core.dtypes import Array
from neural_net_core.losses._loss import (
    Loss,
    LossOp,
    Reduction,
    as_factor,
    as_pair,
    check_probabilities,
    check_reduction,
    weighted,
    without_ignored,
)
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["BCEWithLogitsLoss", "BCEWithLogitsLossOp", "binary_cross_entropy_with_logits"]


class BCEWithLogitsLossOp(LossOp):
    """l = w (u t s(−x) + (1 − t) s(x)) with s(x) = ln(1 + eˣ), so that s(−x) = −ln σ(x)

    dx = dl · w ((1 − t) σ(x) − u t σ(−x)),  dt = dl · w ((u − 1) s(−x) − x).  Saves x and t.
    u is the weight of positive targets. No term of the loss is negative, so that even one of 1e-30
    keeps all its digits, and so does its gradient, for which σ(x) − t would be 0 at t = 1, x = 20.
    """

    def __init__(
        self, reduction: Reduction, weight: Array | None, pos_weight: Array | None
    ) -> None:
        self.reduction, self.weight, self.pos_weight = reduction, weight, pos_weight

    def forward(self, x: Array, t: Array) -> Array:
        self.x, self.t, self.w = x, t, 1 if self.weight is None else self.weight
        self.u = 1 if self.pos_weight is None else self.pos_weight
        losses = weighted(self.u * t, log1pexp(-x)) + weighted(1 - t, log1pexp(x))
        return self.reduce(self.w * losses)

    def backward(self, dy: Array) -> tuple[Array | None, Array | None]:
        x, t, u, dl = self.x, self.t, self.u, self.spread(dy) * self.w
        dx = dl * ((1 - t) * logistic(x) - u * t * logistic(-x))
        dt = dl * (weighted(u - 1, log1pexp(-x)) - x)
        return dx, dt


def binary_cross_entropy_with_logits(
    logits: TensorLike,
    targets: TensorLike,
    *,
    weight: TensorLike | None = None,
    pos_weight: TensorLike | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Return how surprising yes-or-no targets are under the probabilities σ(x).

    $$ l = -w \big(u\,t \ln \sigma(x) + (1 - t) \ln(1 - \sigma(x))\big) \qquad
       \frac{\partial l}{\partial x} = \sigma(x) - t \quad (w = u = 1) $$

    Stable for every logit, unlike the logarithm of a sigmoid that has rounded to 0.

    Args:
        logits: x, any shape.
        targets: t, the same shape, in [0, 1].
        weight: A constant factor w on each loss, of a shape that broadcasts to that of x. Where it
            is 0, x and t may be anything, such as NaN for a missing label.
        pos_weight: A constant factor u on the positive part, such as (C,) for C labels: above 1
            it makes rare positives count more.
        reduction: "mean" (over the elements, whatever the weights), "sum" or "none".

    Returns:
        A scalar, or the shape of x without a reduction.

    Raises:
        ShapeError: If the shapes differ; nothing is broadcast.
        ValueError: If a target is not in [0, 1] or the reduction is unknown.

    Examples:
        >>> binary_cross_entropy_with_logits([-1000.0], [1.0]).item()
        1000.0
    """
    name = "binary_cross_entropy_with_logits"
    check_reduction(name, reduction)
    x, t = as_pair(name, logits, targets)
    factor, positive = as_factor(name, weight, x), as_factor(name, pos_weight, x, "pos_weight")
    if factor is not None:
        x, t = (without_ignored(y, factor == 0, 0.0) for y in (x, t))
    check_probabilities(name, "targets", t.data)
    if positive is not None:
        x = without_ignored(x, (positive == 0) & (t.data == 1), 0.0)
    return BCEWithLogitsLossOp.apply(x, t, reduction=reduction, weight=factor, pos_weight=positive)


class BCEWithLogitsLoss(Loss):
    """Binary cross-entropy of logits: for two classes, or many independent labels.

    Args:
        weight: A constant factor on each loss.
        reduction: "mean", "sum" or "none".
        pos_weight: A constant factor on the positive part, such as negatives / positives.

    Shape:
        logits and targets of one shape -> ()

    Examples:
        >>> round(BCEWithLogitsLoss()([0.0], [1.0]).item(), 4)
        0.6931
    """

    def __init__(
        self,
        weight: TensorLike | None = None,
        reduction: Reduction = "mean",
        pos_weight: TensorLike | None = None,
    ) -> None:
        super().__init__(reduction)
        self.weight, self.pos_weight = weight, pos_weight

    def forward(self, logits: TensorLike, targets: TensorLike) -> Tensor:
        """Return the loss."""
        return binary_cross_entropy_with_logits(
            logits,
            targets,
            weight=self.weight,
            pos_weight=self.pos_weight,
            reduction=self.reduction,
        )
