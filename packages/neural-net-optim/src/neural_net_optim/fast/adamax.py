"""The fast form of Adamax."""

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_optim.adamax import Adamax
from neural_net_optim.base.elementwise import Coefficients, Scratch, fast_update_of
from neural_net_optim.base.optimizer import Group, State
from neural_net_optim.fast.averages import move_average
from neural_net_optim.fast.decay import add_l2

__all__ = ["update_adamax"]


@fast_update_of(Adamax, scratch=2)
def update_adamax(
    p: Array, g: Array, state: State, scratch: Scratch, group: Group, coefficients: Coefficients
) -> None:
    """See `Adamax.rule`."""
    a, b = scratch
    m, u = state["exp_avg"], state["exp_inf"]
    beta1, beta2 = group["betas"]
    (correction,) = coefficients
    if group["weight_decay"]:
        g = add_l2(g, p, group["weight_decay"], out=b)
    move_average(m, g, beta1, a)
    # u ← max(β₂ u, |g| + ε)
    u *= beta2
    np.abs(g, out=a)
    a += group["eps"]
    np.maximum(u, a, out=u)
    # p ← p − η / (1 − β₁ᵗ) · m / u
    np.divide(m, u, out=a)
    a *= group["lr"] / correction
    p -= a
