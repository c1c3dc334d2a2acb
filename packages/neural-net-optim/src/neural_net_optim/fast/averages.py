"""Moving averages, as fast updates move them: in place, in one scratch array."""

import numpy as np

from neural_net_core.dtypes import Array

__all__ = ["move_average", "move_average_of_squares"]


def move_average(m: Array, x: Array, beta: float, scratch: Array) -> None:
    """m ← β m + (1 − β) x, written as m + (1 − β)(x − m)."""
    np.subtract(x, m, out=scratch)
    scratch *= 1 - beta
    m += scratch


def move_average_of_squares(v: Array, x: Array, beta: float, scratch: Array) -> None:
    """v ← β v + (1 − β) x²"""
    v *= beta
    np.multiply(x, x, out=scratch)
    scratch *= 1 - beta
    v += scratch
