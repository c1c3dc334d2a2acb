r"""Stochastic gradient descent: a step against the gradient, with momentum if wanted."""

from typing import ClassVar

from neural_net_core.dtypes import Array
from neural_net_optim.base.elementwise import ElementwiseOptimizer
from neural_net_optim.base.limits import at_least, between, flag
from neural_net_optim.base.optimizer import Group, Params, State

__all__ = ["SGD"]


class SGD(ElementwiseOptimizer):
    r"""Gradient descent, with momentum (a heavy ball) or Nesterov's look-ahead.

    $$ g \leftarrow g + \lambda p \qquad
       b \leftarrow \mu b + (1 - \tau) g \qquad
       d = \begin{cases} g & \mu = 0 \\ b & \text{momentum} \\ g + \mu b & \text{Nesterov}
       \end{cases} \qquad
       p \leftarrow p - \eta d $$

    In the first step $b = g$. The rate stands outside the buffer, as in PyTorch: Sutskever et al.
    (and Keras) put it inside, $v \leftarrow \mu v - \eta g$, which is the same while the rate is
    constant but keeps the old rate's steps in the buffer when a schedule changes it.

    Args:
        params: Parameters, (name, parameter) pairs, or groups; see `Optimizer`.
        lr: η, the learning rate, >= 0.
        momentum: μ, the part of the buffer kept from step to step, in [0, 1].
        dampening: τ, the part of the gradient that does not enter the buffer, in [0, 1].
        weight_decay: λ of an L2 penalty, >= 0.
        nesterov: Use Nesterov's direction; needs momentum and no dampening.
        maximize: Climb instead of descend.

    References:
        Polyak (1964), Some methods of speeding up the convergence of iteration methods.
        Sutskever et al. (2013), On the importance of initialization and momentum in deep learning,
        eqs. 1-4; Nesterov's form here is their eqs. 3-4 written at the look-ahead point.

    Examples:
        >>> import numpy as np
        >>> from neural_net_core import Parameter
        >>> p = Parameter([1.0])
        >>> optimizer = SGD([p], lr=0.1, momentum=0.5)
        >>> for _ in range(2):  # the buffer holds 2, then 0.5 · 2 + 2 = 3
        ...     p.grad = np.array([2.0], dtype=np.float32)
        ...     optimizer.step()
        ...     print(p.data)
        [0.8]
        [0.5]
    """

    limits: ClassVar = {
        "lr": at_least(0),
        "momentum": between(0, 1),
        "dampening": between(0, 1),
        "weight_decay": at_least(0),
        "nesterov": flag,
        "maximize": flag,
    }

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def check_group(self, group: Group) -> None:
        if group["nesterov"] and (group["momentum"] == 0 or group["dampening"] != 0):
            raise ValueError(
                "SGD: nesterov needs momentum > 0 and dampening = 0, got "
                f"momentum={group['momentum']!r} and dampening={group['dampening']!r}"
            )

    def state_names(self, group: Group) -> tuple[str, ...]:
        return ("momentum_buffer",) if group["momentum"] else ()

    def coefficients(self, group: Group, t: int) -> tuple[float, float]:
        """Return how much b keeps of itself and takes of g; in the first step b = g."""
        return (0.0, 1.0) if t == 1 else (group["momentum"], 1 - group["dampening"])

    def rule(
        self, p: Array, g: Array, state: State, group: Group, t: int
    ) -> tuple[Array, dict[str, Array]]:
        lr, momentum = group["lr"], group["momentum"]
        if group["weight_decay"]:
            g = g + group["weight_decay"] * p
        if not momentum:
            return p - lr * g, {}
        kept, taken = self.coefficients(group, t)
        b = kept * state["momentum_buffer"] + taken * g
        d = g + momentum * b if group["nesterov"] else b
        return p - lr * d, {"momentum_buffer": b}
