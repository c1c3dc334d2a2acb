"""Weights that keep the signal's size through rectifiers."""

import math
from typing import Literal

import numpy as np
import numpy.typing as npt

from neural_net_core.checks import check_number, check_word
from neural_net_core.dtypes import Array
from neural_net_core.init.draws import normal, uniform
from neural_net_core.init.fan import Shape, fans
from neural_net_core.init.gain import Nonlinearity, calculate_gain

__all__ = ["kaiming_normal", "kaiming_uniform"]

Mode = Literal["fan_in", "fan_out"]


def kaiming_uniform(
    shape: Shape,
    a: float = 0.0,
    mode: Mode = "fan_in",
    nonlinearity: Nonlinearity = "leaky_relu",
    *,
    rng: np.random.Generator | None = None,
    dtype: npt.DTypeLike | None = None,
) -> Array:
    r"""Return uniform weights that keep the signal's size through rectifiers.

    $$ w \sim U(-\sqrt{3}\sigma, \sqrt{3}\sigma), \qquad
       \sigma = g / \sqrt{\text{fan}}, \quad g = \sqrt{2 / (1 + a^2)} $$

    Args:
        shape: (out, in, …kernel).
        a: The negative slope of the leaky ReLU that follows; 0 for ReLU.
        mode: "fan_in" keeps the forward signal's variance, "fan_out" the gradient's.
        nonlinearity: What follows; see `calculate_gain`.
        rng: None means the library's generator.
        dtype: None means the default.

    Source: He et al. (2015), arXiv:1502.01852, eqs. 10, 14 and 15.
    """
    bound = math.sqrt(3) * _kaiming_std(shape, a, mode, nonlinearity)
    return uniform(shape, -bound, bound, rng=rng, dtype=dtype)


def kaiming_normal(
    shape: Shape,
    a: float = 0.0,
    mode: Mode = "fan_in",
    nonlinearity: Nonlinearity = "leaky_relu",
    *,
    rng: np.random.Generator | None = None,
    dtype: npt.DTypeLike | None = None,
) -> Array:
    r"""Return normal weights that keep the signal's size through rectifiers.

    $$ w \sim N(0, \sigma^2), \qquad
       \sigma = g / \sqrt{\text{fan}}, \quad g = \sqrt{2 / (1 + a^2)} $$

    Args:
        shape: (out, in, …kernel).
        a: The negative slope of the leaky ReLU that follows; 0 for ReLU.
        mode: "fan_in" keeps the forward signal's variance, "fan_out" the gradient's.
        nonlinearity: What follows; see `calculate_gain`.
        rng: None means the library's generator.
        dtype: None means the default.

    Source: He et al. (2015), arXiv:1502.01852, eqs. 10, 14 and 15.
    """
    return normal(shape, 0.0, _kaiming_std(shape, a, mode, nonlinearity), rng=rng, dtype=dtype)


def _kaiming_std(shape: Shape, a: float, mode: Mode, nonlinearity: Nonlinearity) -> float:
    check_word("init.kaiming", "mode", mode, ("fan_in", "fan_out"))
    a = check_number("init.kaiming", "a", a)
    fan = fans(shape)[mode == "fan_out"]
    return calculate_gain(nonlinearity, a) / math.sqrt(max(fan, 1))
