"""Weights that keep lengths."""

import math

import numpy as np
import numpy.typing as npt

from neural_net_core.checks import check_number
from neural_net_core.drawing import is_drawing
from neural_net_core.dtypes import Array
from neural_net_core.init.draws import floating
from neural_net_core.init.fan import Shape, fans
from neural_net_core.random import resolve_rng

__all__ = ["orthogonal"]


def orthogonal(
    shape: Shape,
    gain: float = 1.0,
    *,
    rng: np.random.Generator | None = None,
    dtype: npt.DTypeLike | None = None,
) -> Array:
    r"""Return a random matrix that keeps lengths: its rows, or its columns, are orthonormal.

    $$ W W^\top = g^2 I \quad \text{or} \quad W^\top W = g^2 I $$

    Axes after the first are joined for this. A QR factorization of a normal matrix gives the
    directions; the signs of R's diagonal are moved into Q, without which the distribution would
    depend on the algorithm.

    Args:
        shape: (out, in, …kernel), at least two axes.
        gain: g.
        rng: None means the library's generator.
        dtype: None means the default.

    Raises:
        ShapeError: If there are fewer than two axes.

    Source: Saxe, McClelland & Ganguli (2014), arXiv:1312.6120.
    """
    fans(shape)
    shape, kind = tuple(shape), floating("init.orthogonal", dtype)
    gain = check_number("init.orthogonal", "gain", gain)
    rng = resolve_rng(rng)
    if not is_drawing():
        return np.zeros(shape, kind)
    rows, columns = shape[0], math.prod(shape[1:])
    tall = rng.standard_normal((max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(tall)
    q = q * np.sign(np.diag(r))
    weight = q if rows >= columns else q.T
    return (gain * weight.reshape(shape)).astype(kind)
