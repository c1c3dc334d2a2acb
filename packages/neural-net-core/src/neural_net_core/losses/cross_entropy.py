"""Cross-entropy of class scores: softmax, logarithm and the choice of the class in one step."""

from typing import Any

import numpy as np

from neural_net_core.checks import check_fraction
from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_core.losses._classes import (
    as_class_weight,
    as_labels,
    check_ignore_index,
    class_axis,
    classes_second,
    from_rows,
    split_ignored,
    to_rows,
)
from neural_net_core.losses._loss import (
    Loss,
    LossOp,
    Reduction,
    as_input,
    as_plain,
    check_reduction,
)
from neural_net_core.ops.matrix_product import row_dots, row_sums
from neural_net_core.ops.softmaxes import largest
from neural_net_core.tensor import Tensor, TensorLike

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
        self.t, self.rows, self.counted = t, np.arange(samples), counted
        self.h, count, ignored = self._target_weights(z)
        peak = largest(z, axis=1)
        if ignored is not None:
            peak[ignored] = 0
        z = z - peak
        if ignored is not None:
            z[ignored] = 0  # whatever stood there, such as NaN, must not count
        z_t = z[self.rows, t]
        z_g = self._smoothed(z)
        self.e = np.exp(z, out=z)
        e_t = self.e[self.rows, t]
        self.e[self.rows, t] = 0
        self.rest = row_sums(self.e)
        self.total = self.rest + e_t
        # Where the target is the largest, e_t is 1 and this the logarithm of 1 + rest.
        log_total = np.log1p(self.rest + (e_t - 1))
        if self.label_smoothing:
            z_t = np.where(self.h == 0, 0, z_t)  # which may be −∞
        losses = self.h * (log_total - z_t)
        if z_g is not None:
            smooth = self.g_total * log_total - z_g
            losses += smooth if counted is None else smooth * counted
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

    def _target_weights(self, z: Array) -> tuple[Any, float, Array | None]:
        """Return h for each sample (or for all), what a mean divides by, and whom to ignore."""
        if self.weight is None:
            if self.counted is None:
                return 1 - self.label_smoothing, self.t.size, None
            w = self.counted.astype(z.dtype)
        else:
            w = self.weight[self.t]
            if self.counted is not None:
                w *= self.counted
        ignored: Array | None = w == 0
        if self.label_smoothing:  # then a target of weight 0 still costs what the others weigh
            ignored = None if self.counted is None else ~self.counted
        return (1 - self.label_smoothing) * w, float(np.add.reduce(w)), ignored

    def _smoothed(self, z: Array) -> Array | None:
        """Return Σ g z for each sample, with g the part of the target that goes to all classes."""
        if not self.label_smoothing:
            return None
        w = np.ones_like(z, shape=z.shape[1]) if self.weight is None else self.weight
        self.g = w * _share(self.label_smoothing, z.shape[1])
        self.g_total = float(np.add.reduce(self.g))
        if not self.g.all():
            z = np.where(self.g == 0, 0, z)  # which may be −∞
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
        if not np.isfinite(losses).all():
            # 0 · ∞ is 0 here: a class that has no share costs nothing, however unlikely it is.
            self.minus_log_p[(self.a == 0) & np.isinf(self.minus_log_p)] = 0
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
    axis: int | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Return how surprising the target classes are under the softmax of the scores.

    $$ l = -w_t \ln p_t, \quad p = \operatorname{softmax}(z) \qquad
       \frac{\partial l}{\partial z_c} = w_t \, (p_c - [c = t]) $$

    With probabilities q as targets, $l = -\sum_c w_c q_c \ln p_c$.

    Args:
        logits: z, scores (C,), (N, C) or (N, C, d₁, …), the classes on axis 1; not probabilities.
            Scores (B, T, C) of a sequence have them on the last axis: give `axis=-1`. Where T = C
            nothing else can tell.
        targets: Class indices, integers of that shape without the class axis; or probabilities,
            floating and of the shape of the logits, >= 0.
        weight: A factor w for each class, (C,).
        ignore_index: A class index that does not count at all, such as padding: the scores there
            may be anything, also NaN, and their gradient is 0. So it is with a class of weight 0.
        label_smoothing: ε in [0, 1], the share of every target that is spread over all classes
            (Szegedy et al. 2016, arXiv:1512.00567, section 7).
        axis: Where the classes stand; None means on axis 1, or 0 of a single sample.
        reduction: "mean", "sum" or "none". The mean of class indices divides by the weights of
            the targets that count, that of probabilities by the number of samples. If no target
            counts it is 0.

    Returns:
        A scalar; without a reduction one loss per target.

    Raises:
        ShapeError: If the shapes do not fit.
        DTypeError: If class indices are not integers.
        IndexError: If a class index is out of range.
        ValueError: If the smoothing is not in [0, 1], a probability is negative, or the reduction
            is unknown.

    Examples:
        >>> round(cross_entropy([[0.0, 0.0], [1000.0, 0.0]], [0, 1]).item(), 4)
        500.3466
    """
    name = "cross_entropy"
    check_reduction(name, reduction)
    if type(label_smoothing) is not float or label_smoothing:  # 0.0 costs no check
        label_smoothing = check_fraction(name, "label_smoothing", label_smoothing)
    ignore_index = check_ignore_index(name, ignore_index)
    z = as_input(name, "logits", logits)
    if axis is not None or z.data.ndim == 0:
        z = classes_second(name, z, axis)
    # An empty batch may have no classes either, such as the scores of no query and no key.
    if z.data.size == 0 and z.shape[class_axis(z)] == 0 and (z.ndim == 1 or z.shape[0] > 0):
        raise ShapeError(f"{name}: expected at least one class, got logits {z.shape}")
    w = None if weight is None else as_class_weight(name, weight, z)
    raw = targets if isinstance(targets, Tensor) else as_plain(name, "targets", targets)
    if raw.dtype.kind == "f" and raw.ndim == z.ndim:
        q = classes_second(name, as_input(name, "target probabilities", raw, z.dtype), axis)
        if q.shape == z.shape:
            if q.size and not np.minimum.reduce(q.data, axis=None) >= 0:
                raise ValueError(
                    f"{name}: expected target probabilities >= 0, got {np.min(q.data):g}"
                )
            return SoftCrossEntropyLossOp.apply(
                z, q, reduction=reduction, weight=w, label_smoothing=label_smoothing
            )
    return CrossEntropyLossOp.apply(
        z,
        as_labels(name, raw, z),
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
        axis: Where the classes stand; None means on axis 1, or 0 of a single sample.

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
        axis: int | None = None,
    ) -> None:
        super().__init__(reduction)
        name = "CrossEntropyLoss"
        self.weight = weight
        self.ignore_index = check_ignore_index(name, ignore_index)
        self.label_smoothing = check_fraction(name, "label_smoothing", label_smoothing)
        self.axis = axis

    def forward(self, logits: TensorLike, targets: TensorLike) -> Tensor:
        """Return the loss."""
        return cross_entropy(
            logits,
            targets,
            weight=self.weight,
            ignore_index=self.ignore_index,
            label_smoothing=self.label_smoothing,
            axis=self.axis,
            reduction=self.reduction,
        )


def _share(label_smoothing: float, classes: int) -> float:
    """Return what smoothing gives each class; without classes there is nobody to divide among."""
    return label_smoothing / classes if classes else 0.0
