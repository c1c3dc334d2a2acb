"""Variance and standard deviation."""

import numpy as np
import pytest

from neural_net_core import Tensor, grad, ops

X = np.random.default_rng(0).normal(size=(2, 3, 4))


@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2)])
@pytest.mark.parametrize("ddof", [0, 1])
@pytest.mark.parametrize("keepdims", [False, True])
def test_values_are_numpys(axis, ddof, keepdims):
    options = {"axis": axis, "ddof": ddof, "keepdims": keepdims}
    x = Tensor(X, np.float64)
    np.testing.assert_allclose(ops.var(x, **options).data, X.var(**options), rtol=1e-12)
    np.testing.assert_allclose(ops.std(x, **options).data, X.std(**options), rtol=1e-12)


def test_a_large_mean_costs_no_digits():
    x = np.array([1, 2, 3, 4], np.float32) + np.float32(2**20)
    assert ops.var(x).item() == 1.25


def test_equal_numbers_have_no_spread_and_no_gradient():
    x = Tensor([3.0, 3.0, 3.0], requires_grad=True)
    for fn in (ops.var, ops.std):
        assert fn(x).item() == 0
        assert grad(fn(x), x).tolist() == [0, 0, 0]


def test_too_few_elements_give_nan_without_a_warning():
    x = Tensor([[1.0], [2.0]], requires_grad=True)
    for fn in (ops.var, ops.std):
        y = fn(x, 1, ddof=1)
        assert np.isnan(y.data).all()
        assert np.isnan(grad(y.sum(), x)).all()
        assert np.isnan(fn(np.zeros((2, 0)), 1).data).all()


def test_integers_become_float32():
    assert ops.var([1, 3]).dtype == ops.std([1, 3]).dtype == np.float32
    assert ops.std([1, 3]).item() == 1
