"""The fast form of RAdam."""

import math

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_optim.base.elementwise import Coefficients, Scratch, fast_update_of
from neural_net_optim.base.optimizer import Group, State
from neural_net_optim.fast.l2 import add_l2
from neural_net_optim.radam import RAdam

__all__ = ["update_radam"]


@fast_update_of(RAdam, scratch=2)
def update_radam(
    p: Array, g: Array, state: State, scratch: Scratch, group: Group, coefficients: Coefficients
) -> None:
    """See `RAdam.rule`."""
    a, b = scratch
    m, v = state["exp_avg"], state["exp_avg_sq"]
    lr, (beta1, beta2), weight_decay = group["lr"], group["betas"], group["weight_decay"]
    correction1, correction2, r = coefficients
    if weight_decay and group["decoupled_weight_decay"]:
        p *= 1 - lr * weight_decay
    elif weight_decay:
        g = add_l2(g, p, weight_decay, out=b)
    # m ← β₁ m + (1 − β₁) g, written as m + (1 − β₁)(g − m)
    np.subtract(g, m, out=a)
    a *= 1 - beta1
    m += a
    # v ← β₂ v + (1 − β₂) g²
    v *= beta2
    np.multiply(g, g, out=a)
    a *= 1 - beta2
    v += a
    step_size = lr / correction1
    if r is None:
        np.multiply(m, step_size, out=a)
    else:
        np.sqrt(v, out=a)
        a += group["eps"]
        np.divide(m, a, out=a)
        a *= step_size * r * math.sqrt(correction2)
    p -= a
