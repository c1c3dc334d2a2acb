"""Large products cut into small ones."""

import numpy as np
import pytest

from neural_net_layers.fast import products as _products
from neural_net_layers.fast.products import (
    cut_rows,
    cut_sum,
    factors,
    joined,
    sum_of_rows,
    summed_factors,
    summed_shape,
)


@pytest.mark.parametrize(
    ("rows", "inner", "outer"), [(100, 7, 24), (1, 3, 2), (37, 30, 17), (0, 3, 4)]
)
@pytest.mark.parametrize("small", [150, 3000, 10**6])
def test_the_blocks_give_the_product_and_the_sum(rows, inner, outer, small, monkeypatch):
    monkeypatch.setattr(_products, "SMALL_PRODUCT", small)
    monkeypatch.setattr(_products, "_TILE", 8)
    rng = np.random.default_rng(0)
    a, b, d = (
        rng.normal(size=(rows, inner)),
        rng.normal(size=(inner, outer)),
        rng.normal(size=(rows, outer)),
    )

    def padded(matrix, blocks):
        whole = np.zeros((blocks.count * blocks.length, matrix.shape[1]))
        whole[:rows] = matrix
        return whole.reshape(blocks.count, blocks.length, matrix.shape[1])

    blocks = cut_rows(rows, inner, outer)
    y = np.zeros((blocks.count, blocks.length, outer))
    left, right, out = factors(padded(a, blocks), b, y, blocks)
    np.matmul(left, right, out=out)
    np.testing.assert_allclose(y.reshape(-1, outer)[:rows], a @ b, atol=1e-12)

    blocks = cut_sum(rows, inner, outer)
    left, right = summed_factors(padded(a, blocks), padded(d, blocks), blocks)
    products = np.matmul(left, right)
    assert products.shape == summed_shape(inner, outer, blocks)
    np.testing.assert_allclose(joined(products.sum(axis=0)), a.T @ d, atol=1e-12)


def test_the_products_are_small():
    for rows, inner, outer in ((50_000, 26, 16), (2000, 1152, 128), (300, 200, 96)):
        blocks = cut_rows(rows, inner, outer)
        assert blocks.small
        assert blocks.length * inner * blocks.outer <= _products.SMALL_PRODUCT * 1.01
        blocks = cut_sum(rows, inner, outer)
        assert blocks.small
        assert blocks.length * blocks.inner * blocks.outer <= _products.SMALL_PRODUCT * 1.01
    assert not cut_rows(2000, 10_000, 64).small


def test_rows_are_summed():
    assert sum_of_rows(np.arange(6.0, dtype="f4").reshape(3, 2)).tolist() == [6, 9]
    assert sum_of_rows(np.zeros((0, 2), "f4")).dtype == np.float32
