"""Negative log-likelihood of a normal distribution whose variance is predicted too."""

import math

import numpy as np

from neural_net_core.checks import check_flag, check_number
from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_core.losses._loss import (
    Loss,
    LossOp,
    Reduction,
    as_input,
    as_pair,
    check_reduction,
)
from neural_net_core.ops.shape import expand_dims
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["GaussianNLLLoss", "GaussianNLLLossOp", "gaussian_nll_loss"]


class GaussianNLLLossOp(LossOp):
    """l = ½ (ln v + d²/v), d = x − t, v = max(var, ε)

    dx = dl · d/v,  dt = −dx,  dvar = dl · ½ (1 − d²/v) / v,  also where var < ε, so that a variance
    that fell to 0 can grow again. `full` adds ½ ln 2π.  Saves d/v, d²/v and v.
    """

    def __init__(self, reduction: Reduction, full: bool, eps: float) -> None:
        self.reduction, self.full, self.eps = reduction, full, eps

    def forward(self, x: Array, t: Array, var: Array) -> Array:
        self.v = np.maximum(var, self.eps)
        d = x - t
        self.d_by_v = d / self.v
        self.surprise = d * self.d_by_v  # d²/v
        constant = math.log(2 * math.pi) if self.full else 0
        return self.reduce((np.log(self.v) + self.surprise + constant) / 2)

    def backward(self, dy: Array) -> tuple[Array, Array, Array]:
        dl = self.spread(dy)
        dx = dl * self.d_by_v
        return dx, -dx, dl * (1 - self.surprise) / (2 * self.v)


def gaussian_nll_loss(
    predictions: TensorLike,
    targets: TensorLike,
    var: TensorLike,
    *,
    full: bool = False,
    eps: float = 1e-6,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Return how surprising targets are under normal distributions of predicted mean and variance.

    $$ l = \tfrac12 \Big( \ln v + \frac{(x - t)^2}{v} \Big), \qquad
       v = \max(\mathit{var}, \epsilon) $$

    A network that predicts both learns where it cannot know: the squared error counts little where
    the variance is large, and the logarithm asks a price for that.

    Args:
        predictions: x, the means, any shape.
        targets: t, the same shape.
        var: The variances, not negative: the same shape; or without its last axis, or with 1 there,
            for one variance per sample; or a number.
        full: Whether ½ ln 2π is added, which makes it the logarithm of the density.
        eps: ε, what a variance counts as at least, positive. The gradient of a smaller one is that
            at ε, as in PyTorch.
        reduction: "mean", "sum", or "none" for one loss per element.

    Returns:
        A scalar, or the shape of x without a reduction.

    Raises:
        ShapeError: If the shapes do not fit; nothing else is broadcast.
        ValueError: If a variance is negative, eps is not positive, or the reduction is unknown.

    Examples:
        >>> gaussian_nll_loss([0.0, 0.0], [2.0, 2.0], [1.0, 4.0], reduction="none").data.round(4)
        array([2.    , 1.1931], dtype=float32)
    """
    name = "gaussian_nll_loss"
    check_reduction(name, reduction)
    full, eps = check_flag(name, "full", full), check_number(name, "eps", eps, above=0)
    x, t = as_pair(name, predictions, targets)
    v = as_input(name, "var", var, x.dtype)
    if v.ndim and v.shape != x.shape:
        if v.shape == x.shape[:-1]:
            v = expand_dims(v, -1)
        elif v.shape != (*x.shape[:-1], 1):
            raise ShapeError(
                f"{name}: expected var of the shape {x.shape} or {x.shape[:-1]}, got {v.shape}"
            )
    if (v.data < 0).any():
        raise ValueError(
            f"{name}: expected var >= 0, got {np.nanmin(v.data):g}; the exponential or the "
            "softplus of an output is never negative"
        )
    return GaussianNLLLossOp.apply(x, t, v, reduction=reduction, full=full, eps=float(eps))


class GaussianNLLLoss(Loss):
    """Negative log-likelihood of normal distributions, of predicted means and variances.

    Args:
        full: Whether the constant ½ ln 2π is added.
        eps: What a variance counts as at least, positive.
        reduction: "mean", "sum" or "none".

    Shape:
        predictions, targets and variances of one shape -> ()

    References:
        Nix & Weigend (1994), Estimating the mean and variance of the target probability
        distribution, eq. 3.

    Examples:
        >>> GaussianNLLLoss()([0.0], [2.0], [1.0]).item()
        2.0
    """

    def __init__(
        self, full: bool = False, eps: float = 1e-6, reduction: Reduction = "mean"
    ) -> None:
        super().__init__(reduction)
        self.full = check_flag("GaussianNLLLoss", "full", full)
        self.eps = check_number("GaussianNLLLoss", "eps", eps, above=0)

    def forward(self, predictions: TensorLike, targets: TensorLike, var: TensorLike) -> Tensor:
        """Return the loss."""
        return gaussian_nll_loss(
            predictions, targets, var, full=self.full, eps=self.eps, reduction=self.reduction
        )
