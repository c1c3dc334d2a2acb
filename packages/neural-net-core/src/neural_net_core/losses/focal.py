"""Focal losses: a cross-entropy in which what is easy counts little."""

import numpy as np

from neural_net_core.activations.sigmoid import logistic_and_rest
from neural_net_core.activations.softplus import log1pexp
from neural_net_core.checks import check_fraction, check_number
from neural_net_core.dtypes import Array
from neural_net_core.losses._classes import (
    as_class_weight,
    as_labels,
    check_ignore_index,
    classes_second,
    from_rows,
    to_rows,
)
from neural_net_core.losses._loss import (
    Loss,
    LossOp,
    Reduction,
    as_input,
    as_pair,
    check_reduction,
    weighted,
)
from neural_net_core.losses.cross_entropy import minus_log_softmax
from neural_net_core.tensor import Tensor, TensorLike

__all__ = [
    "FocalLoss",
    "FocalLossOp",
    "SigmoidFocalLoss",
    "SigmoidFocalLossOp",
    "focal_loss",
    "sigmoid_focal_loss",
]


class SigmoidFocalLossOp(LossOp):
    """l = α_t qᵞ (−ln p), p = σ(z), q = 1 − p, z = ±x: what the target says

    dz = −dl · α_t qᵞ (q + γ p (−ln p)).  Saves p, q, −ln p and α_t.
    α_t is α where the target is 1 and 1 − α where it is 0. No difference is taken, so that the
    gradient keeps its digits however certain p is.
    """

    def __init__(self, reduction: Reduction, alpha: float | None, gamma: float) -> None:
        self.reduction, self.alpha, self.gamma = reduction, alpha, gamma

    def forward(self, x: Array, t: Array) -> Array:
        self.sign = 2 * t - 1
        z = self.sign * x
        self.p, self.q = logistic_and_rest(z)
        self.minus_log_p = log1pexp(-z)
        a = self.alpha
        self.alpha_t = 1 if a is None else t * a + (1 - t) * (1 - a)
        return self.reduce(self.alpha_t * self.q**self.gamma * self.minus_log_p)

    def backward(self, dy: Array) -> tuple[Array, None]:
        steeper = self.gamma * weighted(self.p, self.minus_log_p)  # 0 · ∞ is 0 where p is 0
        dz = -self.spread(dy) * self.alpha_t * self.q**self.gamma * (self.q + steeper)
        return dz * self.sign, None


class FocalLossOp(LossOp):
    """l = w_t rᵞ (−ln p_t), p = softmax z, r = 1 − p_t

    dz_c = dl · w_t rᵞ (1 + γ p_t (−ln p_t) / r) (p_c − [c = t]).
    t is the target class, w the weights of the classes. Which targets count is an input: booleans,
    or True for all. The quotient goes to 1 as p_t does, so that no gradient grows without bounds
    for γ < 1, and at γ = 0 "probability minus one-hot" is left.  Saves −ln p, r and w_t.
    """

    def __init__(self, reduction: Reduction, weight: Array | None, gamma: float) -> None:
        self.reduction, self.weight, self.gamma = reduction, weight, gamma

    def forward(self, logits: Array, targets: Array, counted: Array | bool) -> Array:
        z, self.t, self.shape = to_rows(logits), targets.reshape(-1), logits.shape  # (M, C), (M,)
        self.samples = np.arange(len(z))
        w = np.ones_like(z, shape=z.shape[1]) if self.weight is None else self.weight
        self.w_t = w[self.t] if counted is True else w[self.t] * np.reshape(counted, -1)
        # Where nothing has a weight, the scores may be anything, also NaN.
        self.minus_log_p = minus_log_softmax(np.where(self.w_t[:, None] == 0, 0, z))
        self.l_t = self.minus_log_p[self.samples, self.t]  # −ln p_t
        self.r = -np.expm1(-self.l_t)
        losses = weighted(self.w_t, self.r**self.gamma * self.l_t)
        return self.reduce(losses.reshape(targets.shape), float(self.w_t.sum()))

    def backward(self, dy: Array) -> tuple[Array, None, None]:
        quotient = weighted(np.exp(-self.l_t), self.l_t) / np.where(self.r == 0, 1, self.r)
        slope = self.w_t * self.r**self.gamma * (1 + self.gamma * quotient)
        p_minus_q = np.exp(-self.minus_log_p)
        p_minus_q[self.samples, self.t] = -self.r
        dz = (self.spread(dy).reshape(-1) * slope)[:, None] * p_minus_q
        return from_rows(dz, self.shape), None, None


def sigmoid_focal_loss(
    logits: TensorLike,
    targets: TensorLike,
    *,
    alpha: float | None = 0.25,
    gamma: float = 2.0,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Return a cross-entropy of yes-or-no targets in which easy ones count little.

    $$ l = -\alpha_t (1 - p_t)^\gamma \ln p_t, \qquad
       p_t = \begin{cases} \sigma(x) & t = 1 \\ 1 - \sigma(x) & t = 0 \end{cases} \qquad
       \alpha_t = \begin{cases} \alpha & t = 1 \\ 1 - \alpha & t = 0 \end{cases} $$

    For detectors, whose images are nearly all background: many thousands of easy negatives would
    drown the few that matter. At γ = 0 without α it is `binary_cross_entropy_with_logits`.

    Args:
        logits: x, unbounded scores of any shape.
        targets: t, 1 or 0, the same shape. Shares between are refused: the paper defines none.
        alpha: α in [0, 1], the weight of positive targets; None weights nothing.
        gamma: γ, at least 0: how fast easy targets lose their weight.
        reduction: "mean" (over the elements), "sum" or "none". The paper takes the sum and divides
            by the number of anchors that were assigned to an object; torchvision's default is
            "none".

    Returns:
        A scalar, or the shape of x without a reduction.

    Raises:
        ShapeError: If the shapes differ; nothing is broadcast.
        ValueError: If a target is neither 0 nor 1, alpha or gamma is out of range, or the reduction
            is unknown.

    Examples:
        >>> sigmoid_focal_loss([0.0, 0.0, 4.0], [1, 0, 1], reduction="none").data.round(4)
        array([0.0433, 0.13  , 0.    ], dtype=float32)
    """
    name = "sigmoid_focal_loss"
    check_reduction(name, reduction)
    alpha = None if alpha is None else check_fraction(name, "alpha", alpha)
    gamma = check_number(name, "gamma", gamma, 0)
    x, t = as_pair(name, logits, targets)
    wrong = (t.data != 0) & (t.data != 1)
    if wrong.any():
        raise ValueError(f"{name}: expected targets 0 or 1, got {t.data[wrong].flat[0]:g}")
    return SigmoidFocalLossOp.apply(
        x, t.detach(), reduction=reduction, alpha=alpha, gamma=float(gamma)
    )


def focal_loss(
    logits: TensorLike,
    targets: TensorLike,
    *,
    gamma: float = 2.0,
    weight: TensorLike | None = None,
    ignore_index: int = -100,
    axis: int | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Return a cross-entropy of class scores in which samples that are easy count little.

    $$ l = -w_t (1 - p_t)^\gamma \ln p_t, \qquad p = \operatorname{softmax}(x) $$

    At γ = 0 it is `cross_entropy`.

    Args:
        logits: x, scores (C,), (N, C) or (N, C, d₁, …), the classes on axis 1.
        targets: t, class indices, integers of that shape without the class axis.
        gamma: γ, at least 0: how fast easy samples lose their weight.
        weight: A factor w for each class, (C,), the α of the paper.
        ignore_index: A class index that does not count at all.
        axis: Where the classes stand, if not there: −1 for (B, T, C).
        reduction: "mean" (divides by the weights of the targets that count, as `cross_entropy`
            does; 0 if none counts), "sum" or "none".

    Returns:
        A scalar; without a reduction one loss per target.

    Raises:
        ShapeError: If the shapes do not fit.
        DTypeError: If the class indices are not integers.
        IndexError: If a class index is out of range.
        ValueError: If gamma is negative or the reduction is unknown.

    Examples:
        >>> focal_loss([[0.0, 0.0], [5.0, 0.0]], [0, 0], reduction="none").data.round(4)
        array([0.1733, 0.    ], dtype=float32)
    """
    name = "focal_loss"
    check_reduction(name, reduction)
    gamma = check_number(name, "gamma", gamma, 0)
    ignore_index = check_ignore_index(name, ignore_index)
    x = classes_second(name, as_input(name, "logits", logits), axis)
    labels, counted = as_labels(name, targets, x, ignore_index)
    w = as_class_weight(name, weight, x)
    return FocalLossOp.apply(x, labels, counted, reduction=reduction, weight=w, gamma=float(gamma))


class SigmoidFocalLoss(Loss):
    """Binary cross-entropy of logits in which easy targets count little.

    Args:
        alpha: The weight of positive targets, in [0, 1], beside 1 − alpha of negative ones; None
            weights nothing.
        gamma: How fast easy targets lose their weight, at least 0.
        reduction: "mean", "sum" or "none".

    Shape:
        logits and targets of one shape -> ()

    References:
        Lin et al. (2017), Focal loss for dense object detection, arXiv:1708.02002, eq. 5, and
        appendix A for its slope.

    Examples:
        >>> round(SigmoidFocalLoss()([0.0], [1]).item(), 4)
        0.0433
    """

    def __init__(
        self, alpha: float | None = 0.25, gamma: float = 2.0, reduction: Reduction = "mean"
    ) -> None:
        super().__init__(reduction)
        name = "SigmoidFocalLoss"
        self.alpha = None if alpha is None else check_fraction(name, "alpha", alpha)
        self.gamma = check_number(name, "gamma", gamma, 0)

    def forward(self, logits: TensorLike, targets: TensorLike) -> Tensor:
        """Return the loss."""
        return sigmoid_focal_loss(
            logits, targets, alpha=self.alpha, gamma=self.gamma, reduction=self.reduction
        )


class FocalLoss(Loss):
    """Cross-entropy of class scores in which samples that are easy count little.

    Args:
        gamma: How fast easy samples lose their weight, at least 0; 0 is `CrossEntropyLoss`.
        weight: A factor for each class, (C,).
        ignore_index: A class index that does not count.
        reduction: "mean", "sum" or "none".
        axis: Where the classes stand; None means on axis 1, or 0 of a single sample.

    Shape:
        logits (N, C, …) and class indices (N, …) -> ()

    References:
        Lin et al. (2017), Focal loss for dense object detection, arXiv:1708.02002, eq. 4, with a
        softmax.

    Examples:
        >>> round(FocalLoss()([[0.0, 0.0]], [1]).item(), 4)
        0.1733
    """

    def __init__(
        self,
        gamma: float = 2.0,
        weight: TensorLike | None = None,
        ignore_index: int = -100,
        reduction: Reduction = "mean",
        axis: int | None = None,
    ) -> None:
        super().__init__(reduction)
        self.gamma = check_number("FocalLoss", "gamma", gamma, 0)
        self.weight = weight
        self.ignore_index = check_ignore_index("FocalLoss", ignore_index)
        self.axis = axis

    def forward(self, logits: TensorLike, targets: TensorLike) -> Tensor:
        """Return the loss."""
        return focal_loss(
            logits,
            targets,
            gamma=self.gamma,
            weight=self.weight,
            ignore_index=self.ignore_index,
            axis=self.axis,
            reduction=self.reduction,
        )
