"""Binary cross-entropy of probabilities."""

from typing import Any

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.losses._inputs import Reduction, check_reduction, matching, reduce
from neural_net_core.module import Module
from neural_net_core.op import Op
from neural_net_core.tensor import Tensor

__all__ = ["BCELoss", "BinaryCrossEntropy", "binary_cross_entropy"]

# PyTorch's limits: a probability of exactly 0 costs 100 instead of infinity, and the gradient's
# denominator p (1 − p) is kept away from 0.
_LOWEST_LOG = -100.0
_SMALLEST_SLOPE = 1e-12


class BinaryCrossEntropy(Op):
    """l = −t log p − (1 − t) log(1 − p);  dp = (p − t) / (p (1 − p)) dl,  dt = log((1−p)/p) dl"""

    def forward(self, p: Array, t: Array) -> Array:
        with np.errstate(divide="ignore"):
            self.log_p = np.maximum(np.log(p), _LOWEST_LOG)
            self.log_q = np.maximum(np.log1p(-p), _LOWEST_LOG)
        self.p, self.t = p, t
        losses: Array = (t - 1) * self.log_q - t * self.log_p
        return losses

    def backward(self, dl: Array) -> tuple[Array, Array | None]:
        dp = (self.p - self.t) / np.maximum(self.p * (1 - self.p), _SMALLEST_SLOPE) * dl
        return dp, (self.log_q - self.log_p) * dl if self.needs(1) else None


def binary_cross_entropy(
    x: Any, target: Any, weight: Any = None, reduction: Reduction = "mean"
) -> Tensor:
    r"""Return the cross-entropy of predicted probabilities and targets of two classes.

    $$ l = -w \, [\, t \log p + (1 - t) \log(1 - p) \,] $$

    Logarithms are limited to −100, as in PyTorch. Prefer `binary_cross_entropy_with_logits`, which
    stays exact where p rounds to 0 or 1.

    Args:
        x: p, probabilities in [0, 1], any shape.
        target: t in [0, 1], the same shape.
        weight: w, a factor for each element (broadcast); None means 1.
        reduction: "mean" over all elements, "sum", or "none".

    Returns:
        A scalar, or x's shape for "none".

    Raises:
        ShapeError: If the shapes differ.
        ValueError: If a probability lies outside [0, 1].

    Examples:
        >>> round(binary_cross_entropy([0.9], [1.0]).item(), 4)
        0.1054
    """
    check_reduction("binary_cross_entropy", reduction)
    p, t = matching("binary_cross_entropy", x, target)
    if p.size and not (p.data.min() >= 0 and p.data.max() <= 1):
        raise ValueError(
            "binary_cross_entropy: expected probabilities in [0, 1], got values from "
            f"{p.data.min()} to {p.data.max()}; for logits use binary_cross_entropy_with_logits"
        )
    losses: Tensor = BinaryCrossEntropy.apply(p, t)
    return reduce(losses if weight is None else losses * weight, reduction)


class BCELoss(Module):
    r"""Binary cross-entropy of probabilities.

    Args:
        weight: A factor for each element, broadcast; None means 1.
        reduction: "mean", "sum" or "none".

    Shape:
        input any, target the same -> scalar
    """

    def __init__(self, weight: Any = None, reduction: Reduction = "mean") -> None:
        check_reduction("BCELoss", reduction)
        self.weight, self.reduction = weight, reduction

    def forward(self, x: Any, target: Any) -> Tensor:
        """Return the loss of probabilities x."""
        return binary_cross_entropy(x, target, self.weight, self.reduction)
