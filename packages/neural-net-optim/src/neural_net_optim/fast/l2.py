"""The gradient of an L2 penalty, as fast updates add it."""

import numpy as np

from neural_net_core.dtypes import Array

__all__ = ["add_l2"]


def add_l2(g: Array, p: Array, weight_decay: float, out: Array) -> Array:
    """Return g + λ p in `out`."""
    np.multiply(p, weight_decay, out=out)
    return np.add(g, out, out=out)
