"""Gradients at positions that repeat add up as one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import PositionError, ops
from neural_net_core.fast.indexing import FEW, accumulate, accumulate_rows, add_rows


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


@given(
    st.integers(1, 6), st.integers(1, 20), st.sampled_from(["float32", "float64"]), st.booleans()
)
def test_rows_are_added_to_what_stands_there(width, count, dtype, turned):
    rng = np.random.default_rng(count)
    rows = rng.integers(0, 4, count)
    source = rng.normal(size=(count, width)).astype(dtype)
    y = rng.normal(size=(4, width)).astype(dtype)
    expected = y.copy()
    for row, s in zip(rows, source, strict=True):
        expected[row] += s
    add_rows(y, rows, np.asfortranarray(source) if turned else source)
    np.testing.assert_array_equal(y, expected)


def test_adding_slices_refuses_positions_that_are_not_there_at_any_size():
    """Behind the first row of a flat array stands the last one."""
    for count in (1, FEW + 1):
        for wrong in (3, -4):
            with pytest.raises(PositionError, match="out of bounds"):
                ops.index_add(np.zeros((3, 1)), [wrong] * count, np.ones((count, 1)))
        y = ops.index_add(np.zeros((3, 1)), [-3] * count, np.ones((count, 1)))
        assert y.data[:, 0].tolist() == [count, 0, 0]
