"""The fast form of RMSprop."""

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_optim.base.elementwise import Coefficients, Scratch, fast_update_of
from neural_net_optim.base.optimizer import Group, State
from neural_net_optim.fast.averages import move_average, move_average_of_squares
from neural_net_optim.fast.decay import add_l2
from neural_net_optim.rmsprop import RMSprop

__all__ = ["update_rmsprop"]


@fast_update_of(RMSprop, scratch=2)
def update_rmsprop(
    p: Array, g: Array, state: State, scratch: Scratch, group: Group, coefficients: Coefficients
) -> None:
    """See `RMSprop.rule`."""
    a, b = scratch
    v, alpha = state["square_avg"], group["alpha"]
    if group["weight_decay"]:
        g = add_l2(g, p, group["weight_decay"], out=b)
    move_average_of_squares(v, g, alpha, a)
    if group["centered"]:
        mean = state["grad_avg"]
        move_average(mean, g, alpha, a)  # ḡ
        # max(v − ḡ², 0)
        np.multiply(mean, mean, out=a)
        np.subtract(v, a, out=a)
        v = np.maximum(a, 0, out=a)
    # d = g / (√v + ε)
    d = np.sqrt(v, out=a)
    d += group["eps"]
    np.divide(g, d, out=d)
    if group["momentum"]:
        buffer = state["momentum_buffer"]
        buffer *= group["momentum"]
        buffer += d
        d = buffer
    p -= np.multiply(d, group["lr"], out=a)
