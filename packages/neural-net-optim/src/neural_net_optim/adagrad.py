r"""Adagrad: steps that shrink with the gradients a number has seen."""

from typing import ClassVar

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_optim.base.elementwise import ElementwiseOptimizer
from neural_net_optim.base.limits import at_least, flag
from neural_net_optim.base.optimizer import Group, Params, State

__all__ = ["Adagrad"]


class Adagrad(ElementwiseOptimizer):
    r"""Adaptive gradients: each number's rate falls with the sum of its squared gradients.

    $$ s \leftarrow s + g^2 \qquad
       p \leftarrow p - \frac{\eta}{1 + (t - 1)\,\tau} \cdot \frac{g}{\sqrt{s} + \epsilon} $$

    Rare features keep large steps, frequent ones soon take small ones. The sum never shrinks, so
    on long runs all steps die out; RMSprop and Adadelta replace it by a moving average.

    Args:
        params: Parameters, (name, parameter) pairs, or groups; see `Optimizer`.
        lr: η, the learning rate, >= 0.
        lr_decay: τ, >= 0.
        weight_decay: λ of an L2 penalty, >= 0.
        initial_accumulator_value: s before the first step, >= 0.
        eps: ε, keeps the quotient finite, >= 0.
        maximize: Climb instead of descend.

    References:
        Duchi, Hazan & Singer (2011), Adaptive subgradient methods for online learning and
        stochastic optimization, eq. 1 with diagonal matrices (their δ is ε).

    Examples:
        >>> import numpy as np
        >>> from neural_net_core import Parameter
        >>> p = Parameter([1.0])
        >>> optimizer = Adagrad([p], lr=0.5)
        >>> for g in (3.0, 4.0):  # 1 - 0.5 · 3/3, then - 0.5 · 4/5
        ...     p.grad = np.array([g], dtype=np.float32)
        ...     optimizer.step()
        ...     print(p.data.round(3))
        [0.5]
        [0.1]
    """

    limits: ClassVar = {
        "lr": at_least(0),
        "lr_decay": at_least(0),
        "weight_decay": at_least(0),
        "initial_accumulator_value": at_least(0),
        "eps": at_least(0),
        "maximize": flag,
    }
    nonnegative_state = ("sum",)

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "eps": eps,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def state_names(self, group: Group) -> tuple[str, ...]:
        return ("sum",)

    def initial_state(self, group: Group) -> dict[str, float]:
        return {"sum": group["initial_accumulator_value"]}

    def coefficients(self, group: Group, t: int) -> tuple[float]:
        """Return the rate of this step."""
        return (group["lr"] / (1 + (t - 1) * group["lr_decay"]),)

    def rule(
        self, p: Array, g: Array, state: State, group: Group, t: int
    ) -> tuple[Array, dict[str, Array]]:
        (lr,) = self.coefficients(group, t)
        if group["weight_decay"]:
            g = g + group["weight_decay"] * p
        s = state["sum"] + g**2
        return p - lr * g / (np.sqrt(s) + group["eps"]), {"sum": s}
