r"""Adam: each number gets a step of its own size, from averages of its gradient and its square."""

import math
from typing import ClassVar

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_optim.base.elementwise import ElementwiseOptimizer, Scratch, State, add_l2
from neural_net_optim.base.limits import at_least, flag, fraction, numbers
from neural_net_optim.base.optimizer import Group, Params

__all__ = ["Adam", "adam_step"]


def adam_step(p: Array, g: Array, state: State, scratch: Array, group: Group, t: int) -> None:
    """Move the two averages and the parameters; Algorithm 1 of the paper without weight decay.

    Args:
        p: Parameter values; written.
        g: Their gradient.
        state: `exp_avg` (m), `exp_avg_sq` (v) and, with AMSGrad, `max_exp_avg_sq`; written.
        scratch: An array of the same shape, with anything in it.
        group: `lr`, `betas`, `eps` and `amsgrad`.
        t: Which step it is, from 1.
    """
    m, v, a = state["exp_avg"], state["exp_avg_sq"], scratch
    beta1, beta2 = group["betas"]
    # m ← β₁ m + (1 − β₁) g, written as m + (1 − β₁)(g − m)
    np.subtract(g, m, out=a)
    a *= 1 - beta1
    m += a
    # v ← β₂ v + (1 − β₂) g²
    v *= beta2
    np.multiply(g, g, out=a)
    a *= 1 - beta2
    v += a
    if group["amsgrad"]:
        v = np.maximum(state["max_exp_avg_sq"], v, out=state["max_exp_avg_sq"])
    # p ← p − η m̂ / (√v̂ + ε), with m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ). The corrections are
    # numbers, so they are taken out of the quotient: η √c₂/c₁ · m / (√v + ε √c₂).
    root = math.sqrt(1 - beta2**t)
    np.sqrt(v, out=a)
    a += group["eps"] * root
    np.divide(m, a, out=a)
    a *= group["lr"] * root / (1 - beta1**t)
    p -= a


class Adam(ElementwiseOptimizer):
    r"""Adaptive moment estimation.

    $$ m \leftarrow \beta_1 m + (1 - \beta_1) g \qquad
       v \leftarrow \beta_2 v + (1 - \beta_2) g^2 \qquad
       \hat m = \frac{m}{1 - \beta_1^t} \quad \hat v = \frac{v}{1 - \beta_2^t} \qquad
       p \leftarrow p - \eta \frac{\hat m}{\sqrt{\hat v} + \epsilon} $$

    Both averages start at 0 and are too small at first; the divisions by $1 - \beta^t$ correct
    that exactly (section 3 of the paper). ε stands outside the root and after the correction.

    Weight decay is an L2 penalty here, added to the gradient, which Adam then scales like the rest
    of it; `AdamW` decays the weights themselves.

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
        Kingma & Ba (2015), Adam, arXiv:1412.6980, Algorithm 1, with the order of computation of
        the end of section 2. Reddi et al. (2018), On the convergence of Adam and beyond,
        Algorithm 2, for AMSGrad; as in PyTorch the largest v is taken before the bias correction,
        which that paper leaves out.

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
    scratch_arrays = 2
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

    def update(
        self, p: Array, g: Array, state: State, scratch: Scratch, group: Group, t: int
    ) -> None:
        a, b = scratch
        weight_decay = group["weight_decay"]
        if weight_decay and group["decoupled_weight_decay"]:
            p *= 1 - group["lr"] * weight_decay
        elif weight_decay:
            g = add_l2(g, p, weight_decay, out=b)
        adam_step(p, g, state, a, group, t)
