"""Attention with linear biases."""

import numpy as np
import pytest

from neural_net_layers import alibi_bias, alibi_slopes


def slopes_of_the_paper(heads):
    """The authors' recursion, in plain Python."""

    def power_of_2(n):
        start = 2 ** (-(2 ** -(np.log2(n) - 3)))
        return [start * start**i for i in range(n)]

    if heads & (heads - 1) == 0:
        return power_of_2(heads)
    closest = 2 ** int(np.floor(np.log2(heads)))
    return power_of_2(closest) + slopes_of_the_paper(2 * closest)[0::2][: heads - closest]


@pytest.mark.parametrize("heads", [1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20])
def test_slopes_are_those_of_the_paper(heads):
    """Powers of 2, and what the authors do for other numbers."""
    slopes = alibi_slopes(heads, dtype=np.float64)
    np.testing.assert_allclose(slopes, slopes_of_the_paper(heads), rtol=1e-12)
    assert alibi_slopes(heads).dtype == np.float32


def test_the_bias_is_minus_slope_times_distance():
    """Written out; nothing at distance 0."""
    bias = alibi_bias(4, 5, dtype=np.float64)
    for h, i, j in np.ndindex(4, 5, 5):
        assert bias[h, i, j] == -alibi_slopes(4)[h] * abs(i - j)


def test_with_a_cache_the_queries_are_the_last_places():
    """The last rows of the whole."""
    whole = alibi_bias(3, 7)
    assert np.array_equal(alibi_bias(3, 2, 7), whole[:, -2:])
    assert alibi_bias(3, 2, 7).dtype == np.float32


def test_bad_sizes():
    """Named with what they may be."""
    with pytest.raises(ValueError, match="expected keys >= queries = 4, got 3"):
        alibi_bias(2, 4, 3)
    with pytest.raises(ValueError, match="alibi_slopes: heads must be an int >= 1"):
        alibi_slopes(0)
