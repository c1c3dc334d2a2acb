"""Weights of variance 1 / fan_in, for self-normalizing networks."""

import math

import numpy as np
import numpy.typing as npt

from neural_net_core.dtypes import Array
from neural_net_core.init.draws import normal, uniform
from neural_net_core.init.fan import Shape, fans

__all__ = ["lecun_normal", "lecun_uniform"]


def lecun_uniform(
    shape: Shape, *, rng: np.random.Generator | None = None, dtype: npt.DTypeLike | None = None
) -> Array:
    r"""Return uniform weights of variance 1 / fan_in.

    $$ w \sim U(-a, a), \qquad a = \sqrt{3 / \text{fan}_{in}} $$

    Args:
        shape: (out, in, …kernel).
        rng: None means the library's generator.
        dtype: None means the default.

    Source: LeCun et al. (1998), Efficient BackProp, eq. 16.
    """
    bound = math.sqrt(3 / max(fans(shape)[0], 1))
    return uniform(shape, -bound, bound, rng=rng, dtype=dtype)


def lecun_normal(
    shape: Shape, *, rng: np.random.Generator | None = None, dtype: npt.DTypeLike | None = None
) -> Array:
    r"""Return normal weights of variance 1 / fan_in, as self-normalizing networks need them.

    $$ w \sim N(0, 1 / \text{fan}_{in}) $$

    Args:
        shape: (out, in, …kernel).
        rng: None means the library's generator.
        dtype: None means the default.

    Source: LeCun et al. (1998), Efficient BackProp, eq. 16.
    """
    return normal(shape, 0.0, math.sqrt(1 / max(fans(shape)[0], 1)), rng=rng, dtype=dtype)
