"""The fast form of RAdam."""

import math

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_optim.base.elementwise import Coefficients, Scratch, fast_update_of
from neural_net_optim.base.optimizer import Group, State
from neural_net_optim.fast.averages import move_average, move_average_of_squares
from neural_net_optim.fast.decay import decay
from neural_net_optim.radam import RAdam

__all__ = ["update_radam"]


@fast_update_of(RAdam, scratch=2)
def update_radam(
    p: Array, g: Array, state: State, scratch: Scratch, group: Group, coefficients: Coefficients
) -> None:
    """See `RAdam.rule`."""
    a, b = scratch
    m, v = state["exp_avg"], state["exp_avg_sq"]
    lr, (beta1, beta2) = group["lr"], group["betas"]
    correction1, correction2, r = coefficients
    g = decay(p, g, group, out=b)
    move_average(m, g, beta1, a)
    move_average_of_squares(v, g, beta2, a)
    step_size = lr / correction1
    if r is None:
        np.multiply(m, step_size, out=a)
    else:
        np.sqrt(v, out=a)
        a += group["eps"]
        np.divide(m, a, out=a)
        a *= step_size * r * math.sqrt(correction2)
    p -= a
