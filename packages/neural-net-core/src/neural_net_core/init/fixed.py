"""Arrays without chance: zeros, ones, one value, the identity."""

import numpy as np
import numpy.typing as npt

from neural_net_core.checks import check_counts, check_dtype, check_number
from neural_net_core.dtypes import Array, get_default_dtype
from neural_net_core.errors import ShapeError
from neural_net_core.init.draws import floating
from neural_net_core.init.fan import Shape

__all__ = ["constant", "identity", "ones", "zeros"]


def zeros(
    shape: Shape, *, rng: np.random.Generator | None = None, dtype: npt.DTypeLike | None = None
) -> Array:
    """Return zeros.

    Args:
        shape: Any shape.
        rng: Not used; accepted so that every initializer is called alike.
        dtype: None means the default.
    """
    return constant(shape, 0.0, rng=rng, dtype=dtype)


def ones(
    shape: Shape, *, rng: np.random.Generator | None = None, dtype: npt.DTypeLike | None = None
) -> Array:
    """Return ones.

    Args:
        shape: Any shape.
        rng: Not used; accepted so that every initializer is called alike.
        dtype: None means the default.
    """
    return constant(shape, 1.0, rng=rng, dtype=dtype)


def constant(
    shape: Shape,
    value: float,
    *,
    rng: np.random.Generator | None = None,
    dtype: npt.DTypeLike | None = None,
) -> Array:
    """Return an array filled with one value.

    Args:
        shape: Any shape.
        value: The value.
        rng: Not used; accepted so that every initializer is called alike.
        dtype: None means the default.
    """
    where = "init.constant"
    shape = check_counts(where, "shape", shape, low=0)
    kind = get_default_dtype() if dtype is None else check_dtype(where, dtype, kinds="biuf")
    return np.full(shape, check_number(where, "value", value), kind)


def identity(
    shape: Shape,
    gain: float = 1.0,
    *,
    rng: np.random.Generator | None = None,
    dtype: npt.DTypeLike | None = None,
) -> Array:
    """Return gain on the main diagonal and zeros elsewhere.

    Args:
        shape: (out, in).
        gain: The value on the diagonal.
        rng: Not used; accepted so that every initializer is called alike.
        dtype: None means the default.

    Raises:
        ShapeError: If there are not two axes.

    Source: Le, Jaitly & Hinton (2015), arXiv:1504.00941, for recurrent ReLU networks.
    """
    where = "init.identity"
    shape = check_counts(where, "shape", shape, low=0)
    if len(shape) != 2:
        raise ShapeError(f"{where}: expected a shape (out, in), got {shape}")
    gain = check_number(where, "gain", gain)
    return np.asarray(gain * np.eye(*shape, dtype=floating(where, dtype)))
