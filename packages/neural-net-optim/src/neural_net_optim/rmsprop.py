r"""RMSprop: divide the gradient by a running average of its size."""

from typing import ClassVar

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_optim.base.elementwise import ElementwiseOptimizer
from neural_net_optim.base.limits import at_least, between, flag
from neural_net_optim.base.optimizer import Group, Params, State

__all__ = ["RMSprop"]


class RMSprop(ElementwiseOptimizer):
    r"""Divide the gradient by the root of the moving mean of its square.

    $$ v \leftarrow \alpha v + (1 - \alpha) g^2 \qquad
       d = \frac{g}{\sqrt{v} + \epsilon} \qquad
       b \leftarrow \mu b + d \qquad p \leftarrow p - \eta b $$

    Centered, the root is of the variance $v - \bar g^2$ with $\bar g$ the moving mean of the
    gradient. Without momentum b is d. There is no bias correction: v is too small at first, so the
    first step is about $1/\sqrt{1 - \alpha}$ (10 at the default) times η.

    Args:
        params: Parameters, (name, parameter) pairs, or groups; see `Optimizer`.
        lr: η, the learning rate, >= 0.
        alpha: α, how much of the averages is kept, in [0, 1].
        eps: ε, keeps the quotient finite, outside the root, >= 0.
        weight_decay: λ of an L2 penalty, >= 0.
        momentum: μ, how much of the buffer is kept, in [0, 1].
        centered: Divide by the standard deviation instead of the root mean square.
        maximize: Climb instead of descend.

    References:
        Tieleman & Hinton (2012), Lecture 6.5 of Neural networks for machine learning. Graves
        (2013), Generating sequences with recurrent neural networks, arXiv:1308.0850, eqs. 38-45,
        for the centered form; ε stands inside the root there.

    Examples:
        v = 0.25 · 2² = 1, so the step is 0.1 · 2/1:

        >>> import numpy as np
        >>> from neural_net_core import Parameter
        >>> p = Parameter([1.0])
        >>> p.grad = np.array([2.0], dtype=np.float32)
        >>> RMSprop([p], lr=0.1, alpha=0.75).step()
        >>> p.data
        array([0.8], dtype=float32)
    """

    limits: ClassVar = {
        "lr": at_least(0),
        "alpha": between(0, 1),
        "eps": at_least(0),
        "weight_decay": at_least(0),
        "momentum": between(0, 1),
        "centered": flag,
        "maximize": flag,
    }
    nonnegative_state = ("square_avg",)

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "alpha": alpha,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "centered": centered,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def state_names(self, group: Group) -> tuple[str, ...]:
        names: tuple[str, ...] = ("square_avg",)
        if group["centered"]:
            names += ("grad_avg",)
        if group["momentum"]:
            names += ("momentum_buffer",)
        return names

    def rule(
        self, p: Array, g: Array, state: State, group: Group, t: int
    ) -> tuple[Array, dict[str, Array]]:
        lr, alpha, eps = group["lr"], group["alpha"], group["eps"]
        new = {}
        if group["weight_decay"]:
            g = g + group["weight_decay"] * p
        v = new["square_avg"] = alpha * state["square_avg"] + (1 - alpha) * g**2
        if group["centered"]:
            mean = new["grad_avg"] = alpha * state["grad_avg"] + (1 - alpha) * g
            v = np.maximum(v - mean**2, 0)  # rounding takes a variance of zero below it
        b = g / (np.sqrt(v) + eps)
        if group["momentum"]:
            b = new["momentum_buffer"] = group["momentum"] * state["momentum_buffer"] + b
        return p - lr * b, new
