"""The fast form of SGD."""

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_optim.base.elementwise import Coefficients, Scratch, fast_update_of
from neural_net_optim.base.optimizer import Group, State
from neural_net_optim.fast.decay import add_l2
from neural_net_optim.sgd import SGD

__all__ = ["update_sgd"]


@fast_update_of(SGD, scratch=2)
def update_sgd(
    p: Array, g: Array, state: State, scratch: Scratch, group: Group, coefficients: Coefficients
) -> None:
    """See `SGD.rule`."""
    a, look_ahead = scratch
    lr, momentum = group["lr"], group["momentum"]
    d = g
    if group["weight_decay"]:
        d = add_l2(d, p, group["weight_decay"], out=a)
    if momentum:
        kept, taken = coefficients
        b = state["momentum_buffer"]
        if kept:
            b *= kept
            b += np.multiply(d, taken, out=a) if taken != 1 else d
        else:
            b[...] = d
        if group["nesterov"]:
            np.multiply(b, momentum, out=look_ahead)
            look_ahead += d
            d = look_ahead
        else:
            d = b
    p -= np.multiply(d, lr, out=a)
