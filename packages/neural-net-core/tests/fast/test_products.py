"""Products in parts give what one product gives."""

import numpy as np
import pytest

from neural_net_core.fast.products import small_product


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
