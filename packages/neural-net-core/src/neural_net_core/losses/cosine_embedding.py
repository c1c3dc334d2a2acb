"""Cosine similarity, and the loss that trains embeddings with it."""

import numpy as np

from neural_net_core.checks import check_array, check_axis, check_number
from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_core.losses._loss import (
    Loss,
    Reduction,
    as_input,
    as_pair,
    check_reduction,
    check_signs,
    reduce_losses,
)
from neural_net_core.losses.normalize import unit_vectors
from neural_net_core.op import Op
from neural_net_core.ops.selection import clip, where
from neural_net_core.tensor import Tensor, TensorLike, coerce_pair

__all__ = [
    "CosineEmbeddingLoss",
    "CosineSimilarityOp",
    "cosine_embedding_loss",
    "cosine_similarity",
]


class CosineSimilarityOp(Op):
    """y = u · v, u = a / |a|, v = b / |b|;  da = dy (v − y u) / |a|,  db = dy (u − y v) / |b|.

    Saves u, v, y, 1 / |a| and 1 / |b|.
    """

    def __init__(self, axis: int, eps: float) -> None:
        self.axis, self.eps = axis, eps

    def forward(self, a: Array, b: Array) -> Array:
        self.u, self.inverse_a = unit_vectors(a, self.axis, self.eps)
        self.v, self.inverse_b = unit_vectors(b, self.axis, self.eps)
        self.y = (self.u * self.v).sum(axis=self.axis, keepdims=True)
        return np.squeeze(self.y, self.axis)

    def backward(self, dy: Array) -> tuple[Array, Array]:
        dy = np.expand_dims(dy, self.axis)
        da = dy * (self.v - self.y * self.u) * self.inverse_a
        db = dy * (self.u - self.y * self.v) * self.inverse_b
        return da, db


def cosine_similarity(a: TensorLike, b: TensorLike, axis: int = -1, *, eps: float = 1e-8) -> Tensor:
    r"""Return the cosines of the angles between vectors.

    $$ y = \frac{a \cdot b}{|a| \, |b|} $$

    Args:
        a: Any shape with at least one axis.
        b: A shape that broadcasts with a's.
        axis: The axis along which a vector's components stand.
        eps: Lengths count as at least this. A shorter vector, such as zero, has no direction:
            its cosine is about 0 and its gradient 0.

    Returns:
        The broadcast shape without the axis.

    Examples:
        >>> cosine_similarity([[3.0, 0.0], [1.0, 1.0]], [[0.0, 2.0], [2.0, 2.0]]).data.round(4)
        array([0., 1.], dtype=float32)
    """
    name = "cosine_similarity"
    x, y = coerce_pair(as_input(name, "a", a), _tensor_or_array(name, b))
    y = as_input(name, "b", y)
    check_axis(name, axis, max(x.ndim, y.ndim))
    return CosineSimilarityOp.apply(x, y, axis=axis, eps=check_number(name, "eps", eps, 0))


def _tensor_or_array(name: str, b: TensorLike) -> Tensor | Array:
    return b if isinstance(b, Tensor) else check_array(name, "b", b)


def cosine_embedding_loss(
    a: TensorLike,
    b: TensorLike,
    targets: TensorLike,
    *,
    margin: float = 0.0,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Return a loss that turns similar pairs into one direction and others apart.

    $$ l = \begin{cases} 1 - \cos(a, b) & t = 1 \\
       \max(0,\; \cos(a, b) - m) & t = -1 \end{cases} $$

    Args:
        a: Vectors (N, D), or one (D,).
        b: The same shape.
        targets: t, 1 for similar pairs and −1 for others, (N,) or ().
        margin: m in [−1, 1], the cosine below which a dissimilar pair costs nothing.
        reduction: "mean", "sum", or "none" for one loss per pair.

    Returns:
        A scalar, or (N,) without a reduction. At the margin itself the gradient still pushes, as in
        PyTorch.

    Raises:
        ShapeError: If the shapes do not fit.
        ValueError: If a target is neither 1 nor −1, or the reduction is unknown.

    Examples:
        >>> cosine_embedding_loss([[1.0, 0.0]], [[0.0, 2.0]], [1]).item()
        1.0
    """
    name = "cosine_embedding_loss"
    check_reduction(name, reduction)
    margin = check_number(name, "margin", margin)
    a, b = as_pair(name, a, b, "both vectors")
    t = check_array(name, "targets", targets)
    if a.ndim == 0 or t.shape != a.shape[:-1]:
        raise ShapeError(f"{name}: for vectors {a.shape} expected one target each, got {t.shape}")
    check_signs(name, t)
    cosine = cosine_similarity(a, b)
    return reduce_losses(where(t > 0, 1 - cosine, clip(cosine - margin, low=0)), reduction)


class CosineEmbeddingLoss(Loss):
    """Turns similar pairs of vectors into one direction and others apart.

    Args:
        margin: The cosine below which a dissimilar pair costs nothing, in [−1, 1].
        reduction: "mean", "sum" or "none".

    Shape:
        vectors (N, D) twice and targets (N,) -> ()

    Examples:
        >>> CosineEmbeddingLoss()([[1.0, 0.0]], [[2.0, 0.0]], [-1]).item()
        1.0
    """

    def __init__(self, margin: float = 0.0, reduction: Reduction = "mean") -> None:
        super().__init__(reduction)
        self.margin = check_number("CosineEmbeddingLoss", "margin", margin)

    def forward(self, a: TensorLike, b: TensorLike, targets: TensorLike) -> Tensor:
        """Return the loss."""
        return cosine_embedding_loss(a, b, targets, margin=self.margin, reduction=self.reduction)
