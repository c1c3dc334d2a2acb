"""Weight decay, as fast updates do it."""

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_optim.base.optimizer import Group

__all__ = ["add_l2", "decay"]


def add_l2(g: Array, p: Array, weight_decay: float, out: Array) -> Array:
    """Return g + λ p in `out`."""
    np.multiply(p, weight_decay, out=out)
    return np.add(g, out, out=out)


def decay(p: Array, g: Array, group: Group, out: Array) -> Array:
    """Shrink p, if decay is decoupled, or return g + λ p in `out`; without decay, return g."""
    weight_decay = group["weight_decay"]
    if weight_decay and group["decoupled_weight_decay"]:
        p *= 1 - group["lr"] * weight_decay
    elif weight_decay:
        return add_l2(g, p, weight_decay, out)
    return g
