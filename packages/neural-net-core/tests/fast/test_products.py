"""Products in parts give what one product gives, and products with ones what sums give."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core.fast.products import column_sums, row_dots, row_sums, small_product


@pytest.mark.parametrize(
    ("rows", "inner", "columns"),
    [(64, 1568, 10), (10, 64, 1568), (1, 700, 1000), (1024, 1024, 1), (64, 64, 128), (4, 5, 6)],
)
def test_products_in_parts_for_one_thread(rows, inner, columns):
    """Whatever is cut, rows or columns, every element comes out once."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(rows, inner)), rng.normal(size=(inner, columns))
    for left, right in ((a, b), (a.copy(order="F"), b.copy(order="F"))):
        y = small_product(left, right)
        np.testing.assert_allclose(y, a @ b, rtol=1e-10, atol=1e-10)
        assert y.dtype == a.dtype
    mixed = small_product(a.astype(np.float32), b)
    assert mixed.dtype == np.float64


@given(rows=st.integers(0, 40), columns=st.integers(0, 20), seed=st.integers(0, 9))
def test_products_and_sums_of_rows(rows, columns, seed):
    """Short rows go one way and long rows another, to the same result."""
    rng = np.random.default_rng(seed)
    x, w = rng.normal(size=(rows, columns)), rng.normal(size=columns)
    expected = (x * w).sum(axis=1)
    np.testing.assert_allclose(row_dots(x, w), expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(row_sums(x), x.sum(axis=1), rtol=1e-12, atol=1e-12)
    assert row_dots(x.astype(np.float32), w.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize("rows", [1, 500, 512, 1024, 1025, 5000, 300_001])
def test_sums_of_many_rows_keep_their_digits(rows):
    for columns in (1, 3, 8):
        x = np.random.default_rng(0).uniform(0.5, 1.5, (rows, columns)).astype(np.float32)
        sums = column_sums(x)
        assert sums.dtype == np.float32
        error = np.max(np.abs(sums / x.astype(np.float64).sum(axis=0) - 1))
        assert error <= 8 * np.finfo(np.float32).eps, columns
