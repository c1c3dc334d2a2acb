"""Softplus."""

import math

import numpy as np
import pytest

from neural_net_core import Softplus, Tensor, softplus


@pytest.mark.parametrize("beta", [1.0, 0.5, 4.0])
def test_values_keep_their_digits_in_the_tail(beta):
    x = np.linspace(-30, 30, 601)
    expected = [max(v, 0) + math.log1p(math.exp(-abs(beta * v))) / beta for v in x]
    y = softplus(Tensor(x, np.float64), beta, math.inf)
    np.testing.assert_allclose(y.data, expected, rtol=1e-14)


def test_the_slope_is_the_sigmoid_of_beta_x_in_all_digits():
    x = Tensor(np.linspace(-30, 30, 601), np.float64, requires_grad=True)
    softplus(x, 2.0, math.inf).sum().backward()
    expected = [1 / (1 + math.exp(-2 * v)) for v in x.data]
    np.testing.assert_allclose(x.grad, expected, rtol=1e-14)


@pytest.mark.parametrize("size", [4, 4000])
def test_above_the_threshold_it_is_the_identity(size):
    # 2 · 1.45 is below the threshold of 3 although 2 · softplus(1.45) is above it.
    points = [-1.0, 1.45, 1.55, 9.0]
    x = Tensor(np.tile(points, size // 4), np.float64, requires_grad=True)
    y = softplus(x, beta=2.0, threshold=3.0)
    y.sum().backward()
    below = [math.log1p(math.exp(2 * v)) / 2 for v in points[:2]]
    np.testing.assert_allclose(y.data, np.tile([*below, *points[2:]], size // 4), rtol=1e-14)
    slopes = [1 / (1 + math.exp(-2 * v)) for v in points[:2]]
    np.testing.assert_allclose(x.grad, np.tile([*slopes, 1, 1], size // 4), rtol=1e-14)


def test_the_default_threshold_is_20():
    for function in (softplus, Softplus()):
        y = function(Tensor([19.9, 20.1], np.float64)).data
        assert y[0] > 19.9
        assert y[1] == 20.1


@pytest.mark.parametrize("beta", [0, -2.0])
def test_beta_must_be_positive(beta):
    with pytest.raises(ValueError, match="softplus: beta must be a finite number > 0"):
        softplus(1.0, beta)
    with pytest.raises(ValueError, match="Softplus: beta must be a finite number > 0"):
        Softplus(beta)
