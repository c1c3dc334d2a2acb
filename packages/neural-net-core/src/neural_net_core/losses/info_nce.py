"""InfoNCE: contrastive learning as the classification of the right partner among many."""

import numpy as np

from neural_net_core.checks import check_flag, check_number
from neural_net_core.errors import ShapeError
from neural_net_core.losses._loss import Loss, Reduction, as_input, as_pair, check_reduction
from neural_net_core.losses.cross_entropy import cross_entropy
from neural_net_core.losses.normalize import normalize
from neural_net_core.ops.joining import concatenate
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["InfoNCELoss", "info_nce"]


def info_nce(
    queries: TensorLike,
    keys: TensorLike,
    negatives: TensorLike | None = None,
    *,
    temperature: float = 0.07,
    symmetric: bool = False,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Return how hard it is to find each query's key among all keys.

    $$ l_i = -\ln \frac{e^{s(q_i, k_i) / \tau}}{\sum_j e^{s(q_i, k_j) / \tau}}, \qquad
       s = \text{cosine similarity} $$

    Without `negatives` the other keys of the batch are the wrong answers; with them, these are,
    and the other keys are left out.

    Args:
        queries: q, (N, D).
        keys: k, (N, D): the key in each row belongs to the query in that row.
        negatives: (M, D), wrong answers for every query.
        temperature: τ, positive; the lower, the more the nearest wrong answers count.
        symmetric: Whether the keys look for their queries as well, and both losses are averaged
            (CLIP); not with `negatives`.
        reduction: "mean", "sum", or "none" for one loss per query.

    Returns:
        A scalar, or (N,) without a reduction.

    Raises:
        ShapeError: If the shapes do not fit.
        ValueError: If the temperature is not positive, the reduction is unknown, or `symmetric`
            is asked for with `negatives`.

    Examples:
        Two keys look alike to the first query and different to the second:

        >>> q, k = [[1.0, 1.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]]
        >>> info_nce(q, k, temperature=0.1, reduction="none").data.round(4)
        array([0.6931, 0.    ], dtype=float32)
    """
    name = "info_nce"
    check_reduction(name, reduction)
    temperature = check_number(name, "temperature", temperature, above=0, finite=False)
    check_flag(name, "symmetric", symmetric)
    q, k = as_pair(name, queries, keys, "queries and keys")
    if q.ndim != 2:
        raise ShapeError(f"{name}: expected queries (N, D), got {q.shape}")
    q, k = normalize(q) * (1 / temperature), normalize(k)
    targets = np.arange(len(q))
    if negatives is None:
        scores = q @ k.T  # (N, N)
        loss = cross_entropy(scores, targets, reduction=reduction)
        if symmetric:
            loss = (loss + cross_entropy(scores.T, targets, reduction=reduction)) * 0.5
        return loss
    if symmetric:
        raise ValueError(f"{name}: symmetric needs the batch's own keys, not negatives")
    n = as_input(name, "negatives", negatives, q.dtype)
    if n.ndim != 2 or n.shape[1] != q.shape[1]:
        raise ShapeError(f"{name}: expected negatives (M, {q.shape[1]}), got {n.shape}")
    right = (q * k).sum(axis=1, keepdims=True)  # (N, 1)
    scores = concatenate((right, q @ normalize(n).T), axis=1)  # (N, 1 + M)
    return cross_entropy(scores, np.zeros_like(targets), reduction=reduction)


class InfoNCELoss(Loss):
    """Contrastive loss: finds each query's key among all keys.

    Args:
        temperature: Positive; the lower, the more the nearest wrong answers count.
        symmetric: Whether the keys look for their queries as well.
        reduction: "mean", "sum" or "none".

    Shape:
        queries (N, D), keys (N, D) and, if wanted, negatives (M, D) -> ()

    References:
        van den Oord et al. (2018), arXiv:1807.03748, eq. 4.
        He et al. (2020), MoCo, arXiv:1911.05722, eq. 1, for negatives from elsewhere.
        Radford et al. (2021), CLIP, arXiv:2103.00020, figure 3, for the symmetric form.

    Examples:
        >>> round(InfoNCELoss()([[1.0, 0.0]], [[0.0, 1.0]]).item(), 4)
        0.0
    """

    def __init__(
        self, temperature: float = 0.07, symmetric: bool = False, reduction: Reduction = "mean"
    ) -> None:
        super().__init__(reduction)
        name = "InfoNCELoss"
        self.temperature = check_number(name, "temperature", temperature, above=0, finite=False)
        self.symmetric = check_flag(name, "symmetric", symmetric)

    def forward(
        self, queries: TensorLike, keys: TensorLike, negatives: TensorLike | None = None
    ) -> Tensor:
        """Return the loss."""
        return info_nce(
            queries,
            keys,
            negatives,
            temperature=self.temperature,
            symmetric=self.symmetric,
            reduction=self.reduction,
        )
