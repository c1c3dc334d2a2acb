"""Contrast: each query shall find its own key among all keys of the batch."""

from typing import Any

import numpy as np

from neural_net_core import ops
from neural_net_core.errors import ShapeError
from neural_net_core.losses._inputs import Reduction, check_reduction, matching
from neural_net_core.losses.cross_entropy import cross_entropy
from neural_net_core.module import Module
from neural_net_core.tensor import Tensor

__all__ = ["InfoNCELoss", "info_nce_loss"]


def info_nce_loss(
    queries: Any,
    keys: Any,
    temperature: float = 0.1,
    reduction: Reduction = "mean",
    *,
    symmetric: bool = False,
) -> Tensor:
    r"""Return the cross-entropy of picking each query's own key by cosine similarity.

    $$ l_i = -\log \frac{\exp(\cos(q_i, k_i) / \tau)}{\sum_j \exp(\cos(q_i, k_j) / \tau)} $$

    Args:
        queries: (N, D).
        keys: (N, D); row i belongs to query i, the other rows are its negatives.
        temperature: τ > 0; small values make the nearest wrong key count most.
        reduction: "mean", "sum" or "none".
        symmetric: Average with the loss of keys looking for their queries.

    Returns:
        A scalar, or (N,) for "none".

    Raises:
        ShapeError: If the inputs are not two arrays (N, D).

    Source: van den Oord, Li & Vinyals (2018), arXiv:1807.03748, eq. 4; the symmetric form with
        cosines is Radford et al. (2021), arXiv:2103.00020, figure 3.

    Examples:
        >>> apart = [[1.0, 0.0], [0.0, 1.0]]
        >>> round(info_nce_loss(apart, apart, temperature=1.0).item(), 4)  # log(1 + 1/e)
        0.3133
    """
    check_reduction("info_nce_loss", reduction)
    if not temperature > 0:
        raise ValueError(f"info_nce_loss: expected temperature > 0, got {temperature}")
    q, k = matching("info_nce_loss", queries, keys)
    if q.ndim != 2:
        raise ShapeError(f"info_nce_loss: expected queries and keys (N, D), got {q.shape}")
    q, k = (x / ops.maximum(ops.norm(x, -1, keepdims=True), 1e-12) for x in (q, k))
    logits = q @ ops.transpose(k) / temperature  # (N, N)
    own = np.arange(len(logits))
    loss = cross_entropy(logits, own, reduction=reduction)
    if symmetric:
        loss = (loss + cross_entropy(ops.transpose(logits), own, reduction=reduction)) / 2
    return loss


class InfoNCELoss(Module):
    r"""Contrastive loss with the rest of the batch as negatives.

    Args:
        temperature: τ > 0.
        reduction: "mean", "sum" or "none".
        symmetric: Average both directions.

    Shape:
        two inputs (N, D) -> scalar
    """

    def __init__(
        self,
        temperature: float = 0.1,
        reduction: Reduction = "mean",
        *,
        symmetric: bool = False,
    ) -> None:
        check_reduction("InfoNCELoss", reduction)
        self.temperature, self.reduction = temperature, reduction
        self.symmetric = symmetric

    def forward(self, queries: Any, keys: Any) -> Tensor:
        """Return the loss of pairs."""
        return info_nce_loss(
            queries, keys, self.temperature, self.reduction, symmetric=self.symmetric
        )
