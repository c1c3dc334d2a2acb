"""Numbers drawn from a distribution that the caller describes."""

import numpy as np
import numpy.typing as npt

from neural_net_core.checks import check_counts, check_dtype, check_number
from neural_net_core.drawing import is_drawing
from neural_net_core.dtypes import Array, DType, get_default_dtype
from neural_net_core.init.fan import Shape
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
    shape, kind = (
        check_counts("init.uniform", "shape", shape, low=0),
        floating("init.uniform", dtype),
    )
    low, high = check_number("init.uniform", "low", low), check_number("init.uniform", "high", high)
    if not low <= high:
        raise ValueError(f"init.uniform: expected low <= high, got {low} and {high}")
    rng = resolve_rng(rng)
    return rng.uniform(low, high, shape).astype(kind) if is_drawing() else np.zeros(shape, kind)


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
    shape, kind = check_counts("init.normal", "shape", shape, low=0), floating("init.normal", dtype)
    mean = check_number("init.normal", "mean", mean)
    std = check_number("init.normal", "std", std, 0)
    rng = resolve_rng(rng)
    return rng.normal(mean, std, shape).astype(kind) if is_drawing() else np.zeros(shape, kind)


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
    where = "init.truncated_normal"
    shape, kind = check_counts(where, "shape", shape, low=0), floating(where, dtype)
    mean, std = check_number(where, "mean", mean), check_number(where, "std", std, 0)
    rng = resolve_rng(rng)
    if not is_drawing():
        return np.zeros(shape, kind)
    z = rng.standard_normal(shape)
    while (outside := np.abs(z) > 2).any():
        z[outside] = rng.standard_normal(np.count_nonzero(outside))
    return (mean + std / _STD_WITHIN_2 * z).astype(kind)


def floating(where: str, dtype: npt.DTypeLike | None) -> DType:
    """Return a floating dtype, the default one for None."""
    return get_default_dtype() if dtype is None else check_dtype(where, dtype)
