r"""Adadelta: steps in the parameters' own units, without a rate to tune."""

from typing import ClassVar

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_optim.base.elementwise import ElementwiseOptimizer
from neural_net_optim.base.limits import at_least, between, flag
from neural_net_optim.base.optimizer import Group, Params, State

__all__ = ["Adadelta"]


class Adadelta(ElementwiseOptimizer):
    r"""Scale the gradient by the ratio of past steps to past gradients.

    $$ v \leftarrow \rho v + (1 - \rho) g^2 \qquad
       d = \frac{\sqrt{u + \epsilon}}{\sqrt{v + \epsilon}}\, g \qquad
       u \leftarrow \rho u + (1 - \rho) d^2 \qquad p \leftarrow p - \eta d $$

    A gradient has the unit loss/parameter, so a step proportional to it has the wrong unit; the
    ratio mends that (section 3.2 of the paper). It begins tiny, since u = 0 leaves only ε.

    Args:
        params: Parameters, (name, parameter) pairs, or groups; see `Optimizer`.
        lr: η, a factor on the step that the paper does not have, >= 0.
        rho: ρ, how much of the averages is kept, in [0, 1].
        eps: ε, inside the roots as in the paper, >= 0.
        weight_decay: λ of an L2 penalty, >= 0.
        maximize: Climb instead of descend.

    References:
        Zeiler (2012), ADADELTA: an adaptive learning rate method, arXiv:1212.5701, Algorithm 1.

    Examples:
        √(0 + 1) / √(0.5 · 4² + 1) · 4 = 4/3:

        >>> import numpy as np
        >>> from neural_net_core import Parameter
        >>> p = Parameter([1.0])
        >>> p.grad = np.array([4.0], dtype=np.float32)
        >>> Adadelta([p], rho=0.5, eps=1.0).step()
        >>> p.data
        array([-0.33333337], dtype=float32)
    """

    limits: ClassVar = {
        "lr": at_least(0),
        "rho": between(0, 1),
        "eps": at_least(0),
        "weight_decay": at_least(0),
        "maximize": flag,
    }
    nonnegative_state = ("square_avg", "acc_delta")

    def __init__(
        self,
        params: Params,
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def state_names(self, group: Group) -> tuple[str, ...]:
        return ("square_avg", "acc_delta")

    def rule(
        self, p: Array, g: Array, state: State, group: Group, t: int
    ) -> tuple[Array, dict[str, Array]]:
        lr, rho, eps = group["lr"], group["rho"], group["eps"]
        if group["weight_decay"]:
            g = g + group["weight_decay"] * p
        v = rho * state["square_avg"] + (1 - rho) * g**2
        d = np.sqrt(state["acc_delta"] + eps) / np.sqrt(v + eps) * g
        u = rho * state["acc_delta"] + (1 - rho) * d**2
        return p - lr * d, {"square_avg": v, "acc_delta": u}
