"""Kullback-Leibler divergence."""

import math

import numpy as np
import pytest

from neural_net_core import KLDivLoss, Tensor, cross_entropy, kl_div, ops

rng = np.random.default_rng(0)
Q = rng.dirichlet(np.ones(4), 3)


def test_zero_for_equal_distributions_and_positive_for_others():
    assert kl_div(np.log(Q), Q).item() == pytest.approx(0, abs=1e-7)
    assert kl_div(np.log(Q), Q[::-1], reduction="batchmean").item() > 0.01


def test_it_is_the_cross_entropy_minus_the_entropy():
    z = rng.normal(size=(3, 4))
    divergence = kl_div(ops.log_softmax(Tensor(z, np.float64)), Q, reduction="batchmean")
    entropy = -(Q * np.log(Q)).sum(axis=1).mean()
    expected = cross_entropy(Tensor(z, np.float64), Q).item() - entropy
    assert divergence.item() == pytest.approx(expected)


def test_reductions():
    x = np.log(Q[::-1])
    total = kl_div(x, Q, reduction="sum").item()
    assert kl_div(x, Q).item() == pytest.approx(total / 12)
    assert kl_div(x, Q, reduction="batchmean").item() == pytest.approx(total / 3)
    assert KLDivLoss("batchmean")(x, Q).item() == pytest.approx(total / 3)


def test_a_single_number_is_a_batch_of_one():
    for reduction in ("batchmean", "mean", "sum", "none"):
        y = kl_div(Tensor(-3.0, np.float64), 1.0, reduction=reduction)
        assert y.shape == ()
        assert y.item() == 3


def test_log_targets_say_the_same():
    x = np.log(Q[::-1])
    plain, logged = (Tensor(v, np.float64, requires_grad=True) for v in (x, x))
    t = Tensor(np.log(Q), np.float64, requires_grad=True)
    y, w = kl_div(plain, Q), kl_div(logged, ops.exp(t))
    v = kl_div(Tensor(x, np.float64), t, log_target=True)
    np.testing.assert_allclose([y.data, w.data], v.data)
    w.backward()
    through_exp, t.grad = t.grad, None
    v.backward()
    np.testing.assert_allclose(t.grad, through_exp, rtol=1e-12)


def test_an_impossible_target_costs_nothing_and_gives_no_gradient():
    x = Tensor([math.log(0.5), math.log(0.5)], requires_grad=True)
    t = Tensor([1.0, 0.0], requires_grad=True)
    y = kl_div(x, t, reduction="none")
    y.sum().backward()
    np.testing.assert_allclose(y.data, [math.log(2), 0])
    np.testing.assert_array_equal(x.grad, [-1, 0])
    assert t.grad[1] == 0


def test_batchmean_is_named_among_the_reductions():
    with pytest.raises(ValueError, match="'none', 'mean', 'sum' or 'batchmean', got 'batch'"):
        kl_div(Q, Q, reduction="batch")
    with pytest.raises(ValueError, match="'none', 'mean', 'sum' or 'batchmean'"):
        KLDivLoss("batch")
