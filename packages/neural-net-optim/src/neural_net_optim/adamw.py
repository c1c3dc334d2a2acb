r"""AdamW: Adam with weight decay taken out of the gradient."""

from typing import ClassVar

from neural_net_core.dtypes import Array
from neural_net_optim.adam import adam, bias_corrections
from neural_net_optim.base.elementwise import ElementwiseOptimizer
from neural_net_optim.base.limits import at_least, flag, fraction, numbers
from neural_net_optim.base.optimizer import Group, Params, State

__all__ = ["AdamW"]


class AdamW(ElementwiseOptimizer):
    r"""Adam with decoupled weight decay.

    $$ p \leftarrow (1 - \eta \lambda)\, p \qquad \text{then the step of Adam,} \qquad
       p \leftarrow p - \eta \frac{\hat m}{\sqrt{\hat v} + \epsilon} $$

    With SGD an L2 penalty and weight decay are the same thing. With Adam they are not: a penalty's
    gradient λp is divided by √v like the rest, so weights with large gradients are hardly decayed.
    Here every weight shrinks by the same factor.

    Args:
        params: Parameters, (name, parameter) pairs, or groups; see `Optimizer`.
        lr: η, the learning rate, >= 0.
        betas: β₁ and β₂, how much of the averages is kept, in [0, 1).
        eps: ε, keeps the quotient finite, >= 0.
        weight_decay: λ, >= 0.
        amsgrad: Divide by the largest v so far, so that steps never grow again.
        maximize: Climb instead of descend.

    References:
        Loshchilov & Hutter (2019), Decoupled weight decay regularization, arXiv:1711.05101,
        Algorithm 2 (green lines). The paper multiplies the decay by the schedule only; here, as in
        PyTorch, by the whole rate, and it comes before the step instead of with it.

    Examples:
        Without a gradient nothing but the decay is left, 1 − 0.1 · 0.5:

        >>> import numpy as np
        >>> from neural_net_core import Parameter
        >>> p = Parameter([2.0])
        >>> p.grad = np.array([0.0], dtype=np.float32)
        >>> AdamW([p], lr=0.1, weight_decay=0.5).step()
        >>> p.data
        array([1.9], dtype=float32)
    """

    limits: ClassVar = {
        "lr": at_least(0),
        "betas": numbers(2, fraction),
        "eps": at_least(0),
        "weight_decay": at_least(0),
        "amsgrad": flag,
        "maximize": flag,
    }
    nonnegative_state = ("exp_avg_sq", "max_exp_avg_sq")

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
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
        p = (1 - group["lr"] * group["weight_decay"]) * p
        return adam(p, g, state, group, self.coefficients(group, t))
