"""Binary cross-entropy of logits: sigmoid and loss in one, exact for any logit."""

from typing import Any

import numpy as np

from neural_net_core.activations.sigmoid import logistic
from neural_net_core.dtypes import Array
from neural_net_core.losses._inputs import Reduction, check_reduction, matching, reduce
from neural_net_core.module import Module
from neural_net_core.op import Op
from neural_net_core.tensor import Tensor

__all__ = [
    "BCEWithLogitsLoss",
    "BinaryCrossEntropyWithLogits",
    "binary_cross_entropy_with_logits",
]


class BinaryCrossEntropyWithLogits(Op):
    """l = (1 − t) x + k softplus(−x), with k = 1 + (w − 1) t and w the weight of positives

    dx = (1 − t − k σ(−x)) dl,  dt = (−x + (w − 1) softplus(−x)) dl.  If w is 1, dx = (σ(x) − t) dl.
    """

    def forward(self, x: Array, t: Array, w: Array) -> Array:
        self.x, self.t, self.w = x, t, w
        # log(1 + e⁻ˣ) without overflow: the exponent is never positive.
        self.softplus = np.log1p(np.exp(-np.abs(x))) + np.maximum(-x, 0)
        self.k = 1 + (w - 1) * t
        losses: Array = (1 - t) * x + self.k * self.softplus
        return losses

    def backward(self, dl: Array) -> tuple[Array, Array | None, None]:
        dx = (1 - self.t - self.k * logistic(-self.x)) * dl
        dt = ((self.w - 1) * self.softplus - self.x) * dl if self.needs(1) else None
        return dx, dt, None


def binary_cross_entropy_with_logits(
    x: Any,
    target: Any,
    weight: Any = None,
    reduction: Reduction = "mean",
    pos_weight: Any = None,
) -> Tensor:
    r"""Return the cross-entropy of logits and targets of two classes.

    $$ l = -w \, [\, c \, t \log \sigma(x) + (1 - t) \log(1 - \sigma(x)) \,] $$

    Args:
        x: Logits, any shape.
        target: t in [0, 1], the same shape.
        weight: w, a factor for each element (broadcast); None means 1.
        reduction: "mean" over all elements, "sum", or "none".
        pos_weight: c, how much positives count (broadcast), such as the number of negatives for
            each positive; None means 1.

    Returns:
        A scalar, or x's shape for "none".

    Raises:
        ShapeError: If the shapes differ.

    Examples:
        >>> round(binary_cross_entropy_with_logits([0.0], [1.0]).item(), 4)
        0.6931
        >>> binary_cross_entropy_with_logits([1e4, -1e4], [1.0, 0.0]).item()
        0.0
    """
    check_reduction("binary_cross_entropy_with_logits", reduction)
    x, t = matching("binary_cross_entropy_with_logits", x, target)
    c = np.asarray(1.0 if pos_weight is None else pos_weight, dtype=x.dtype)
    losses: Tensor = BinaryCrossEntropyWithLogits.apply(x, t, c)
    return reduce(losses if weight is None else losses * weight, reduction)


class BCEWithLogitsLoss(Module):
    r"""Binary cross-entropy of logits, stable at any size.

    Args:
        weight: A factor for each element, broadcast; None means 1.
        reduction: "mean", "sum" or "none".
        pos_weight: How much positives count, broadcast; None means 1.

    Shape:
        input any, target the same -> scalar
    """

    def __init__(
        self, weight: Any = None, reduction: Reduction = "mean", pos_weight: Any = None
    ) -> None:
        check_reduction("BCEWithLogitsLoss", reduction)
        self.weight, self.reduction, self.pos_weight = weight, reduction, pos_weight

    def forward(self, x: Any, target: Any) -> Tensor:
        """Return the loss of logits x."""
        return binary_cross_entropy_with_logits(
            x, target, self.weight, self.reduction, self.pos_weight
        )
