r"""NAdam: Adam with Nesterov's look-ahead."""

from typing import Any, ClassVar

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_optim.base.elementwise import ElementwiseOptimizer
from neural_net_optim.base.limits import at_least, flag, fraction, numbers
from neural_net_optim.base.optimizer import Group, Params, State

__all__ = ["NAdam"]


def momentum(group: Group, t: int) -> float:
    """Return μ_t = β₁ (1 − ½ 0.96^(tψ)), which grows from about β₁/2 to β₁."""
    beta1, psi = float(group["betas"][0]), float(group["momentum_decay"])
    return float(beta1 * (1 - 0.5 * 0.96 ** (t * psi)))


class NAdam(ElementwiseOptimizer):
    r"""Nesterov-accelerated Adam.

    $$ \mu_t = \beta_1 \bigl(1 - \tfrac12 0.96^{t \psi}\bigr) \qquad
       m \leftarrow \beta_1 m + (1 - \beta_1) g \qquad v \leftarrow \beta_2 v + (1 - \beta_2) g^2 $$

    $$ \hat m = \frac{\mu_{t+1}\, m}{1 - \prod_{i=1}^{t+1} \mu_i}
              + \frac{(1 - \mu_t)\, g}{1 - \prod_{i=1}^{t} \mu_i} \qquad
       p \leftarrow p - \eta \frac{\hat m}{\sqrt{v / (1 - \beta_2^t)} + \epsilon} $$

    The step uses the momentum of the next step, and the gradient alongside it, as if the average
    had already moved on.

    Args:
        params: Parameters, (name, parameter) pairs, or groups; see `Optimizer`.
        lr: η, the learning rate, >= 0.
        betas: β₁ and β₂, in [0, 1).
        eps: ε, keeps the quotient finite, >= 0.
        weight_decay: λ, >= 0.
        momentum_decay: ψ, how fast μ approaches β₁, >= 0.
        decoupled_weight_decay: Shrink the weights as AdamW does instead of adding an L2 penalty.
        maximize: Climb instead of descend.

    References:
        Dozat (2016), Incorporating Nesterov momentum into Adam, Algorithm 2. As in PyTorch, m is
        averaged with β₁ and only the look-ahead uses the growing μ_t.

    Examples:
        Without the growth (ψ = 0) μ is β₁/2 = 1/4: m̂ = (1/4) 1 / (1 − 1/16) + (3/4) 2 / (1 − 1/4)
        = 34/15, and √v̂ = 2:

        >>> import numpy as np
        >>> from neural_net_core import Parameter
        >>> p = Parameter([0.0])
        >>> p.grad = np.array([2.0], dtype=np.float32)
        >>> NAdam([p], lr=15.0, betas=(0.5, 0.9), momentum_decay=0.0).step()
        >>> p.data
        array([-17.], dtype=float32)
    """

    limits: ClassVar = {
        "lr": at_least(0),
        "betas": numbers(2, fraction),
        "eps": at_least(0),
        "weight_decay": at_least(0),
        "momentum_decay": at_least(0),
        "decoupled_weight_decay": flag,
        "maximize": flag,
    }
    scalar_state: ClassVar = {"mu_product": 1.0}
    scalar_limits: ClassVar = {"mu_product": fraction}
    nonnegative_state = ("exp_avg_sq",)

    def __init__(
        self,
        params: Params,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def state_names(self, group: Group) -> tuple[str, ...]:
        return ("exp_avg", "exp_avg_sq")

    def advance(self, scalars: dict[str, Any], group: Group) -> None:
        super().advance(scalars, group)
        scalars["mu_product"] *= momentum(group, scalars["step"])

    def coefficients(self, group: Group, t: int) -> tuple[float, float, float]:
        """Return μ_t, μ_{t+1} and the bias correction of v."""
        _, beta2 = group["betas"]
        return momentum(group, t), momentum(group, t + 1), 1 - beta2**t

    def rule(
        self, p: Array, g: Array, state: State, group: Group, t: int
    ) -> tuple[Array, dict[str, Array]]:
        lr, weight_decay = group["lr"], group["weight_decay"]
        if weight_decay and group["decoupled_weight_decay"]:
            p = (1 - lr * weight_decay) * p
        elif weight_decay:
            g = g + weight_decay * p
        (beta1, beta2), eps = group["betas"], group["eps"]
        mu, mu_next, correction = self.coefficients(group, t)
        product = state["mu_product"]  # μ₁ … μ_t
        m = beta1 * state["exp_avg"] + (1 - beta1) * g
        v = beta2 * state["exp_avg_sq"] + (1 - beta2) * g**2
        m_hat = mu_next * m / (1 - product * mu_next) + (1 - mu) * g / (1 - product)
        p = p - lr * m_hat / (np.sqrt(v / correction) + eps)
        return p, {"exp_avg": m, "exp_avg_sq": v}
