"""Anchor, positive, negative: the positive shall be nearer than the negative, by a margin."""

from typing import Any

from neural_net_core import ops
from neural_net_core.losses._inputs import Reduction, check_reduction, matching, reduce
from neural_net_core.module import Module
from neural_net_core.tensor import Tensor

__all__ = ["TripletMarginLoss", "triplet_margin_loss"]


def _distance(a: Any, b: Any, p: float, eps: float) -> Tensor:
    difference = a - b + eps
    if p == 2:
        return ops.norm(difference, -1)
    return ops.sum(ops.absolute(difference) ** p, -1) ** (1 / p)


def triplet_margin_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    margin: float = 1.0,
    p: float = 2.0,
    eps: float = 1e-6,
    swap: bool = False,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Return by how much the positive is not nearer to the anchor than the negative.

    $$ l = \max(0, \; d(a, p) - d(a, n) + m), \qquad d(u, v) = \|u - v + \epsilon\|_p $$

    Args:
        anchor: (N, D) or (D,).
        positive: The same shape.
        negative: The same shape.
        margin: m > 0.
        p: The norm, >= 1.
        eps: Added to each component, so that equal points have a gradient.
        swap: Use d(p, n) where that is the smaller one.
        reduction: "mean", "sum" or "none".

    Returns:
        A scalar, or (N,) for "none".

    Raises:
        ShapeError: If the shapes differ.

    Source: Schroff, Kalenichenko & Philbin (2015), arXiv:1503.03832, eq. 3, with distances in
        place of their squares; the swap is Balntas et al. (2016).

    Examples:
        >>> triplet_margin_loss([[0.0]], [[1.0]], [[3.0]], margin=2.5).item()
        0.5
    """
    name = "triplet_margin_loss"
    check_reduction(name, reduction)
    if not margin > 0:
        raise ValueError(f"{name}: expected margin > 0, got {margin}")
    if not p >= 1:
        raise ValueError(f"{name}: expected p >= 1, got {p}")
    a, positive = matching(name, anchor, positive)
    a, negative = matching(name, a, negative)
    far = _distance(a, negative, p, eps)
    if swap:
        far = ops.minimum(far, _distance(positive, negative, p, eps))
    return reduce(ops.maximum(_distance(a, positive, p, eps) - far + margin, 0.0), reduction)


class TripletMarginLoss(Module):
    r"""Loss on triplets of embeddings.

    Args:
        margin: m > 0.
        p: The norm, >= 1.
        eps: Added to each component.
        swap: Use the positive as anchor where that is harder.
        reduction: "mean", "sum" or "none".

    Shape:
        three inputs (N, D) -> scalar
    """

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        reduction: Reduction = "mean",
    ) -> None:
        check_reduction("TripletMarginLoss", reduction)
        self.margin, self.p, self.eps = margin, p, eps
        self.swap, self.reduction = swap, reduction

    def forward(self, anchor: Any, positive: Any, negative: Any) -> Tensor:
        """Return the loss of triplets."""
        return triplet_margin_loss(
            anchor, positive, negative, self.margin, self.p, self.eps, self.swap, self.reduction
        )
