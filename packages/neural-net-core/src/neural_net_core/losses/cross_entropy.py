"""Cross-entropy of class scores: softmax, logarithm and the choice of the class in one step."""

import sys
from typing import Any

import numpy as np

from neural_net_core.checks import check_count, check_fraction
from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_core.losses._classes import (
    as_labels,
    check_class_weight,
    class_axis,
    from_rows,
    split_ignored,
    to_rows,
)
from neural_net_core.losses._loss import Loss, LossOp, Reduction, as_weight, check_reduction
from neural_net_core.ops._inputs import as_floating
from neural_net_core.ops.matmul import row_dots, row_sums
from neural_net_core.ops.softmax import largest
from neural_net_core.plain import plain_array
from neural_net_core.tensor import Tensor, TensorLike, as_tensor

__all__ = [
    "CrossEntropyLoss",
    "CrossEntropyLossOp",
    "SoftCrossEntropyLossOp",
    "cross_entropy",
]


class CrossEntropyLossOp(LossOp):
    """l = h (ln Σ eᶻ − z_t) + Σ_c g_c (ln Σ eᶻ − z_c)

    dz_c = dl · ((h + Σ g) p_c − h [c = t] − g_c).
    t is the target class and p the softmax: without weights and smoothing h = 1, g = 0, and the
    gradient is "probability minus one-hot". With label smoothing ε and class weights w,
    h = (1 − ε) w_t and g_c = ε w_c / C.

    p_t − 1 would lose its digits as p_t nears 1. So the other classes are summed apart, and
    p_t − 1 = −rest / total. Saves the others' eᶻ, their sum `rest`, and that of all, `total`.
    """

    def __init__(
        self, reduction: Reduction, weight: Array | None, ignore_index: int, label_smoothing: float
    ) -> None:
        self.reduction, self.weight = reduction, weight
        self.ignore_index, self.label_smoothing = ignore_index, label_smoothing

    def forward(self, logits: Array, targets: Array) -> Array:
        self.shape = logits.shape
        z = to_rows(logits)  # (M, C)
        samples, classes = z.shape
        t, counted = split_ignored("cross_entropy", targets, classes, self.ignore_index)  # (M,)
        self.t, self.rows = t, np.arange(samples)
        z = z - largest(z, axis=1)
        z_t = z[self.rows, t]
        z_g = self._smoothed(z)
        self.e = np.exp(z, out=z)
        e_t = self.e[self.rows, t]
        self.e[self.rows, t] = 0
        self.rest = row_sums(self.e)
        self.total = self.rest + e_t
        # Where the target is the largest, e_t is 1 and this the logarithm of 1 + rest.
        log_total = np.log1p(self.rest + (e_t - 1))
        if counted is not None:
            z_t = np.where(counted, z_t, 0)  # an ignored −∞ must not become NaN

        self.h, count = self._target_weights(t, counted)
        losses = self.h * (log_total - z_t)
        if z_g is not None:
            smooth = self.g_total * log_total - z_g
            losses += smooth if counted is None else smooth * counted
        self.counted = counted
        losses = self.reduce(losses, count)
        return losses.reshape(targets.shape) if self.reduction == "none" else losses

    def backward(self, dy: Array) -> tuple[Array, None]:
        dl = self.spread(dy).reshape(-1)  # (M,) or (1,)
        mass = self.h * dl
        if self.label_smoothing:
            dl = np.broadcast_to(dl if self.counted is None else dl * self.counted, self.t.shape)
            mass = mass + self.g_total * dl
        mass = mass / self.total
        dz = self.e * mass[:, None]
        dz[self.rows, self.t] = -mass * self.rest
        if self.label_smoothing:
            dz -= dl[:, None] * self.g
            dz[self.rows, self.t] += self.g_total * dl
        return from_rows(dz, self.shape), None

    def _target_weights(self, t: Array, counted: Array | None) -> tuple[Any, float]:
        """Return h for each sample (or one number for all), and what a mean divides by."""
        if self.weight is None:
            if counted is None:
                return 1 - self.label_smoothing, t.size
            w = counted.astype(self.e.dtype)
        else:
            w = self.weight[t]
            if counted is not None:
                w *= counted
        return (1 - self.label_smoothing) * w, float(np.add.reduce(w))

    def _smoothed(self, z: Array) -> Array | None:
        """Return Σ g z for each sample, with g the part of the target that goes to all classes."""
        if not self.label_smoothing:
            return None
        w = np.ones_like(z, shape=z.shape[1]) if self.weight is None else self.weight
        self.g = w * _share(self.label_smoothing, z.shape[1])
        self.g_total = float(np.add.reduce(self.g))
        return row_dots(z, self.g)


class SoftCrossEntropyLossOp(LossOp):
    """l = Σ_c a_c (ln Σ eᶻ − z_c), a = w ((1 − ε) q + ε/C)

    dz = dl · (p Σ a − a),  dq = dl · (1 − ε) w (ln Σ eᶻ − z).
    q are target probabilities and p the softmax. Saves a, eᶻ and its sum, and −ln p for dq.
    """

    def __init__(self, reduction: Reduction, weight: Array | None, label_smoothing: float) -> None:
        self.reduction, self.weight = reduction, weight
        self.label_smoothing = label_smoothing

    def forward(self, logits: Array, targets: Array) -> Array:
        self.shape = logits.shape
        z, q = to_rows(logits), to_rows(targets)  # (M, C)
        z = z - largest(z, axis=1)
        self.e = np.exp(z)
        self.total = row_sums(self.e)
        self.minus_log_p = np.log(self.total)[:, None] - z
        self.a = q * (1 - self.label_smoothing)
        self.a += _share(self.label_smoothing, z.shape[1])
        if self.weight is not None:
            self.a *= self.weight
        losses = np.einsum("mc,mc->m", self.a, self.minus_log_p)
        losses = self.reduce(losses)
        axis = class_axis(logits)
        rest = self.shape[:axis] + self.shape[axis + 1 :]
        return losses.reshape(rest) if self.reduction == "none" else losses

    def backward(self, dy: Array) -> tuple[Array | None, Array | None]:
        dl = self.spread(dy).reshape(-1, 1)  # (M, 1) or (1, 1)
        dz = dq = None
        if self.needs(0):
            mass = row_sums(self.a)  # (M,)
            dz = self.e * (mass / self.total)[:, None]
            dz -= self.a
            dz *= dl
            dz = from_rows(dz, self.shape)
        if self.needs(1):
            dq = self.minus_log_p * ((1 - self.label_smoothing) * dl)
            if self.weight is not None:
                dq *= self.weight
            dq = from_rows(dq, self.shape)
        return dz, dq


def cross_entropy(
    logits: TensorLike,
    targets: TensorLike,
    *,
    weight: TensorLike | None = None,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Return how surprising the target classes are under the softmax of the scores.

    $$ l = -w_t \ln p_t, \quad p = \operatorname{softmax}(z) \qquad
       \frac{\partial l}{\partial z_c} = w_t \, (p_c - [c = t]) $$

    With probabilities q as targets, $l = -\sum_c w_c q_c \ln p_c$.

    Args:
        logits: z, scores (C,), (N, C) or (N, C, d₁, …); not probabilities.
        targets: Class indices, integers of that shape without the class axis; or probabilities,
            floating and of the shape of the logits.
        weight: A factor w for each class, (C,).
        ignore_index: A class index that does not count at all, such as padding.
        label_smoothing: ε in [0, 1], the share of every target that is spread over all classes
            (Szegedy et al. 2016, arXiv:1512.00567, section 7).
        reduction: "mean", "sum" or "none". The mean of class indices divides by the weights of
            the targets that count, that of probabilities by the number of samples. If no target
            counts it is 0.

    Returns:
        A scalar; without a reduction one loss per target.

    Raises:
        ShapeError: If the shapes do not fit.
        DTypeError: If class indices are not integers.
        IndexError: If a class index is out of range.
        ValueError: If the smoothing is not in [0, 1] or the reduction is unknown.

    Examples:
        >>> round(cross_entropy([[0.0, 0.0], [1000.0, 0.0]], [0, 1]).item(), 4)
        500.3466
    """
    name = "cross_entropy"
    check_reduction(name, reduction)
    label_smoothing = check_fraction(name, "label_smoothing", label_smoothing)
    ignore_index = check_count(name, "ignore_index", ignore_index, -sys.maxsize)
    z = as_floating(logits)
    # An empty batch may have no classes either, such as the scores of no query and no key.
    if z.ndim and z.shape[class_axis(z)] == 0 and (z.ndim == 1 or z.shape[0] > 0):
        raise ShapeError(f"{name}: expected at least one class, got logits {z.shape}")
    w = as_weight(weight, z)
    raw = targets if isinstance(targets, Tensor) else plain_array(targets)
    if raw.dtype.kind == "f" and raw.shape == z.shape and z.ndim:
        check_class_weight(name, w, z.shape[class_axis(z)])
        return SoftCrossEntropyLossOp.apply(
            z,
            as_tensor(raw, z.dtype),
            reduction=reduction,
            weight=w,
            label_smoothing=label_smoothing,
        )
    labels = as_labels(name, raw, z)
    check_class_weight(name, w, z.shape[class_axis(z)])
    return CrossEntropyLossOp.apply(
        z,
        labels,
        reduction=reduction,
        weight=w,
        ignore_index=ignore_index,
        label_smoothing=label_smoothing,
    )


class CrossEntropyLoss(Loss):
    """Cross-entropy of class scores: the loss of classification into one of C classes.

    It takes the scores themselves: a `Softmax` before it would be applied twice.

    Args:
        weight: A factor for each class, (C,).
        ignore_index: A class index that does not count.
        label_smoothing: The share of every target that is spread over all classes.
        reduction: "mean", "sum" or "none".

    Shape:
        logits (N, C, …) and class indices (N, …), or probabilities (N, C, …) -> ()

    Examples:
        >>> round(CrossEntropyLoss()([[0.0, 0.0]], [1]).item(), 4)
        0.6931
    """

    def __init__(
        self,
        weight: TensorLike | None = None,
        ignore_index: int = -100,
        label_smoothing: float = 0.0,
        reduction: Reduction = "mean",
    ) -> None:
        super().__init__(reduction)
        name = "CrossEntropyLoss"
        self.weight = weight
        self.ignore_index = check_count(name, "ignore_index", ignore_index, -sys.maxsize)
        self.label_smoothing = check_fraction(name, "label_smoothing", label_smoothing)

    def forward(self, logits: TensorLike, targets: TensorLike) -> Tensor:
        """Return the loss."""
        return cross_entropy(
            logits,
            targets,
            weight=self.weight,
            ignore_index=self.ignore_index,
            label_smoothing=self.label_smoothing,
            reduction=self.reduction,
        )


def _share(label_smoothing: float, classes: int) -> float:
    """Return what smoothing gives each class; without classes there is nobody to divide among."""
    return label_smoothing / classes if classes else 0.0
