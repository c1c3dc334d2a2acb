r"""Adamax: Adam with the largest recent gradient in place of the root mean square."""

from typing import ClassVar

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_optim.base.elementwise import ElementwiseOptimizer
from neural_net_optim.base.limits import at_least, flag, fraction, numbers
from neural_net_optim.base.optimizer import Group, Params, State

__all__ = ["Adamax"]


class Adamax(ElementwiseOptimizer):
    r"""Adam in the infinity norm.

    $$ m \leftarrow \beta_1 m + (1 - \beta_1) g \qquad
       u \leftarrow \max(\beta_2 u,\; |g| + \epsilon) \qquad
       p \leftarrow p - \frac{\eta}{1 - \beta_1^t} \cdot \frac{m}{u} $$

    Only m needs a bias correction: a maximum does not average, so u is not too small at first.

    Args:
        params: Parameters, (name, parameter) pairs, or groups; see `Optimizer`.
        lr: η, the learning rate, >= 0.
        betas: β₁ and β₂, in [0, 1).
        eps: ε, keeps the quotient finite, >= 0; the paper has none.
        weight_decay: λ of an L2 penalty, >= 0.
        maximize: Climb instead of descend.

    References:
        Kingma & Ba (2015), Adam, arXiv:1412.6980, section 7.1, Algorithm 2.

    Examples:
        >>> import numpy as np
        >>> from neural_net_core import Parameter
        >>> p = Parameter([1.0])
        >>> p.grad = np.array([-4.0], dtype=np.float32)
        >>> Adamax([p], lr=0.5).step()  # the first step is η, against the gradient
        >>> p.data
        array([1.5], dtype=float32)
    """

    limits: ClassVar = {
        "lr": at_least(0),
        "betas": numbers(2, fraction),
        "eps": at_least(0),
        "weight_decay": at_least(0),
        "maximize": flag,
    }
    nonnegative_state = ("exp_inf",)

    def __init__(
        self,
        params: Params,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def state_names(self, group: Group) -> tuple[str, ...]:
        return ("exp_avg", "exp_inf")

    def coefficients(self, group: Group, t: int) -> tuple[float]:
        """Return the bias correction of m."""
        return (1 - group["betas"][0] ** t,)

    def rule(
        self, p: Array, g: Array, state: State, group: Group, t: int
    ) -> tuple[Array, dict[str, Array]]:
        lr, (beta1, beta2), eps = group["lr"], group["betas"], group["eps"]
        (correction,) = self.coefficients(group, t)
        if group["weight_decay"]:
            g = g + group["weight_decay"] * p
        m = beta1 * state["exp_avg"] + (1 - beta1) * g
        u = np.maximum(beta2 * state["exp_inf"], np.abs(g) + eps)
        p = p - lr / correction * m / u
        return p, {"exp_avg": m, "exp_inf": u}
