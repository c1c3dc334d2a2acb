r"""Adam: each number gets a step of its own size, from averages of its gradient and its square."""

from typing import ClassVar

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_optim.base.elementwise import ElementwiseOptimizer
from neural_net_optim.base.limits import at_least, flag, fraction, numbers
from neural_net_optim.base.optimizer import Group, Params, State

__all__ = ["Adam", "adam", "bias_corrections"]


def bias_corrections(betas: tuple[float, float], t: int) -> tuple[float, float]:
    """Return 1 − β₁ᵗ and 1 − β₂ᵗ, what the averages of t equal numbers are too small by."""
    beta1, beta2 = betas
    return 1 - beta1**t, 1 - beta2**t


def adam(
    p: Array, g: Array, state: State, group: Group, corrections: tuple[float, float]
) -> tuple[Array, dict[str, Array]]:
    """Return p and the averages after a step of Algorithm 1 of the paper.

    `Adam.rule` has applied the weight decay to p or g before. With AMSGrad, v̂ is computed from the
    largest v so far, v_max ← max(v_max, v).

    Args:
        p: Parameter values.
        g: Their gradient.
        state: `exp_avg` (m), `exp_avg_sq` (v) and, with AMSGrad, `max_exp_avg_sq`.
        group: `lr`, `betas`, `eps` and `amsgrad`.
        corrections: 1 − β₁ᵗ and 1 − β₂ᵗ, the bias corrections of step t.
    """
    lr, (beta1, beta2), eps = group["lr"], group["betas"], group["eps"]
    correction1, correction2 = corrections
    m = beta1 * state["exp_avg"] + (1 - beta1) * g
    v = beta2 * state["exp_avg_sq"] + (1 - beta2) * g**2
    new = {"exp_avg": m, "exp_avg_sq": v}
    if group["amsgrad"]:
        v = new["max_exp_avg_sq"] = np.maximum(state["max_exp_avg_sq"], v)
    m_hat = m / correction1
    v_hat = v / correction2
    p = p - lr * m_hat / (np.sqrt(v_hat) + eps)
    return p, new


class Adam(ElementwiseOptimizer):
    r"""Adaptive moment estimation.

    $$ m \leftarrow \beta_1 m + (1 - \beta_1) g \qquad
       v \leftarrow \beta_2 v + (1 - \beta_2) g^2 \qquad
       \hat m = \frac{m}{1 - \beta_1^t} \quad \hat v = \frac{v}{1 - \beta_2^t} \qquad
       p \leftarrow p - \eta \frac{\hat m}{\sqrt{\hat v} + \epsilon} $$

    Both averages start at 0 and are too small at first; the divisions by $1 - \beta^t$ correct
    that exactly (section 3 of the paper). ε stands outside the root and after the correction.

    Weight decay is an L2 penalty here, g ← g + λ p, which Adam then scales like the rest of the
    gradient; `AdamW` decays the weights themselves, p ← (1 − η λ) p.

    Args:
        params: Parameters, (name, parameter) pairs, or groups; see `Optimizer`.
        lr: η, the learning rate, >= 0.
        betas: β₁ and β₂, how much of the averages is kept, in [0, 1).
        eps: ε, keeps the quotient finite, >= 0.
        weight_decay: λ, >= 0.
        amsgrad: Divide by the largest v so far, so that steps never grow again.
        maximize: Climb instead of descend.
        decoupled_weight_decay: Decay as AdamW does.

    References:
        Kingma & Ba (2015), Adam, arXiv:1412.6980, Algorithm 1. Reddi et al. (2018), On the
        convergence of Adam and beyond, Algorithm 2, for AMSGrad; as in PyTorch the largest v is
        taken before the bias correction, which that paper leaves out.

    Examples:
        The first step of every number is η, whatever its gradient's size:

        >>> import numpy as np
        >>> from neural_net_core import Parameter
        >>> p = Parameter([1.0, 1.0])
        >>> p.grad = np.array([0.5, -500.0], dtype=np.float32)
        >>> Adam([p], lr=0.1).step()
        >>> p.data.round(4)
        array([0.9, 1.1], dtype=float32)
    """

    limits: ClassVar = {
        "lr": at_least(0),
        "betas": numbers(2, fraction),
        "eps": at_least(0),
        "weight_decay": at_least(0),
        "amsgrad": flag,
        "maximize": flag,
        "decoupled_weight_decay": flag,
    }
    nonnegative_state = ("exp_avg_sq", "max_exp_avg_sq")

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        decoupled_weight_decay: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)

    def state_names(self, group: Group) -> tuple[str, ...]:
        if group["amsgrad"]:
            return ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")
        return ("exp_avg", "exp_avg_sq")

    def coefficients(self, group: Group, t: int) -> tuple[float, float]:
        """Return the bias corrections of both averages."""
        return bias_corrections(group["betas"], t)

    def rule(
        self, p: Array, g: Array, state: State, group: Group, t: int
    ) -> tuple[Array, dict[str, Array]]:
        lr, weight_decay = group["lr"], group["weight_decay"]
        if weight_decay and group["decoupled_weight_decay"]:
            p = (1 - lr * weight_decay) * p
        elif weight_decay:
            g = g + weight_decay * p
        return adam(p, g, state, group, self.coefficients(group, t))
