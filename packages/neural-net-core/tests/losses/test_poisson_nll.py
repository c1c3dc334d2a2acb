"""Negative log-likelihood of counts."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import PoissonNLLLoss, Tensor, poisson_nll_loss

rng = np.random.default_rng(0)
X = rng.normal(size=30)
T = rng.integers(0, 9, 30).astype(float)


def test_values():
    each = [math.exp(x) - t * x for x, t in zip(X, T, strict=True)]
    y = poisson_nll_loss(Tensor(X, np.float64), T, reduction="none")
    np.testing.assert_allclose(y.data, each, rtol=1e-13)
    y = poisson_nll_loss(Tensor(np.exp(X), np.float64), T, log_input=False, reduction="none")
    np.testing.assert_allclose(y.data, each, rtol=1e-6)


def test_the_full_loss_is_nearly_minus_the_logarithm_of_the_probability():
    """Stirling's formula is off by 1 / (12 t) at most; counts of 0 and 1 have ln t! = 0 anyway."""
    y = poisson_nll_loss(Tensor(X, np.float64), T, full=True, reduction="none").data
    exact = [math.exp(x) - t * x + math.lgamma(t + 1) for x, t in zip(X, T, strict=True)]
    off = np.abs(y - exact)
    assert (off <= 1 / (12 * np.maximum(T, 1)) + 1e-12).all()
    np.testing.assert_allclose(y[T < 2], np.array(exact)[T < 2], rtol=1e-13)
    assert off.max() > 1e-3  # it is an approximation


@given(st.integers(1, 1000))
def test_the_best_rate_is_the_count(t):
    for x, log_input in ((math.log(t), True), (float(t), False)):
        rate = Tensor([x], np.float64, requires_grad=True)
        poisson_nll_loss(rate, [t], log_input=log_input).backward()
        assert abs(rate.grad[0]) < 1e-12 * t + 1e-7


@pytest.mark.filterwarnings("error")
def test_a_count_of_zero_under_a_rate_of_zero_costs_nothing():
    y = poisson_nll_loss([-math.inf, 0.0], [0.0, 0.0], reduction="none")
    assert y.data.tolist() == [0, 1]
    assert poisson_nll_loss([0.0], [0.0], log_input=False).item() == 0


def test_errors():
    with pytest.raises(ValueError, match=r"poisson_nll_loss: expected counts >= 0 .*, got -1"):
        poisson_nll_loss([1.0], [-1])
    with pytest.raises(ValueError, match=r"expected rates >= 0, got -2; .* log_input=True"):
        poisson_nll_loss([-2.0], [1], log_input=False)
    with pytest.raises(ValueError, match="PoissonNLLLoss: eps must be a finite number > 0"):
        PoissonNLLLoss(eps=-1.0)
