"""Numbers drawn from a distribution that the caller describes."""

import numpy as np
import numpy.typing as npt

from neural_net_core.dtypes import Array, get_default_dtype
from neural_net_core.init.fans import Shape
from neural_net_core.random import resolve_rng

__all__ = ["normal", "truncated_normal", "uniform"]

# The standard deviation of a unit normal that is cut off at ±2.
_STD_WITHIN_2 = 0.87962566103423978


def uniform(
    shape: Shape,
    low: float = 0.0,
    high: float = 1.0,
    *,
    rng: np.random.Generator | None = None,
    dtype: npt.DTypeLike | None = None,
) -> Array:
    """Return numbers drawn evenly from [low, high).

    Args:
        shape: Any shape.
        low: The lower bound.
        high: The upper bound.
        rng: None means the library's generator.
        dtype: None means the default.
    """
    if not low <= high:
        raise ValueError(f"init.uniform: expected low <= high, got {low} and {high}")
    return resolve_rng(rng).uniform(low, high, shape).astype(dtype or get_default_dtype())


def normal(
    shape: Shape,
    mean: float = 0.0,
    std: float = 1.0,
    *,
    rng: np.random.Generator | None = None,
    dtype: npt.DTypeLike | None = None,
) -> Array:
    """Return numbers drawn from a normal distribution.

    Args:
        shape: Any shape.
        mean: The mean.
        std: The standard deviation, >= 0.
        rng: None means the library's generator.
        dtype: None means the default.
    """
    _check_std("normal", std)
    return resolve_rng(rng).normal(mean, std, shape).astype(dtype or get_default_dtype())


def truncated_normal(
    shape: Shape,
    mean: float = 0.0,
    std: float = 1.0,
    *,
    rng: np.random.Generator | None = None,
    dtype: npt.DTypeLike | None = None,
) -> Array:
    """Return normal numbers without the tails, whose standard deviation is `std` after the cut.

    What lies more than two standard deviations out is drawn again. That alone would leave a
    deviation of 0.8796, so the draw is widened by as much: the bounds lie at 2.27 `std`.

    Args:
        shape: Any shape.
        mean: The mean.
        std: The standard deviation of the result, >= 0.
        rng: None means the library's generator.
        dtype: None means the default.
    """
    _check_std("truncated_normal", std)
    rng = resolve_rng(rng)
    z = rng.standard_normal(shape)
    while (outside := np.abs(z) > 2).any():
        z[outside] = rng.standard_normal(np.count_nonzero(outside))
    return (mean + std / _STD_WITHIN_2 * z).astype(dtype or get_default_dtype())


def _check_std(name: str, std: float) -> None:
    if not std >= 0:
        raise ValueError(f"init.{name}: expected std >= 0, got {std}")
