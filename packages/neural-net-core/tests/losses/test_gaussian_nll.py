"""Gaussian negative log-likelihood."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import GaussianNLLLoss, ShapeError, Tensor, gaussian_nll_loss, mse_loss

rng = np.random.default_rng(0)
X, T = rng.normal(size=(2, 5, 4))
VAR = rng.uniform(0.1, 3, (5, 4))


def density(x, t, v):
    return math.exp(-((x - t) ** 2) / (2 * v)) / math.sqrt(2 * math.pi * v)


def test_the_full_loss_is_minus_the_logarithm_of_the_density():
    each = [-math.log(density(*row)) for row in zip(X.flat, T.flat, VAR.flat, strict=True)]
    x, v = Tensor(X, np.float64), Tensor(VAR, np.float64)
    y = gaussian_nll_loss(x, T, v, full=True, reduction="none").data
    np.testing.assert_allclose(y.reshape(-1), each, rtol=1e-13)
    short = gaussian_nll_loss(x, T, v, reduction="none").data
    np.testing.assert_allclose(y - short, math.log(2 * math.pi) / 2, rtol=1e-13)


def test_of_variance_one_half_it_is_the_squared_error_but_for_a_constant():
    y = gaussian_nll_loss(Tensor(X, np.float64), T, 0.5)
    assert y.item() == pytest.approx(mse_loss(Tensor(X, np.float64), T).item() + math.log(0.5) / 2)


@given(st.integers(0, 2**32 - 1))
def test_no_variance_costs_less_than_the_mean_squared_error(seed):
    """Which is what the loss teaches, and where its gradient is 0."""
    rng = np.random.default_rng(seed)
    x, t = rng.normal(size=(2, 50))
    best = np.mean((x - t) ** 2)
    losses = []
    for v in (best, 0.9 * best, 1.1 * best, 10 * best):
        var = Tensor(v, np.float64, requires_grad=True)
        y = gaussian_nll_loss(Tensor(x, np.float64), t, var)
        y.backward()
        losses.append(y.item())
        if v == best:
            assert abs(var.grad) < 1e-12 / best
    assert losses[0] == min(losses)


@pytest.mark.parametrize("shape", [(5, 1), (5,), ()])
def test_one_variance_for_many_elements(shape):
    v = rng.uniform(0.5, 2, shape)
    whole = np.broadcast_to(v if v.ndim != 1 else v[:, None], (5, 4))
    for reduction in ("mean", "sum", "none"):
        var = Tensor(v, np.float64, requires_grad=True)
        every = Tensor(whole, np.float64, requires_grad=True)
        x = Tensor(X, np.float64)
        y = gaussian_nll_loss(x, T, var, reduction=reduction)
        z = gaussian_nll_loss(x, T, every, reduction=reduction)
        np.testing.assert_allclose(y.data, z.data, rtol=1e-14)
        y.sum().backward()
        z.sum().backward()
        total = every.grad.sum(axis=1) if v.ndim else every.grad.sum()
        np.testing.assert_allclose(var.grad.reshape(total.shape), total, rtol=1e-12)


def test_a_variance_below_eps_counts_as_eps_and_its_gradient_too():
    """As in PyTorch: where the error is large, a variance of 0 is asked to grow."""
    found = []
    for v in (0.0, 0.01):
        var = Tensor([v], np.float64, requires_grad=True)
        y = gaussian_nll_loss(Tensor([1.0], np.float64), [0.0], var, eps=0.01)
        y.backward()
        found.append((y.item(), var.grad[0]))
    assert found[0] == found[1]
    assert found[0][0] == pytest.approx((math.log(0.01) + 100) / 2)
    assert found[0][1] == pytest.approx((1 - 100) / 0.02)


def test_errors():
    with pytest.raises(ValueError, match=r"gaussian_nll_loss: expected var >= 0, got -0.5"):
        gaussian_nll_loss(X, T, np.where(VAR > 1, -0.5, VAR))
    for shape in [(4,), (1, 4), (5, 4, 1), (2,)]:
        with pytest.raises(ShapeError, match=r"expected var of the shape \(5, 4\) or \(5,\), got"):
            gaussian_nll_loss(X, T, np.ones(shape))
    with pytest.raises(ValueError, match="GaussianNLLLoss: eps must be a finite number > 0"):
        GaussianNLLLoss(eps=0.0)
    assert np.isnan(gaussian_nll_loss(X, T, np.nan).item())
