"""Cross-entropy of class scores: softmax, logarithm and the choice of the class in one step."""

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
    to_rows,
)
from neural_net_core.losses._loss import (
    Loss,
    LossOp,
    Reduction,
    as_input,
    as_plain,
    check_reduction,
    weighted,
)
from neural_net_core.ops.softmaxes import largest
from neural_net_core.tensor import Tensor, TensorLike

__all__ = [
    "CrossEntropyLoss",
    "CrossEntropyLossOp",
    "SoftCrossEntropyLossOp",
    "cross_entropy",
]


class CrossEntropyLossOp(LossOp):
    """l = −Σ_c a_c ln p_c, p = softmax z, a_c = w_c ((1 − ε) q_c + ε/C), q_c = [c = t]

    dz_c = dl · (p_c Σ a − a_c).
    t is the target class, w the weights of the classes and ε the label smoothing. Without weights
    and smoothing l = −ln p_t, and the gradient is "probability minus one-hot". Which targets count
    is an input: booleans, or True for all. `reduce` turns the single losses l into y, and
    `spread` turns dy into dl.

    p_t − 1 would lose its digits as p_t nears 1. So p − q is computed as a whole, and the gradient
    as dl · ((p − q) Σ a + (q Σ a − a)). Saves q, a and −ln p.
    """

    def __init__(self, reduction: Reduction, weight: Array | None, label_smoothing: float) -> None:
        self.reduction, self.weight = reduction, weight
        self.label_smoothing = label_smoothing

    def forward(self, logits: Array, targets: Array, counted: Array | bool) -> Array:
        z, eps = to_rows(logits), self.label_smoothing  # (M, C)
        classes = z.shape[1]
        self.q = (targets.reshape(-1, 1) == np.arange(classes)).astype(z.dtype)
        w = np.reshape(counted, (-1, 1))  # 0 in the rows of ignored targets
        w = w if self.weight is None else w * self.weight
        self.a = w * ((1 - eps) * self.q + eps / max(classes, 1))
        # Where nothing has a weight, the scores may be anything, also NaN.
        self.minus_log_p = minus_log_softmax(np.where(self.a.any(axis=1, keepdims=True), z, 0))
        losses = weighted(self.a, self.minus_log_p).sum(axis=1)
        self.shape = logits.shape
        # A mean divides by the weights of the targets, Σ w_t.
        return self.reduce(losses.reshape(targets.shape), float((w * self.q).sum()))

    def backward(self, dy: Array) -> tuple[Array, None, None]:
        dl, total = self.spread(dy).reshape(-1, 1), self.a.sum(axis=1, keepdims=True)
        log_p = -self.minus_log_p
        p_minus_q = np.where(self.q == 1, np.expm1(log_p), np.exp(log_p))
        dz = dl * (p_minus_q * total + (self.q * total - self.a))
        return from_rows(dz, self.shape), None, None


class SoftCrossEntropyLossOp(LossOp):
    """l = −Σ_c a_c ln p_c, p = softmax z, a_c = w_c ((1 − ε) q_c + ε/C)

    dz = dl · (p Σ a − a),  dq = −dl · (1 − ε) w ln p.
    q are target probabilities, the rest as above. Saves a, p and −ln p.
    """

    def __init__(self, reduction: Reduction, weight: Array | None, label_smoothing: float) -> None:
        self.reduction, self.weight = reduction, weight
        self.label_smoothing = label_smoothing

    def forward(self, logits: Array, targets: Array) -> Array:
        z, q, eps = to_rows(logits), to_rows(targets), self.label_smoothing  # (M, C)
        self.w = 1 if self.weight is None else self.weight
        self.a = self.w * ((1 - eps) * q + eps / max(z.shape[1], 1))
        minus_log_p = minus_log_softmax(z)
        self.p = np.exp(-minus_log_p)
        # 0 · ∞ is 0 here: an impossible class costs nothing where it has no share.
        self.minus_log_p = np.where((self.a == 0) & np.isinf(minus_log_p), 0, minus_log_p)
        losses = (self.a * self.minus_log_p).sum(axis=1)
        self.shape, axis = logits.shape, class_axis(logits)
        return self.reduce(losses.reshape(self.shape[:axis] + self.shape[axis + 1 :]))

    def backward(self, dy: Array) -> tuple[Array, Array]:
        dl, total = self.spread(dy).reshape(-1, 1), self.a.sum(axis=1, keepdims=True)
        dz = dl * (self.p * total - self.a)
        dq = dl * (1 - self.label_smoothing) * self.w * self.minus_log_p
        return from_rows(dz, self.shape), from_rows(dq, self.shape)


def minus_log_softmax(z: Array) -> Array:
    """Return −ln p = ln Σ eᶻ − z for each row, with all digits where p nears 1.

    With the largest score m taken out of the sum, ln Σ eᶻ = m + ln(1 + Σ e^(z − m)) over the
    others, however small, of which `log1p` loses no digit.

    Source:
        Blanchard, Higham & Higham (2021), Accurately computing the log-sum-exp and softmax
        functions, arXiv:1909.03469.
    """
    z = z - largest(z, axis=1)
    others = np.partition(np.exp(z), -1, axis=1)[:, :-1]  # the largest, e⁰ = 1, is the last
    minus_log_p: Array = np.log1p(others.sum(axis=1, keepdims=True)) - z
    return minus_log_p


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
    labels, counted = as_labels(name, raw, z, ignore_index)
    return CrossEntropyLossOp.apply(
        z, labels, counted, reduction=reduction, weight=w, label_smoothing=label_smoothing
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
