"""Margin ranking: of two scores the one that should be larger has to lead by a margin."""

from neural_net_core.checks import check_number
from neural_net_core.losses._loss import (
    Loss,
    Reduction,
    as_pair,
    check_reduction,
    check_signs,
    reduce_losses,
)
from neural_net_core.ops.selection import clip
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["MarginRankingLoss", "margin_ranking_loss"]


def margin_ranking_loss(
    a: TensorLike,
    b: TensorLike,
    targets: TensorLike,
    *,
    margin: float = 0.0,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Return by how much pairs of scores are not in the right order.

    $$ l = \max(0,\; m - t\,(a - b)) $$

    Args:
        a: Scores of any shape.
        b: The scores beside them, the same shape.
        targets: t, 1 where a should be the larger and −1 where b should, the same shape.
        margin: m, the lead that costs nothing.
        reduction: "mean", "sum", or "none" for one loss per pair.

    Returns:
        A scalar, or the shape of a without a reduction. At the margin itself the gradient still
        pulls, as in PyTorch, so that two equal scores come apart with a margin of 0 too.

    Raises:
        ShapeError: If the shapes differ; nothing is broadcast.
        ValueError: If a target is neither 1 nor −1, or the reduction is unknown.

    Examples:
        >>> margin_ranking_loss([2.0, 0.5], [1.0, 1.0], [1, 1], reduction="none").data
        array([0. , 0.5], dtype=float32)
    """
    name = "margin_ranking_loss"
    check_reduction(name, reduction)
    margin = check_number(name, "margin", margin)
    a, b = as_pair(name, a, b, "both scores")
    _, t = as_pair(name, a, targets, "scores and targets")
    check_signs(name, t.data)
    return reduce_losses(clip(margin - t.detach() * (a - b), low=0), reduction)


class MarginRankingLoss(Loss):
    """Asks that of two scores the one that should be larger lead by a margin.

    Args:
        margin: The lead that costs nothing.
        reduction: "mean", "sum" or "none".

    Shape:
        scores twice and targets, of one shape -> ()

    References:
        Herbrich et al. (1999), Support vector learning for ordinal regression, eq. 8.

    Examples:
        >>> MarginRankingLoss(margin=1.0)([2.0], [1.5], [1]).item()
        0.5
    """

    def __init__(self, margin: float = 0.0, reduction: Reduction = "mean") -> None:
        super().__init__(reduction)
        self.margin = check_number("MarginRankingLoss", "margin", margin)

    def forward(self, a: TensorLike, b: TensorLike, targets: TensorLike) -> Tensor:
        """Return the loss."""
        return margin_ranking_loss(a, b, targets, margin=self.margin, reduction=self.reduction)
