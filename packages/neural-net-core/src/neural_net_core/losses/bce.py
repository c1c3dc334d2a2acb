"""Binary cross-entropy of probabilities."""

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.losses._loss import (
    Loss,
    LossOp,
    Reduction,
    as_factor,
    as_pair,
    check_probabilities,
    check_reduction,
    without_ignored,
)
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["BCELoss", "BCELossOp", "binary_cross_entropy"]

# As in PyTorch: a logarithm is cut off at −100, and a slope divides by at least 1e-12, so that
# a probability of exactly 0 or 1 on the wrong side costs 100 and not infinity.
LOWEST_LOG = -100.0
SMALLEST_VARIANCE = 1e-12


class BCELossOp(LossOp):
    """l = w (−t ln p − (1 − t) ln(1 − p))

    dp = dl · w (p − t) / (p (1 − p)),  dt = dl · w (ln(1 − p) − ln p).
    Saves p, t and the logarithms.
    """

    def __init__(self, reduction: Reduction, weight: Array | None) -> None:
        self.reduction, self.weight = reduction, weight

    def forward(self, p: Array, t: Array) -> Array:
        self.p, self.t, self.w = p, t, 1 if self.weight is None else self.weight
        with np.errstate(divide="ignore"):
            self.log_p = np.maximum(np.log(p), LOWEST_LOG)
            self.log_q = np.maximum(np.log1p(-p), LOWEST_LOG)  # ln(1 − p)
        return self.reduce(self.w * (-t * self.log_p - (1 - t) * self.log_q))

    def backward(self, dy: Array) -> tuple[Array, Array]:
        dl = self.spread(dy) * self.w
        variance = np.maximum(self.p * (1 - self.p), SMALLEST_VARIANCE)
        return dl * (self.p - self.t) / variance, dl * (self.log_q - self.log_p)


def binary_cross_entropy(
    probabilities: TensorLike,
    targets: TensorLike,
    *,
    weight: TensorLike | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Return how surprising yes-or-no targets are under predicted probabilities.

    $$ L = -\frac{1}{n} \sum_i \big(t_i \ln p_i + (1 - t_i) \ln(1 - p_i)\big) $$

    Where the probabilities come out of a sigmoid, `binary_cross_entropy_with_logits` on its input
    is more accurate and faster. Logarithms are cut off at −100.

    Args:
        probabilities: p, any shape, in [0, 1].
        targets: t, the same shape, in [0, 1].
        weight: A constant factor on each loss, of a shape that broadcasts to that of p. Where it is
            0, p and t may be anything, such as NaN for a missing label.
        reduction: "mean" (over the elements, whatever the weights), "sum" or "none".

    Returns:
        A scalar, or the shape of p without a reduction.

    Raises:
        ShapeError: If the shapes differ; nothing is broadcast.
        ValueError: If a probability or a target is not in [0, 1], or the reduction is unknown.

    Examples:
        >>> round(binary_cross_entropy([0.5, 1.0], [1.0, 1.0], reduction="sum").item(), 4)
        0.6931
    """
    name = "binary_cross_entropy"
    check_reduction(name, reduction)
    p, t = as_pair(name, probabilities, targets)
    factor = as_factor(name, weight, p)
    if factor is not None:
        p, t = (without_ignored(x, factor == 0, 0.5) for x in (p, t))
    hint = "; binary_cross_entropy_with_logits takes unbounded scores"
    check_probabilities(name, "probabilities", p.data, hint)
    check_probabilities(name, "targets", t.data)
    return BCELossOp.apply(p, t, reduction=reduction, weight=factor)


class BCELoss(Loss):
    """Binary cross-entropy of probabilities, such as the outputs of a `Sigmoid`.

    Args:
        weight: A constant factor on each loss.
        reduction: "mean", "sum" or "none".

    Shape:
        probabilities and targets of one shape -> ()

    Examples:
        >>> round(BCELoss()([0.5], [1.0]).item(), 4)
        0.6931
    """

    def __init__(self, weight: TensorLike | None = None, reduction: Reduction = "mean") -> None:
        super().__init__(reduction)
        self.weight = weight

    def forward(self, probabilities: TensorLike, targets: TensorLike) -> Tensor:
        """Return the loss."""
        return binary_cross_entropy(
            probabilities, targets, weight=self.weight, reduction=self.reduction
        )
