r"""RAdam: Adam that waits until it can trust its estimate of the gradient's size."""

import math
from typing import ClassVar

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_optim.adam import bias_corrections
from neural_net_optim.base.elementwise import ElementwiseOptimizer
from neural_net_optim.base.limits import at_least, flag, fraction, numbers
from neural_net_optim.base.optimizer import Group, Params, State

__all__ = ["RAdam"]


def rectification(beta2: float, t: int) -> float | None:
    """Return r_t, or None while v comes from too few gradients to have a finite variance."""
    rho_inf = 2 / (1 - beta2) - 1
    rho = rho_inf - 2 * t * beta2**t / (1 - beta2**t)
    if rho <= 5:
        return None
    return math.sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho))


class RAdam(ElementwiseOptimizer):
    r"""Rectified Adam: plain momentum first, then Adam with a growing factor.

    $$ \rho_\infty = \frac{2}{1 - \beta_2} - 1 \qquad
       \rho_t = \rho_\infty - \frac{2 t \beta_2^t}{1 - \beta_2^t} \qquad
       r_t = \sqrt{\frac{(\rho_t - 4)(\rho_t - 2)\rho_\infty}
                        {(\rho_\infty - 4)(\rho_\infty - 2)\rho_t}} $$

    $$ p \leftarrow p - \eta \hat m \cdot \begin{cases}
       r_t \sqrt{1 - \beta_2^t} \,/\, (\sqrt v + \epsilon) & \rho_t > 5 \\ 1 & \text{else}
       \end{cases} $$

    m, v and the correction of m are Adam's. $\rho_t$ says how many gradients v averages over; while
    they are few, its inverse root varies wildly, which is what a warm-up of the learning rate
    otherwise hides.

    Args:
        params: Parameters, (name, parameter) pairs, or groups; see `Optimizer`.
        lr: η, the learning rate, >= 0.
        betas: β₁ and β₂, in [0, 1).
        eps: ε, keeps the quotient finite; before the bias correction as in PyTorch, >= 0.
        weight_decay: λ, >= 0.
        decoupled_weight_decay: Shrink the weights as AdamW does instead of adding an L2 penalty.
        maximize: Climb instead of descend.

    References:
        Liu et al. (2020), On the variance of the adaptive learning rate and beyond,
        arXiv:1908.03265, Algorithm 2. The paper's threshold is 4; 5 is its authors' code's and
        PyTorch's.

    Examples:
        In the first five steps it is momentum with a bias correction:

        >>> import numpy as np
        >>> from neural_net_core import Parameter
        >>> p = Parameter([1.0])
        >>> p.grad = np.array([3.0], dtype=np.float32)
        >>> RAdam([p], lr=0.1).step()
        >>> p.data
        array([0.7], dtype=float32)
    """

    limits: ClassVar = {
        "lr": at_least(0),
        "betas": numbers(2, fraction),
        "eps": at_least(0),
        "weight_decay": at_least(0),
        "decoupled_weight_decay": flag,
        "maximize": flag,
    }
    nonnegative_state = ("exp_avg_sq",)

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def state_names(self, group: Group) -> tuple[str, ...]:
        return ("exp_avg", "exp_avg_sq")

    def coefficients(self, group: Group, t: int) -> tuple[float, float, float | None]:
        """Return the bias corrections of both averages, and r_t or None."""
        return *bias_corrections(group["betas"], t), rectification(group["betas"][1], t)

    def rule(
        self, p: Array, g: Array, state: State, group: Group, t: int
    ) -> tuple[Array, dict[str, Array]]:
        lr, weight_decay = group["lr"], group["weight_decay"]
        if weight_decay and group["decoupled_weight_decay"]:
            p = (1 - lr * weight_decay) * p
        elif weight_decay:
            g = g + weight_decay * p
        (beta1, beta2), eps = group["betas"], group["eps"]
        correction1, correction2, r = self.coefficients(group, t)
        m = beta1 * state["exp_avg"] + (1 - beta1) * g
        v = beta2 * state["exp_avg_sq"] + (1 - beta2) * g**2
        m_hat = m / correction1
        if r is None:
            p = p - lr * m_hat
        else:
            p = p - lr * m_hat * r * math.sqrt(correction2) / (np.sqrt(v) + eps)
        return p, {"exp_avg": m, "exp_avg_sq": v}
