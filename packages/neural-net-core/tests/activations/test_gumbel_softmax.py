"""Draws with a gradient: how often, how hard, and what is known of the estimator."""

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import PositionError, Tensor, grad, gumbel_softmax, ops, seed, softmax
from neural_net_core.activations import GumbelSoftmaxOp
from neural_net_core.activations.gumbel_softmax import gumbel

LOGITS = hnp.arrays(
    st.sampled_from([np.float32, np.float64]),
    hnp.array_shapes(max_dims=3, max_side=5),
    elements=st.floats(-1e3, 1e3, width=32),
)


@given(
    x=LOGITS, t=st.floats(0.01, 100), seed=st.integers(0, 99), hard=st.booleans(), data=st.data()
)
def test_it_is_the_softmax_of_noisy_scores_and_its_gradient(x, t, seed, hard, data):
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    leaf = Tensor(x, x.dtype, requires_grad=True)
    y = gumbel_softmax(leaf, t, hard=hard, axis=axis, rng=np.random.default_rng(seed))
    assert (y.dtype, y.shape) == (x.dtype, x.shape)
    noise = gumbel(x.shape, x.dtype, np.random.default_rng(seed))
    soft = softmax((leaf + noise) / t, axis)
    dy = np.random.default_rng(0).normal(size=x.shape).astype(x.dtype)
    close = {"rtol": 1e-4, "atol": 1e-4 / min(t, 1)} if x.dtype == np.float32 else {"rtol": 1e-9}
    close = {"atol": 1e-9 / min(t, 1), **close}
    np.testing.assert_allclose(grad(y, leaf, dy), grad(soft, leaf, dy), **close)
    if hard:
        assert set(np.unique(y.data)) <= {0, 1}
        np.testing.assert_array_equal(y.data.sum(axis), 1)
        np.testing.assert_array_equal(y.data.argmax(axis), soft.data.argmax(axis))
    else:
        np.testing.assert_allclose(y.data, soft.data, **close)
        np.testing.assert_allclose(y.data.sum(axis), 1, rtol=1e-5)


@pytest.mark.parametrize("temperature", [0.1, 1.0, 10.0])
def test_hard_draws_come_as_often_as_the_softmax_says_at_any_temperature(temperature):
    p, n = np.array([0.05, 0.15, 0.3, 0.5]), 40_000
    logits = np.broadcast_to(np.log(p), (n, 4))
    y = gumbel_softmax(logits, temperature, hard=True, rng=np.random.default_rng(0))
    # Four standard deviations of a share.
    assert (np.abs(y.data.mean(0) - p) < 4 * np.sqrt(p * (1 - p) / n)).all()


def test_a_low_temperature_gives_draws_and_a_high_one_the_same_to_all():
    x = np.random.default_rng(0).normal(size=(200, 5))
    cold = gumbel_softmax(x, 0.01, rng=np.random.default_rng(1)).data
    draws = gumbel_softmax(x, 1.0, hard=True, rng=np.random.default_rng(1)).data
    assert (np.abs(cold - draws).max(1) < 0.01).mean() > 0.9
    hot = gumbel_softmax(x, 1e4, rng=np.random.default_rng(1)).data
    np.testing.assert_allclose(hot, 0.2, atol=1e-3)


def test_a_score_of_minus_infinity_is_never_drawn_and_has_no_gradient():
    x = Tensor([[0.0, -np.inf, 1.0]] * 100, requires_grad=True)
    for hard in (False, True):
        y = gumbel_softmax(x, 0.5, hard=hard, rng=np.random.default_rng(0))
        assert (y.data[:, 1] == 0).all()
        dx = grad(y, x, np.random.default_rng(1).normal(size=(100, 3)))
        assert np.isfinite(dx).all() and (dx[:, 1] == 0).all()


def test_the_noise_has_gumbels_distribution_and_is_finite():
    g = gumbel((200_000,), np.dtype(np.float64), np.random.default_rng(0))
    assert g.mean() == pytest.approx(np.euler_gamma, abs=0.01)
    assert g.var() == pytest.approx(np.pi**2 / 6, rel=0.02)
    for t in (-1.0, 0.0, 1.0, 3.0):
        assert (g < t).mean() == pytest.approx(np.exp(-np.exp(-t)), abs=0.004)

    class Zeros(np.random.Generator):
        """Draws the least that an exponential variable can be."""

        def standard_exponential(self, size, dtype):
            return np.zeros(size, dtype)

    for dtype in (np.float32, np.float64):
        g = gumbel((2,), np.dtype(dtype), Zeros(np.random.PCG64(0)))
        assert np.isfinite(g).all() and g.dtype == dtype


def test_one_seed_gives_one_draw():
    x = np.zeros((5, 7))
    draws = [gumbel_softmax(x, rng=np.random.default_rng(3)).data for _ in range(2)]
    np.testing.assert_array_equal(*draws)
    seed(5)
    first = gumbel_softmax(x).data
    seed(5)
    np.testing.assert_array_equal(gumbel_softmax(x).data, first)
    assert (gumbel_softmax(x).data != first).any()


def test_the_soft_gradient_is_that_of_its_own_mean_and_the_hard_one_is_not():
    """E f(y) over the noise, for f(y) = (v · y)², by central differences on the same noise."""
    rng = np.random.default_rng(0)
    n, v = 20_000, np.array([1.0, -2.0, 0.5])
    noise = rng.gumbel(size=(n, 3))
    x = np.array([0.2, 0.5, -0.1])

    def mean(x, hard):
        y = GumbelSoftmaxOp.apply(x, noise, temperature=1.0, hard=hard, axis=-1)
        return ((y * v).sum(-1) ** 2).mean()

    def estimate(hard):
        leaf = Tensor(x, np.float64, requires_grad=True)
        return grad(mean(ops.broadcast_to(leaf, (n, 3)), hard), leaf)

    def slope(step):
        above, below = (mean(np.tile(x + s, (n, 1)), False).item() for s in (step, -step))
        return (above - below) / 2e-5

    np.testing.assert_allclose(estimate(False), [*map(slope, 1e-5 * np.eye(3))], rtol=1e-6)
    # Of draws, E f = Σ pᵢ vᵢ², whose gradient is exact; the estimate has another size.
    p = np.exp(x) / np.exp(x).sum()
    exact = p * (v**2 - (p * v**2).sum())
    biased = estimate(True)
    assert (np.sign(biased) == np.sign(exact)).all()
    assert np.abs(biased - exact).max() > 0.1 * np.abs(exact).max()


@pytest.mark.parametrize("wrong", [0, -1.0, np.nan, np.inf, None, "1", True, np.ones(2)], ids=repr)
def test_a_temperature_is_a_positive_number(wrong):
    with pytest.raises(ValueError, match="gumbel_softmax: temperature must be a finite number > 0"):
        gumbel_softmax([1.0, 2.0], wrong)


def test_what_else_is_refused():
    with pytest.raises(ValueError, match="hard must be True or False, got 1"):
        gumbel_softmax([1.0], hard=1)
    with pytest.raises(ValueError, match=r"rng: expected a np\.random\.Generator"):
        gumbel_softmax([1.0], rng=3)
    with pytest.raises(PositionError, match="gumbel_softmax: axis"):
        gumbel_softmax(1.0)
    with pytest.raises(TypeError, match="'tau': here it is temperature"):
        gumbel_softmax([1.0], tau=1.0)
