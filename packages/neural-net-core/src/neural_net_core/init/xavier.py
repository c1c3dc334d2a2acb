"""Weights that suit the forward and the backward pass equally, for tanh and its like."""

import math

import numpy as np
import numpy.typing as npt

from neural_net_core.checks import check_number
from neural_net_core.dtypes import Array
from neural_net_core.init.draws import normal, uniform
from neural_net_core.init.fan import Shape, fans

__all__ = ["xavier_normal", "xavier_uniform"]


def xavier_uniform(
    shape: Shape,
    gain: float = 1.0,
    *,
    rng: np.random.Generator | None = None,
    dtype: npt.DTypeLike | None = None,
) -> Array:
    r"""Return uniform weights that suit the forward and the backward pass equally.

    $$ w \sim U(-a, a), \qquad a = g \sqrt{6 / (\text{fan}_{in} + \text{fan}_{out})} $$

    Args:
        shape: (out, in, …kernel).
        gain: g, see `calculate_gain`.
        rng: None means the library's generator.
        dtype: None means the default.

    Source: Glorot & Bengio (2010), Understanding the difficulty of training deep feedforward
        neural networks, eq. 16.
    """
    gain = check_number("init.xavier_uniform", "gain", gain, 0)
    bound = gain * math.sqrt(6 / max(sum(fans(shape)), 1))
    return uniform(shape, -bound, bound, rng=rng, dtype=dtype)


def xavier_normal(
    shape: Shape,
    gain: float = 1.0,
    *,
    rng: np.random.Generator | None = None,
    dtype: npt.DTypeLike | None = None,
) -> Array:
    r"""Return normal weights that suit the forward and the backward pass equally.

    $$ w \sim N(0, \sigma^2), \qquad \sigma = g \sqrt{2 / (\text{fan}_{in} + \text{fan}_{out})} $$

    Args:
        shape: (out, in, …kernel).
        gain: g, see `calculate_gain`.
        rng: None means the library's generator.
        dtype: None means the default.

    Source: Glorot & Bengio (2010), eq. 12.
    """
    gain = check_number("init.xavier_normal", "gain", gain, 0)
    std = gain * math.sqrt(2 / max(sum(fans(shape)), 1))
    return normal(shape, 0.0, std, rng=rng, dtype=dtype)
