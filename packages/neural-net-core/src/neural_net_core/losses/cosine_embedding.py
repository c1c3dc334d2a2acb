"""The angle between embeddings: small for pairs that belong together, large for others."""

from typing import Any

import numpy as np

from neural_net_core import ops
from neural_net_core.errors import ShapeError
from neural_net_core.losses._inputs import Reduction, check_reduction, matching, reduce
from neural_net_core.module import Module
from neural_net_core.tensor import Tensor

__all__ = ["CosineEmbeddingLoss", "cosine_embedding_loss", "cosine_similarity"]


def cosine_similarity(x1: Any, x2: Any, axis: int = -1, eps: float = 1e-8) -> Tensor:
    r"""Return the cosine of the angle between vectors.

    $$ \cos = \frac{x_1 \cdot x_2}{\max(\|x_1\|, \epsilon) \, \max(\|x_2\|, \epsilon)} $$

    Args:
        x1: Vectors along `axis`.
        x2: A shape that broadcasts with x1's.
        axis: The axis of the vectors' components.
        eps: The smallest length that counts, so that a zero vector has similarity 0 to all.

    Returns:
        The broadcast shape without the axis, values in [−1, 1].

    Examples:
        >>> cosine_similarity([1.0, 0.0], [3.0, 4.0]).item()
        0.6000000238418579
        >>> cosine_similarity([0.0, 0.0], [3.0, 4.0]).item()
        0.0
    """
    x1, x2 = ops.multiply(x1, 1.0), ops.multiply(x2, 1.0)
    lengths = [ops.maximum(ops.norm(x, axis, keepdims=True), eps) for x in (x1, x2)]
    return ops.sum(x1 / lengths[0] * (x2 / lengths[1]), axis)


def cosine_embedding_loss(
    x1: Any, x2: Any, target: Any, margin: float = 0.0, reduction: Reduction = "mean"
) -> Tensor:
    r"""Return 1 − cos for pairs that belong together, and what cos exceeds a margin for others.

    $$ l = \begin{cases} 1 - \cos(x_1, x_2) & t = 1 \\
       \max(0, \; \cos(x_1, x_2) - m) & t = -1 \end{cases} $$

    Args:
        x1: (N, D) or (D,).
        x2: The same shape.
        target: 1 or −1, (N,) or ().
        margin: m in [−1, 1].
        reduction: "mean", "sum" or "none".

    Returns:
        A scalar, or (N,) for "none".

    Raises:
        ShapeError: If the shapes do not fit.
        ValueError: If a target is neither 1 nor −1.

    Examples:
        >>> x = [[1.0, 0.0], [1.0, 0.0]]
        >>> cosine_embedding_loss(x, x, [1, -1], reduction="none").tolist()
        [0.0, 1.0]
    """
    check_reduction("cosine_embedding_loss", reduction)
    if not -1 <= margin <= 1:
        raise ValueError(f"cosine_embedding_loss: expected margin in [-1, 1], got {margin}")
    x1, x2 = matching("cosine_embedding_loss", x1, x2)
    t = np.asarray(target.data if isinstance(target, Tensor) else target)
    if x1.ndim not in (1, 2) or t.shape != x1.shape[:-1]:
        raise ShapeError(
            "cosine_embedding_loss: expected inputs (N, D) with target (N,), or (D,) with (); "
            f"got {x1.shape} with {t.shape}"
        )
    if not (np.abs(t) == 1).all():
        raise ValueError(
            f"cosine_embedding_loss: expected targets 1 or -1, got {t[np.abs(t) != 1].flat[0]}"
        )
    cos = _cosine(x1, x2)
    return reduce(ops.where(t == 1, 1 - cos, ops.maximum(cos - margin, 0.0)), reduction)


def _cosine(x1: Any, x2: Any) -> Tensor:
    # PyTorch's form for this loss: a tiny number under the root instead of a smallest length.
    tiny = 1e-12
    squares = (ops.sum(x1 * x1, -1) + tiny) * (ops.sum(x2 * x2, -1) + tiny)
    return ops.sum(x1 * x2, -1) / ops.sqrt(squares)


class CosineEmbeddingLoss(Module):
    r"""Loss on the cosine of pairs of embeddings.

    Args:
        margin: m in [−1, 1].
        reduction: "mean", "sum" or "none".

    Shape:
        two inputs (N, D), target (N,) -> scalar
    """

    def __init__(self, margin: float = 0.0, reduction: Reduction = "mean") -> None:
        check_reduction("CosineEmbeddingLoss", reduction)
        self.margin, self.reduction = margin, reduction

    def forward(self, x1: Any, x2: Any, target: Any) -> Tensor:
        """Return the loss of pairs."""
        return cosine_embedding_loss(x1, x2, target, self.margin, self.reduction)
