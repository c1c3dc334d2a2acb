"""The fast form of Adagrad."""

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_optim.adagrad import Adagrad
from neural_net_optim.base.elementwise import Coefficients, Scratch, fast_update_of
from neural_net_optim.base.optimizer import Group, State
from neural_net_optim.fast.decay import add_l2

__all__ = ["update_adagrad"]


@fast_update_of(Adagrad, scratch=2)
def update_adagrad(
    p: Array, g: Array, state: State, scratch: Scratch, group: Group, coefficients: Coefficients
) -> None:
    """See `Adagrad.rule`."""
    a, b = scratch
    s = state["sum"]
    (lr,) = coefficients
    if group["weight_decay"]:
        g = add_l2(g, p, group["weight_decay"], out=b)
    s += np.multiply(g, g, out=a)
    # p ← p − η_t g / (√s + ε)
    np.sqrt(s, out=a)
    a += group["eps"]
    np.divide(g, a, out=a)
    a *= lr
    p -= a
