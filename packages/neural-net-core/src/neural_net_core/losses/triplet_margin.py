"""Triplet loss: an anchor has to be nearer to its like than to others, by a margin."""

import numpy as np

from neural_net_core.checks import check_flag, check_number
from neural_net_core.dtypes import Array
from neural_net_core.losses._loss import Loss, Reduction, as_pair, check_reduction, reduce_losses
from neural_net_core.op import Op
from neural_net_core.ops.selection import clip, minimum
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["PairwiseDistanceOp", "TripletMarginLoss", "pairwise_distance", "triplet_margin_loss"]


class PairwiseDistanceOp(Op):
    """y = (Σ |v|ᵖ)^(1/p), v = a − b + ε;  da = dy · sign v · (|v| / y)ᵖ⁻¹,  db = −da.

    At y = 0 both are 0. Saves v and y.
    """

    def __init__(self, p: float, eps: float) -> None:
        self.p, self.eps = p, eps

    def forward(self, a: Array, b: Array) -> Array:
        self.v = a - b + self.eps
        self.y: Array = (np.abs(self.v) ** self.p).sum(axis=-1) ** (1 / self.p)
        return self.y

    def backward(self, dy: Array) -> tuple[Array, Array]:
        y = np.where(self.y == 0, 1, self.y)[..., None]  # 0 / 1 instead of 0 / 0
        da = dy[..., None] * np.sign(self.v) * (np.abs(self.v) / y) ** (self.p - 1)
        return da, -da


def pairwise_distance(a: TensorLike, b: TensorLike, *, p: float = 2.0, eps: float = 1e-6) -> Tensor:
    r"""Return the distances between vectors, pair by pair.

    $$ y = \Big(\sum_i |a_i - b_i + \epsilon|^p\Big)^{1/p} $$

    Args:
        a: Vectors (…, D).
        b: The same shape.
        p: The norm, at least 1; 2 is the Euclidean one.
        eps: Added to every difference, as in PyTorch, which keeps the gradient finite where two
            vectors coincide.

    Returns:
        (…).

    Raises:
        ShapeError: If the shapes differ.
        ValueError: If p is less than 1 or infinite.

    Examples:
        >>> pairwise_distance([[3.0, 4.0]], [[0.0, 0.0]], eps=0.0).data
        array([5.], dtype=float32)
    """
    p = check_number("pairwise_distance", "p", p, 1)
    eps = check_number("pairwise_distance", "eps", eps)
    a, b = as_pair("pairwise_distance", a, b, "both vectors")
    return PairwiseDistanceOp.apply(a, b, p=float(p), eps=float(eps))


def triplet_margin_loss(
    anchor: TensorLike,
    positive: TensorLike,
    negative: TensorLike,
    *,
    margin: float = 1.0,
    p: float = 2.0,
    eps: float = 1e-6,
    swap: bool = False,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Return by how much anchors are not nearer to their positives than to their negatives.

    $$ l = \max(0,\; d(a, p) - d(a, n) + m) $$

    Args:
        anchor: Vectors (N, D), or one (D,).
        positive: Vectors of the anchors' kind, the same shape.
        negative: Vectors of another kind, the same shape.
        margin: m, the lead that costs nothing, positive.
        p: The norm of the distance d, at least 1.
        eps: Added to every difference, see `pairwise_distance`.
        swap: Whether the negative's distance is the smaller one of those to anchor and positive
            (Balntas et al. 2016), so that the hardest of both counts.
        reduction: "mean", "sum", or "none" for one loss per triplet.

    Returns:
        A scalar, or (N,) without a reduction. At the margin itself the gradient still pulls, as in
        PyTorch.

    Raises:
        ShapeError: If the shapes differ; nothing is broadcast.
        ValueError: If the margin is not positive, p is less than 1, or the reduction is unknown.

    Examples:
        >>> round(triplet_margin_loss([[0.0]], [[3.0]], [[1.0]]).item(), 4)
        3.0
    """
    name = "triplet_margin_loss"
    check_reduction(name, reduction)
    margin = check_number(name, "margin", margin, above=0)
    p, eps = check_number(name, "p", p, 1), check_number(name, "eps", eps)
    check_flag(name, "swap", swap)
    anchor, positive = as_pair(name, anchor, positive, "anchor and positive")
    anchor, negative = as_pair(name, anchor, negative, "anchor and negative")
    near = pairwise_distance(anchor, positive, p=p, eps=eps)
    far = pairwise_distance(anchor, negative, p=p, eps=eps)
    if swap:
        far = minimum(far, pairwise_distance(positive, negative, p=p, eps=eps))
    return reduce_losses(clip(near - far + margin, low=0), reduction)


class TripletMarginLoss(Loss):
    """Asks that anchors be nearer to their positives than to their negatives, by a margin.

    Args:
        margin: The lead that costs nothing, positive.
        p: The norm of the distance, at least 1.
        eps: Added to every difference, see `pairwise_distance`.
        swap: Whether the nearer one of anchor and positive counts for the negative.
        reduction: "mean", "sum" or "none".

    Shape:
        anchor, positive and negative (N, D) -> ()

    References:
        Schroff et al. (2015), FaceNet, arXiv:1503.03832, eq. 3 (with squared distances).
        Balntas et al. (2016), Learning local feature descriptors with triplets.

    Examples:
        >>> round(TripletMarginLoss()([[0.0]], [[3.0]], [[1.0]]).item(), 4)
        3.0
    """

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        reduction: Reduction = "mean",
    ) -> None:
        super().__init__(reduction)
        name = "TripletMarginLoss"
        self.margin = check_number(name, "margin", margin, above=0)
        self.p = check_number(name, "p", p, 1)
        self.eps = check_number(name, "eps", eps)
        self.swap = check_flag(name, "swap", swap)

    def forward(self, anchor: TensorLike, positive: TensorLike, negative: TensorLike) -> Tensor:
        """Return the loss."""
        return triplet_margin_loss(
            anchor,
            positive,
            negative,
            margin=self.margin,
            p=self.p,
            eps=self.eps,
            swap=self.swap,
            reduction=self.reduction,
        )
