"""Weights that suit the forward and the backward pass equally, for tanh and its like."""

import math

import numpy as np
import numpy.typing as npt

from neural_net_core.dtypes import Array
from neural_net_core.init.draws import normal, uniform
from neural_net_core.init.fans import Shape, fans

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
    bound = gain * math.sqrt(6 / sum(fans(shape)))
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
    return normal(shape, 0.0, gain * math.sqrt(2 / sum(fans(shape))), rng=rng, dtype=dtype)
