"""Negative log-likelihood of counts whose rate is predicted."""

import math

import numpy as np

from neural_net_core.checks import check_flag, check_number
from neural_net_core.dtypes import Array
from neural_net_core.losses._loss import (
    Loss,
    LossOp,
    Reduction,
    as_pair,
    check_reduction,
    weighted,
)
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["PoissonNLLLoss", "PoissonNLLLossOp", "poisson_nll_loss"]


class PoissonNLLLossOp(LossOp):
    """l = λ − t ln λ + s(t), λ = eˣ, or λ = x and its logarithm ln(x + ε)

    dx = dl · (eˣ − t), or dl · (1 − t / (x + ε));  dt = dl · (s'(t) − ln λ).
    s(t) = t ln t − t + ½ ln 2πt approximates ln t! where t > 1, if `full`, and else is 0.
    Saves x, t and ln λ.
    """

    def __init__(self, reduction: Reduction, log_input: bool, full: bool, eps: float) -> None:
        self.reduction, self.log_input, self.full, self.eps = reduction, log_input, full, eps

    def forward(self, x: Array, t: Array) -> Array:
        self.x, self.t = x, t
        rate = np.exp(x) if self.log_input else x
        self.log_rate = x if self.log_input else np.log(x + self.eps)
        losses = rate - weighted(t, self.log_rate)
        if self.full:
            n = np.maximum(t, 1)
            stirling = n * np.log(n) - n + np.log(2 * math.pi * n) / 2
            losses = losses + np.where(t > 1, stirling, 0)
        return self.reduce(losses)

    def backward(self, dy: Array) -> tuple[Array, Array]:
        x, t, dl = self.x, self.t, self.spread(dy)
        dx = dl * (np.exp(x) - t if self.log_input else 1 - t / (x + self.eps))
        n = np.maximum(t, 1)
        slope = np.where(t > 1, np.log(n) + 1 / (2 * n), 0) if self.full else 0
        return dx, dl * (slope - self.log_rate)


def poisson_nll_loss(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    log_input: bool = True,
    full: bool = False,
    eps: float = 1e-8,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Return how surprising counts are under Poisson distributions of predicted rates.

    $$ l = \lambda - t \ln \lambda + \ln t!, \qquad \lambda = e^x $$

    Args:
        predictions: x, the logarithms of the rates, or the rates, any shape.
        targets: t, the counts, not negative, the same shape.
        log_input: Whether x are logarithms; else the loss is x − t ln(x + ε).
        full: Whether ln t! is added, by Stirling's formula and where t > 1. It moves no prediction.
        eps: ε, positive.
        reduction: "mean", "sum", or "none" for one loss per element.

    Returns:
        A scalar, or the shape of x without a reduction.

    Raises:
        ShapeError: If the shapes differ; nothing is broadcast.
        ValueError: If a count or a rate is negative, or the reduction is unknown.

    Examples:
        >>> poisson_nll_loss([0.0, 0.0], [1.0, 3.0], reduction="none").data
        array([1., 1.], dtype=float32)
        >>> round(poisson_nll_loss([3.0], [3.0], log_input=False).item(), 4)
        -0.2958
    """
    name = "poisson_nll_loss"
    check_reduction(name, reduction)
    log_input, full = check_flag(name, "log_input", log_input), check_flag(name, "full", full)
    eps = check_number(name, "eps", eps, above=0)
    x, t = as_pair(name, predictions, targets)
    if (t.data < 0).any():
        raise ValueError(f"{name}: expected counts >= 0 as targets, got {np.nanmin(t.data):g}")
    if not log_input and (x.data < 0).any():
        raise ValueError(
            f"{name}: expected rates >= 0, got {np.nanmin(x.data):g}; logarithms of rates need "
            "log_input=True"
        )
    return PoissonNLLLossOp.apply(
        x, t, reduction=reduction, log_input=log_input, full=full, eps=float(eps)
    )


class PoissonNLLLoss(Loss):
    """Negative log-likelihood of counts under Poisson distributions of predicted rates.

    Args:
        log_input: Whether predictions are logarithms of rates.
        full: Whether ln t! is added, by Stirling's formula.
        eps: Added to a rate before the logarithm, positive.
        reduction: "mean", "sum" or "none".

    Shape:
        predictions and counts of one shape -> ()

    References:
        Nelder & Wedderburn (1972), Generalized linear models, section 3.2.

    Examples:
        >>> PoissonNLLLoss()([0.0], [3.0]).item()
        1.0
    """

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        eps: float = 1e-8,
        reduction: Reduction = "mean",
    ) -> None:
        super().__init__(reduction)
        self.log_input = check_flag("PoissonNLLLoss", "log_input", log_input)
        self.full = check_flag("PoissonNLLLoss", "full", full)
        self.eps = check_number("PoissonNLLLoss", "eps", eps, above=0)

    def forward(self, predictions: TensorLike, targets: TensorLike) -> Tensor:
        """Return the loss."""
        return poisson_nll_loss(
            predictions,
            targets,
            log_input=self.log_input,
            full=self.full,
            eps=self.eps,
            reduction=self.reduction,
        )
