r"""Lion: momentum whose step is the sign alone."""

from typing import ClassVar

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_optim.base.elementwise import ElementwiseOptimizer
from neural_net_optim.base.limits import at_least, flag, fraction, numbers
from neural_net_optim.base.optimizer import Group, Params, State

__all__ = ["Lion"]


class Lion(ElementwiseOptimizer):
    r"""Evolved sign momentum.

    $$ c = \beta_1 m + (1 - \beta_1) g \qquad
       p \leftarrow p - \eta\,(\operatorname{sign} c + \lambda p) \qquad
       m \leftarrow \beta_2 m + (1 - \beta_2) g $$

    Every number moves by η in every step. So the rate should be 3 to 10 times smaller than
    Adam's, and the decay larger by the same factor (section 5 of the paper). It remembers one
    average where Adam remembers two.

    Args:
        params: Parameters, (name, parameter) pairs, or groups; see `Optimizer`.
        lr: η, the learning rate, >= 0.
        betas: β₁, of the step's direction, and β₂, of the average that is kept, in [0, 1).
        weight_decay: λ, decoupled as in AdamW, >= 0.
        maximize: Climb instead of descend.

    References:
        Chen et al. (2023), Symbolic discovery of optimization algorithms, arXiv:2302.06675,
        Algorithm 2.

    Examples:
        >>> import numpy as np
        >>> from neural_net_core import Parameter
        >>> p = Parameter([1.0, 1.0, 1.0])
        >>> p.grad = np.array([0.001, -500.0, 0.0], dtype=np.float32)
        >>> Lion([p], lr=0.1).step()
        >>> p.data
        array([0.9, 1.1, 1. ], dtype=float32)
    """

    limits: ClassVar = {
        "lr": at_least(0),
        "betas": numbers(2, fraction),
        "weight_decay": at_least(0),
        "maximize": flag,
    }

    def __init__(
        self,
        params: Params,
        lr: float = 1e-4,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "weight_decay": weight_decay,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def state_names(self, group: Group) -> tuple[str, ...]:
        return ("exp_avg",)

    def rule(
        self, p: Array, g: Array, state: State, group: Group, t: int
    ) -> tuple[Array, dict[str, Array]]:
        m, lr, (beta1, beta2) = state["exp_avg"], group["lr"], group["betas"]
        c = beta1 * m + (1 - beta1) * g
        p = (1 - lr * group["weight_decay"]) * p - lr * np.sign(c)
        m = beta2 * m + (1 - beta2) * g
        return p, {"exp_avg": m}
