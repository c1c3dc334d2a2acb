"""The fast form of Adadelta."""

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_optim.adadelta import Adadelta
from neural_net_optim.base.elementwise import Coefficients, Scratch, fast_update_of
from neural_net_optim.base.optimizer import Group, State
from neural_net_optim.fast.averages import move_average_of_squares
from neural_net_optim.fast.decay import add_l2

__all__ = ["update_adadelta"]


@fast_update_of(Adadelta, scratch=3)
def update_adadelta(
    p: Array, g: Array, state: State, scratch: Scratch, group: Group, coefficients: Coefficients
) -> None:
    """See `Adadelta.rule`."""
    d, a, b = scratch
    v, u = state["square_avg"], state["acc_delta"]
    rho, eps = group["rho"], group["eps"]
    if group["weight_decay"]:
        g = add_l2(g, p, group["weight_decay"], out=b)
    move_average_of_squares(v, g, rho, a)
    # d = √(u + ε) / √(v + ε) · g
    np.add(u, eps, out=d)
    np.sqrt(d, out=d)
    np.add(v, eps, out=a)
    np.sqrt(a, out=a)
    d /= a
    d *= g
    move_average_of_squares(u, d, rho, a)
    d *= group["lr"]
    p -= d
