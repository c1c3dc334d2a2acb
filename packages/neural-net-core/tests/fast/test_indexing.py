"""Gradients at positions that repeat add up as one by one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core.fast.indexing import accumulate, accumulate_rows


def test_accumulation_into_nothing():
    dx = np.zeros((3, 0))
    accumulate(dx, [1, 1], np.zeros((2, 0)))
    assert dx.shape == (3, 0)


@given(
    st.integers(1, 6), st.integers(1, 20), st.sampled_from(["float32", "float64"]), st.booleans()
)
def test_rows_that_repeat_are_added_up_as_one_by_one(width, count, dtype, turned):
    """Even widths go two numbers at a time, odd ones one by one; the bits are the same."""
    rng = np.random.default_rng(count)
    rows = rng.integers(0, 4, count)
    dy = rng.normal(size=(count, width)).astype(dtype)
    expected, dx = np.zeros((2, 4, width), dtype)
    for row, d in zip(rows, dy, strict=True):
        expected[row] += d
    accumulate_rows(dx, rows, np.asfortranarray(dy) if turned else dy)
    np.testing.assert_array_equal(dx, expected)
