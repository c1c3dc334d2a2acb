r"""Attention with linear biases: the farther away a key is, the less it counts.

Nothing is added to the features. The scores of attention get a penalty that grows with distance,
so a model can read sequences longer than those it was trained on.
"""

import numpy as np
import numpy.typing as npt

from neural_net_core.checks import check_count, check_dtype
from neural_net_core.dtypes import Array, get_default_dtype

__all__ = ["alibi_bias", "alibi_slopes"]


def alibi_slopes(heads: int, *, dtype: npt.DTypeLike | None = None) -> Array:
    r"""Return how much each head minds distance: a geometric series from 2^(−8/H) to 2^(−8).

    $$ m_h = 2^{-8 (h + 1) / H}, \qquad h = 0, \ldots, H - 1 $$

    If H is no power of 2, the series of the next smaller power comes first, and then every
    other number of the series of twice that power.

    Args:
        heads: H.
        dtype: None means the default.

    Returns:
        m (H,).

    References:
        Press, Smith & Lewis (2022), arXiv:2108.12409, section 3; for other H, the authors' code.

    Examples:
        >>> alibi_slopes(4).tolist()
        [0.25, 0.0625, 0.015625, 0.00390625]
        >>> alibi_slopes(6).tolist()
        [0.25, 0.0625, 0.015625, 0.00390625, 0.5, 0.125]
    """
    heads = check_count("alibi_slopes", "heads", heads)
    kind = get_default_dtype() if dtype is None else check_dtype("alibi_slopes", dtype)
    power = 1 << (heads.bit_length() - 1)  # the largest power of 2 up to H
    series = np.exp2(-8 * np.arange(1, power + 1) / power)
    between = np.exp2(-8 * np.arange(1, 2 * power + 1, 2) / (2 * power))
    return np.append(series, between)[:heads].astype(kind)


def alibi_bias(
    heads: int,
    queries: int,
    keys: int | None = None,
    *,
    dtype: npt.DTypeLike | None = None,
) -> Array:
    r"""Return what is added to the scores of attention.

    $$ b_{h,i,j} = -m_h \, |i - j| $$

    Args:
        heads: H.
        queries: T, the number of queries. With a cache they are the last T of the S places.
        keys: S >= T, the number of keys; None means T.
        dtype: None means the default.

    Returns:
        b (H, T, S), to be used as an additive mask; it hides nothing, so a causal mask comes on
        top.

    Raises:
        ValueError: If there are fewer keys than queries.

    References:
        Press, Smith & Lewis (2022), arXiv:2108.12409, figure 3. For keys after the query,
        which the paper masks, the penalty is that of the same distance before it.

    Examples:
        >>> alibi_bias(1, 3, dtype="float64") * 256
        array([[[-0., -1., -2.],
                [-1., -0., -1.],
                [-2., -1., -0.]]])
    """
    queries = check_count("alibi_bias", "queries", queries)
    keys = queries if keys is None else check_count("alibi_bias", "keys", keys)
    if keys < queries:
        raise ValueError(f"alibi_bias: expected keys >= queries = {queries}, got {keys}")
    places = np.arange(keys)
    distance = np.abs(places[keys - queries :, None] - places)  # (T, S)
    slopes = alibi_slopes(heads, dtype=dtype)
    bias: Array = -slopes[:, None, None] * distance.astype(slopes.dtype)
    return bias
