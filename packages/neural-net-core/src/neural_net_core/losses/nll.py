"""Negative log-likelihood: the cross-entropy of log-probabilities."""

import numpy as np

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
    check_reduction,
    weighted,
)
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["NLLLoss", "NLLLossOp", "nll_loss"]


class NLLLossOp(LossOp):
    """l = −w_t x_t, t the target class;  dx_c = −dl · w_t [c = t].  Saves t and w_t."""

    def __init__(self, reduction: Reduction, weight: Array | None) -> None:
        self.reduction, self.weight = reduction, weight

    def forward(self, x: Array, targets: Array, counted: Array | bool) -> Array:
        rows, self.t = to_rows(x), targets.reshape(-1)  # (M, C), (M,)
        self.x_shape, self.samples, self.classes = x.shape, np.arange(len(rows)), rows.shape[1]
        w = np.ones_like(rows, shape=self.classes) if self.weight is None else self.weight
        self.w_t = w[self.t] * np.reshape(counted, -1)
        losses = weighted(self.w_t, -rows[self.samples, self.t])
        return self.reduce(losses.reshape(targets.shape), float(self.w_t.sum()))

    def backward(self, dy: Array) -> tuple[Array, None, None]:
        dx = np.zeros_like(self.w_t, shape=(len(self.samples), self.classes))
        dx[self.samples, self.t] = -self.spread(dy).reshape(-1) * self.w_t
        return from_rows(dx, self.x_shape), None, None


def nll_loss(
    log_probabilities: TensorLike,
    targets: TensorLike,
    *,
    weight: TensorLike | None = None,
    ignore_index: int = -100,
    axis: int | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Return minus the log-probabilities of the target classes.

    $$ l = -w_t \, x_t $$

    `nll_loss(log_softmax(z, axis=1), t)` is `cross_entropy(z, t)`, which is faster.

    Args:
        log_probabilities: x, (C,), (N, C) or (N, C, d₁, …), the classes on axis 1.
        targets: Class indices, integers of that shape without the class axis.
        weight: A factor w for each class, (C,).
        ignore_index: A class index that does not count at all.
        axis: Where the classes stand, if not there: −1 for (B, T, C).
        reduction: "mean" (divides by the weights of the targets that count; 0 if none does),
            "sum" or "none".

    Returns:
        A scalar; without a reduction one loss per target.

    Raises:
        ShapeError: If the shapes do not fit.
        DTypeError: If the class indices are not integers.
        IndexError: If a class index is out of range.
        ValueError: If the reduction is unknown.

    Examples:
        >>> nll_loss([[-0.5, -2.0], [-3.0, -1.0]], [0, 1]).item()
        0.75
    """
    name = "nll_loss"
    check_reduction(name, reduction)
    ignore_index = check_ignore_index(name, ignore_index)
    x = classes_second(name, as_input(name, "log-probabilities", log_probabilities), axis)
    labels, counted = as_labels(name, targets, x, ignore_index)
    w = as_class_weight(name, weight, x)
    return NLLLossOp.apply(x, labels, counted, reduction=reduction, weight=w)


class NLLLoss(Loss):
    """Negative log-likelihood of log-probabilities, such as the outputs of a `LogSoftmax`.

    Args:
        weight: A factor for each class, (C,).
        ignore_index: A class index that does not count.
        axis: Where the classes stand; None means on axis 1, or 0 of a single sample.
        reduction: "mean", "sum" or "none".

    Shape:
        log-probabilities (N, C, …) and class indices (N, …) -> ()

    Examples:
        >>> NLLLoss()([[-0.5, -2.0]], [1]).item()
        2.0
    """

    def __init__(
        self,
        weight: TensorLike | None = None,
        ignore_index: int = -100,
        reduction: Reduction = "mean",
        axis: int | None = None,
    ) -> None:
        super().__init__(reduction)
        self.weight = weight
        self.ignore_index = check_ignore_index("NLLLoss", ignore_index)
        self.axis = axis

    def forward(self, log_probabilities: TensorLike, targets: TensorLike) -> Tensor:
        """Return the loss."""
        return nll_loss(
            log_probabilities,
            targets,
            weight=self.weight,
            ignore_index=self.ignore_index,
            axis=self.axis,
            reduction=self.reduction,
        )
