r"""RAdam: Adam that waits until it can trust its estimate of the gradient's size."""

import math
from typing import ClassVar

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_optim.base.elementwise import ElementwiseOptimizer, Scratch, State, add_l2
from neural_net_optim.base.limits import at_least, flag, fraction, numbers
from neural_net_optim.base.optimizer import Group, Params

__all__ = ["RAdam"]


def _rectification(beta2: float, t: int) -> float | None:
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
    scratch_arrays = 2
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

    def update(
        self, p: Array, g: Array, state: State, scratch: Scratch, group: Group, t: int
    ) -> None:
        a, b = scratch
        m, v = state["exp_avg"], state["exp_avg_sq"]
        lr, (beta1, beta2), weight_decay = group["lr"], group["betas"], group["weight_decay"]
        if weight_decay and group["decoupled_weight_decay"]:
            p *= 1 - lr * weight_decay
        elif weight_decay:
            g = add_l2(g, p, weight_decay, out=b)
        # m ← m + (1 − β₁)(g − m)
        np.subtract(g, m, out=a)
        a *= 1 - beta1
        m += a
        # v ← β₂ v + (1 − β₂) g²
        v *= beta2
        np.multiply(g, g, out=a)
        a *= 1 - beta2
        v += a
        step_size = lr / (1 - beta1**t)
        rectification = _rectification(beta2, t)
        if rectification is None:
            np.multiply(m, step_size, out=a)
        else:
            np.sqrt(v, out=a)
            a += group["eps"]
            np.divide(m, a, out=a)
            a *= step_size * rectification * math.sqrt(1 - beta2**t)
        p -= a
