"""The fast form of NAdam."""

import math

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_optim.base.elementwise import Coefficients, Scratch, fast_update_of
from neural_net_optim.base.optimizer import Group, State
from neural_net_optim.fast.averages import move_average, move_average_of_squares
from neural_net_optim.fast.decay import decay
from neural_net_optim.nadam import NAdam

__all__ = ["update_nadam"]


@fast_update_of(NAdam, scratch=2)
def update_nadam(
    p: Array, g: Array, state: State, scratch: Scratch, group: Group, coefficients: Coefficients
) -> None:
    """See `NAdam.rule`."""
    a, b = scratch
    m, v, product = state["exp_avg"], state["exp_avg_sq"], state["mu_product"]
    lr, (beta1, beta2) = group["lr"], group["betas"]
    mu, mu_next, correction = coefficients
    g = decay(p, g, group, out=b)
    move_average(m, g, beta1, a)
    move_average_of_squares(v, g, beta2, a)
    # b = η m̂
    np.multiply(g, lr * (1 - mu) / (1 - product), out=b)
    b += np.multiply(m, lr * mu_next / (1 - product * mu_next), out=a)
    # p ← p − η m̂ / (√v̂ + ε)
    np.sqrt(v, out=a)
    a *= 1 / math.sqrt(correction)
    a += group["eps"]
    b /= a
    p -= b
