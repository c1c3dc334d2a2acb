r"""Rprop: steps that ask the gradient for its sign alone, for the loss of all the data."""

from typing import ClassVar

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_optim.base.elementwise import ElementwiseOptimizer
from neural_net_optim.base.limits import Limit, at_least, flag, numbers
from neural_net_optim.base.optimizer import Group, Params, State

__all__ = ["Rprop"]

_PAIR = numbers(2)
_FACTORS = Limit(
    "two numbers, the first in (0, 1) and the second finite and > 1",
    lambda value: _PAIR.accepts(value) and 0 < value[0] < 1 < value[1] < np.inf,
)
_ENDS = Limit(
    "two finite numbers >= 0, the second no smaller than the first",
    lambda value: _PAIR.accepts(value) and 0 <= value[0] <= value[1] < np.inf,
)


class Rprop(ElementwiseOptimizer):
    r"""Resilient backpropagation: a step for each number, longer while its gradient keeps its sign.

    $$ \Delta \leftarrow \operatorname{clip}(\Delta \cdot f,\ \Delta_{min}, \Delta_{max}) \qquad
       f = \begin{cases} \eta^+ & g\, g_{-1} > 0 \\ \eta^- & g\, g_{-1} < 0 \\ 1 & \text{else}
       \end{cases} $$

    $$ g \leftarrow 0 \text{ where } g\, g_{-1} < 0 \qquad
       p \leftarrow p - \Delta \operatorname{sign} g $$

    How large a gradient is does not matter, so layers far from the loss learn as fast as others.
    It is for the loss of all the data: on small batches signs turn by chance, and steps shrink to
    nothing. RMSprop was made to do the like there.

    Args:
        params: Parameters, (name, parameter) pairs, or groups; see `Optimizer`.
        lr: Δ before the first step, >= 0. Changed later it does nothing, so schedules have no
            effect.
        etas: η⁻ and η⁺, in (0, 1) and above 1.
        step_sizes: Δ_min and Δ_max.
        maximize: Climb instead of descend.

    References:
        Riedmiller & Braun (1993), A direct adaptive method for faster backpropagation learning: the
        RPROP algorithm. Where the gradient turns they go back by the last step; here, as in
        PyTorch, the number stays where it is for a step (iRprop⁻ of Igel & Hüsken, 2000).

    Examples:
        >>> from neural_net_core import Parameter
        >>> p = Parameter([0.0, 0.0])
        >>> optimizer = Rprop([p], lr=0.5)
        >>> for g in ([-1.0, -1.0], [-1e-3, 7.0]):  # the first goes on, the second has turned
        ...     p.grad = np.array(g, dtype=np.float32)
        ...     optimizer.step()
        ...     print(p.data.round(2))
        [0.5 0.5]
        [1.1 0.5]
    """

    limits: ClassVar = {
        "lr": at_least(0),
        "etas": _FACTORS,
        "step_sizes": _ENDS,
        "maximize": flag,
    }
    nonnegative_state = ("step_size",)

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50.0),
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {"lr": lr, "etas": etas, "step_sizes": step_sizes, "maximize": maximize}
        super().__init__(params, defaults)

    def state_names(self, group: Group) -> tuple[str, ...]:
        return ("prev", "step_size")

    def initial_state(self, group: Group) -> dict[str, float]:
        return {"step_size": group["lr"]}

    def rule(
        self, p: Array, g: Array, state: State, group: Group, t: int
    ) -> tuple[Array, dict[str, Array]]:
        (shrink, grow), (low, high) = group["etas"], group["step_sizes"]
        # Signs, not gradients: the product of two small gradients would be 0.
        agreement = np.sign(g) * np.sign(state["prev"])
        factor = np.where(agreement > 0, grow, np.where(agreement < 0, shrink, 1.0))
        delta = np.clip(state["step_size"] * factor.astype(p.dtype), low, high)
        g = np.where(agreement < 0, 0, g)
        return p - delta * np.sign(g), {"prev": g, "step_size": delta}
