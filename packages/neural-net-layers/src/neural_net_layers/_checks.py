"""Checks that several layers share, beside those of `neural_net_core.checks`."""

import math
from collections.abc import Sequence
from typing import Any

import numpy.typing as npt

from neural_net_core.checks import (
    check_callable,
    check_count,
    check_counts,
    check_fraction,
    check_instance,
    check_number,
)
from neural_net_core.modules.module import Module

__all__: list[str] = []

# No network is deeper, and a loop over more layers would not end.
MOST_LAYERS = 10_000


def check_lengths(layer: str, name: str, value: int | Sequence[int]) -> tuple[int, ...]:
    """Return one length or several as a tuple; none at all is an error."""
    if isinstance(value, Sequence) and value:
        return check_counts(layer, name, value)
    return (check_count(layer, name, value),)


def check_eps(layer: str, eps: float) -> float:
    """Return what is added to a variance, or raise if it is no number from 0; at once if it is."""
    if type(eps) is float and 0 <= eps < math.inf:
        return eps
    found: float = check_number(layer, "eps", eps, 0)
    return found


def check_momentum(layer: str, momentum: float) -> float:
    """Return the weight of a new batch, or raise if it is not in [0, 1]; at once if it is."""
    if type(momentum) is float and 0 <= momentum <= 1:
        return momentum
    found: float = check_fraction(layer, "momentum", momentum)
    return found


def make_norm(
    layer: str, norm: Any, features: int, dtype: npt.DTypeLike | None, name: str = "norm"
) -> Module:
    """Return the norm that a function such as `RMSNorm` makes, in a dtype.

    Args:
        layer: For messages.
        norm: Called with the number of features.
        features: Of the norm.
        dtype: The parameters' dtype; None leaves it as made.
        name: The argument's, for messages.
    """
    check_callable(layer, name, norm, "a function that makes a norm, such as RMSNorm")
    made = check_instance(layer, name, norm(features), Module, "a function that makes a Module")
    return made if dtype is None else made.astype(dtype)
