r"""Cross-entropy of logits: softmax and negative log-likelihood in one.

Why in one: the softmax of large logits rounds to 0, whose logarithm is −∞, while
log softmax(x) = x − log Σ eˣ is exact. And the gradient becomes as simple as it can be, the
prediction minus the target:

    l = −Σ_c t_c (x_c − log Σ_k e^{x_k})
    ∂l/∂x_j = −t_j + Σ_c t_c · softmax(x)_j = softmax(x)_j − t_j        (if Σ t = 1)
"""

from typing import Any

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_core.losses._classes import (
    as_rows,
    check_indices,
    class_axis,
    class_weights,
    from_rows,
    over_total,
    row_factors,
)
from neural_net_core.losses._inputs import Reduction, check_reduction
from neural_net_core.module import Module
from neural_net_core.op import Op
from neural_net_core.ops._inputs import as_floating
from neural_net_core.tensor import Tensor, coerce_pair

__all__ = [
    "CrossEntropyIndices",
    "CrossEntropyLoss",
    "CrossEntropyProbabilities",
    "cross_entropy",
]


def _log_softmax_rows(rows: Array) -> Array:
    """Return log softmax along the last axis, in new memory."""
    if rows.shape[-1] == 0:
        return rows.copy()
    shifted: Array = rows - rows.max(axis=-1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return shifted


class CrossEntropyIndices(Op):
    """lₙ = −fₙ log p[n, tₙ], summed with a scale, or as they are;  dx = f (p − onehot(t)) dl

    p is the softmax of x. Saves p, in the memory of log p.
    """

    def __init__(self, axis: int, scale: float | None) -> None:
        self.axis, self.scale = axis, scale

    def forward(self, x: Array, indices: Array, factors: Array | None) -> Array:
        log_p = _log_softmax_rows(as_rows(x, self.axis))  # (M, K)
        self.rows = np.arange(len(log_p))
        self.shape, self.indices, self.factors = x.shape, indices, factors
        losses: Array = -log_p[self.rows, indices]
        if factors is not None:
            losses *= factors
        if self.needs(0):
            self.p = np.exp(log_p, out=log_p)
        if self.scale is None:
            return losses.reshape(x.shape[: self.axis] + x.shape[self.axis + 1 :])
        total: Array = losses.sum() * losses.dtype.type(self.scale)
        return total

    def backward(self, dl: Array) -> tuple[Array, None, None]:
        dl = dl.reshape(-1, 1) if self.scale is None else dl * dl.dtype.type(self.scale)
        if self.factors is not None:
            dl = dl * self.factors[:, None]
        dx = self.p * dl
        dx[self.rows, self.indices] -= dl[:, 0] if dl.ndim else dl
        return from_rows(dx, self.shape, self.axis), None, None


class CrossEntropyProbabilities(Op):
    """lₙ = −Σ_c t[n, c] log p[n, c];  dx = (p Σ_c t − t) dl,  dt = −log p dl"""

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def forward(self, x: Array, t: Array) -> Array:
        self.log_p = _log_softmax_rows(as_rows(x, self.axis))  # (M, K)
        self.t = as_rows(t, self.axis)
        self.shape = x.shape
        losses: Array = -np.einsum("mk,mk->m", self.t, self.log_p)
        return losses.reshape(x.shape[: self.axis] + x.shape[self.axis + 1 :])

    def backward(self, dl: Array) -> tuple[Array | None, Array | None]:
        dl = dl.reshape(-1, 1)
        dx = dt = None
        if self.needs(0):
            rows = np.exp(self.log_p)
            rows *= self.t.sum(axis=-1, keepdims=True)
            rows -= self.t
            rows *= dl
            dx = from_rows(rows, self.shape, self.axis)
        if self.needs(1):
            dt = from_rows(-self.log_p * dl, self.shape, self.axis)
        return dx, dt


def cross_entropy(
    x: Any,
    target: Any,
    weight: Any = None,
    ignore_index: int = -100,
    reduction: Reduction = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    r"""Return the cross-entropy of logits and target classes or target probabilities.

    $$ l_n = -\sum_c w_c \, t'_{nc} \log \text{softmax}(x_n)_c, \qquad
       t' = (1 - \varepsilon) \, t + \varepsilon / K $$

    where t is one-hot for class indices.

    Args:
        x: Logits, (N, K), (N, K, …) or (K,).
        target: Class indices (integers), x's shape without the class axis; or probabilities
            (floating), x's shape.
        weight: w (K,), a factor for each class; None means 1.
        ignore_index: Class indices with this value count nothing.
        reduction: "mean", "sum" or "none". As in PyTorch, the mean over class indices divides by
            the weights of the targets that count, the mean over probabilities by their number.
        label_smoothing: ε in [0, 1], the share of the target spread over all classes.

    Returns:
        A scalar, or x's shape without the class axis for "none". If every target is ignored, the
        mean is 0 (PyTorch: NaN).

    Raises:
        ShapeError: If the shapes do not fit.
        ValueError: If an index is no class, or label_smoothing is outside [0, 1].

    Source: label smoothing is Szegedy et al. (2016), arXiv:1512.00567, section 7.

    Examples:
        >>> round(cross_entropy([[0.0, 0.0]], [1]).item(), 4)  # log 2
        0.6931
        >>> cross_entropy([[1e4, 0.0]], [1]).item()
        10000.0
    """
    name = "cross_entropy"
    check_reduction(name, reduction)
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"{name}: expected label_smoothing in [0, 1], got {label_smoothing}")
    x = as_floating(x)
    axis = class_axis(name, x)
    w = class_weights(name, weight, x, axis)
    if not isinstance(target, Tensor):
        target = np.asarray(target)
    if target.dtype.kind == "f":
        return _of_probabilities(x, target, axis, w, reduction, label_smoothing)
    indices = check_indices(name, x, target, axis, ignore_index)
    safe, factors = row_factors(indices, w, ignore_index, x.dtype)
    scale = {"none": None, "sum": 1.0, "mean": over_total(float(factors.sum()))}[reduction]
    if label_smoothing == 0:
        plain = w is None and not (indices == ignore_index).any()
        loss: Tensor = CrossEntropyIndices.apply(
            x, safe, None if plain else factors, axis=axis, scale=scale
        )
        return loss
    kept = (indices != ignore_index).astype(x.dtype)
    t = np.zeros_like(x.data, shape=(len(safe), x.shape[axis]))
    t += label_smoothing / max(x.shape[axis], 1)
    t[np.arange(len(safe)), safe] += 1 - label_smoothing
    t *= kept[:, None] if w is None else kept[:, None] * w
    losses: Tensor = CrossEntropyProbabilities.apply(x, from_rows(t, x.shape, axis), axis=axis)
    return losses if scale is None else losses.sum() * scale


def _of_probabilities(
    x: Tensor, target: Any, axis: int, w: Array | None, reduction: str, smoothing: float
) -> Tensor:
    if target.shape != x.shape:
        raise ShapeError(
            f"cross_entropy: expected probabilities of the logits' shape {x.shape}, "
            f"got {target.shape}"
        )
    x, t = coerce_pair(x, target)
    if smoothing:
        t = t * (1 - smoothing) + smoothing / max(x.shape[axis], 1)
    if w is not None:
        t = t * w.reshape(-1, *[1] * (x.ndim - 1 - axis))
    losses: Tensor = CrossEntropyProbabilities.apply(x, t, axis=axis)
    if reduction == "none":
        return losses
    return losses.sum() * (over_total(losses.size) if reduction == "mean" else 1.0)


class CrossEntropyLoss(Module):
    r"""Cross-entropy of logits; the loss of classification.

    Args:
        weight: (K,), a factor for each class; None means 1.
        ignore_index: Class indices with this value count nothing.
        reduction: "mean", "sum" or "none".
        label_smoothing: In [0, 1], the share of the target spread over all classes.

    Shape:
        input (N, K, …), target (N, …) integer or (N, K, …) floating -> scalar
    """

    def __init__(
        self,
        weight: Any = None,
        ignore_index: int = -100,
        reduction: Reduction = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        check_reduction("CrossEntropyLoss", reduction)
        if not 0 <= label_smoothing <= 1:
            raise ValueError(
                f"CrossEntropyLoss: expected label_smoothing in [0, 1], got {label_smoothing}"
            )
        self.weight, self.ignore_index = weight, ignore_index
        self.reduction, self.label_smoothing = reduction, label_smoothing

    def forward(self, x: Any, target: Any) -> Tensor:
        """Return the loss of logits x."""
        return cross_entropy(
            x, target, self.weight, self.ignore_index, self.reduction, self.label_smoothing
        )
