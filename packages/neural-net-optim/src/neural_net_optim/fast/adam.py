"""The fast forms of Adam and AdamW."""

import math

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_optim.adam import Adam
from neural_net_optim.adamw import AdamW
from neural_net_optim.base.elementwise import Coefficients, Scratch, fast_update_of
from neural_net_optim.base.optimizer import Group, State
from neural_net_optim.fast.averages import move_average, move_average_of_squares
from neural_net_optim.fast.decay import decay

__all__ = ["update_adam", "update_adamw"]


@fast_update_of(Adam, scratch=2)
def update_adam(
    p: Array, g: Array, state: State, scratch: Scratch, group: Group, coefficients: Coefficients
) -> None:
    """See `Adam.rule`."""
    a, b = scratch
    g = decay(p, g, group, out=b)
    adam_step(p, g, state, a, group, coefficients)


@fast_update_of(AdamW)
def update_adamw(
    p: Array, g: Array, state: State, scratch: Scratch, group: Group, coefficients: Coefficients
) -> None:
    """See `AdamW.rule`."""
    (a,) = scratch
    if group["weight_decay"]:
        p *= 1 - group["lr"] * group["weight_decay"]
    adam_step(p, g, state, a, group, coefficients)


def adam_step(
    p: Array, g: Array, state: State, a: Array, group: Group, corrections: Coefficients
) -> None:
    """Move the averages and the parameters; a is scratch memory.

    In the order of the end of section 2 of Adam's paper: the corrections are numbers, so they are
    taken out of the quotient. With m̂ = m / c₁ and v̂ = v / c₂

        η m̂ / (√v̂ + ε) = η √c₂/c₁ · m / (√v + ε √c₂)
    """
    m, v = state["exp_avg"], state["exp_avg_sq"]
    beta1, beta2 = group["betas"]
    move_average(m, g, beta1, a)
    move_average_of_squares(v, g, beta2, a)
    if group["amsgrad"]:
        v = np.maximum(state["max_exp_avg_sq"], v, out=state["max_exp_avg_sq"])
    correction1, correction2 = corrections
    root = math.sqrt(correction2)
    np.sqrt(v, out=a)
    a += group["eps"] * root
    np.divide(m, a, out=a)
    a *= group["lr"] * root / correction1
    p -= a
