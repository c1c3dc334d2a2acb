"""The fast form of NAdam."""

import math

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_optim.base.elementwise import Coefficients, Scratch, fast_update_of
from neural_net_optim.base.optimizer import Group, State
from neural_net_optim.fast.l2 import add_l2
from neural_net_optim.nadam import NAdam

__all__ = ["update_nadam"]


@fast_update_of(NAdam, scratch=2)
def update_nadam(
    p: Array, g: Array, state: State, scratch: Scratch, group: Group, coefficients: Coefficients
) -> None:
    """See `NAdam.rule`."""
    a, b = scratch
    m, v, product = state["exp_avg"], state["exp_avg_sq"], state["mu_product"]
    lr, (beta1, beta2), weight_decay = group["lr"], group["betas"], group["weight_decay"]
    mu, mu_next, correction = coefficients
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
    # b = η m̂
    np.multiply(g, lr * (1 - mu) / (1 - product), out=b)
    b += np.multiply(m, lr * mu_next / (1 - product * mu_next), out=a)
    # p ← p − η m̂ / (√v̂ + ε)
    np.sqrt(v, out=a)
    a *= 1 / math.sqrt(correction)
    a += group["eps"]
    b /= a
    p -= b
