"""Focal losses, of yes-or-no targets and of classes."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import (
    FocalLoss,
    SigmoidFocalLoss,
    Tensor,
    binary_cross_entropy_with_logits,
    cross_entropy,
    focal_loss,
    sigmoid_focal_loss,
)

Long = np.longdouble
rng = np.random.default_rng(0)
X = 2 * rng.normal(size=(6, 4))
YES = rng.integers(0, 2, (6, 4))
LABELS = np.array([3, 0, 2, -100, 3, 1])
WEIGHT = np.array([0.5, 2.0, 1.0, 0.25])
GAMMAS = st.sampled_from([0.0, 0.3, 0.5, 1.0, 2.0, 5.0])


def run(fn, x, *targets, dtype=np.float64, **options):
    leaf = Tensor(x, dtype, requires_grad=True)
    y = fn(leaf, *targets, **options)
    y.backward(np.ones_like(y.data))
    return y.data, leaf.grad


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("alpha", [None, 0.25, 1.0])
def test_values_of_yes_or_no_targets(alpha, gamma):
    each = []
    for x, t in zip(X.flat, YES.flat, strict=True):
        p = 1 / (1 + math.exp(-x))
        p_t = p if t else 1 - p
        alpha_t = 1 if alpha is None else (alpha if t else 1 - alpha)
        each.append(-alpha_t * (1 - p_t) ** gamma * math.log(p_t))
    y, _ = run(sigmoid_focal_loss, X, YES, alpha=alpha, gamma=gamma, reduction="none")
    np.testing.assert_allclose(y.reshape(-1), each, rtol=1e-12)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_values_of_classes(weight, gamma):
    p = np.exp(X) / np.exp(X).sum(axis=1, keepdims=True)
    w = np.ones(4) if weight is None else weight
    each, total = [], 0.0
    for row, t in zip(p, LABELS, strict=True):
        counts = t != -100
        each.append(-w[t] * (1 - row[t]) ** gamma * math.log(row[t]) if counts else 0.0)
        total += w[t] if counts else 0.0
    options = {"weight": weight, "gamma": gamma}
    y, dx = run(focal_loss, X, LABELS, **options, reduction="none")
    np.testing.assert_allclose(y, each, rtol=1e-12)
    assert not dx[3].any()
    assert focal_loss(Tensor(X, np.float64), LABELS, **options).item() == pytest.approx(
        sum(each) / total, rel=1e-12
    )


@given(st.integers(0, 2**32 - 1), st.sampled_from(["mean", "sum", "none"]), st.booleans())
def test_gamma_0_is_the_cross_entropy(seed, reduction, weighted):
    rng = np.random.default_rng(seed)
    x, t = 5 * rng.normal(size=(7, 4)), rng.choice([-100, 0, 1, 2, 3], 7)
    options = {"weight": WEIGHT if weighted else None, "reduction": reduction}
    for found, expected in zip(
        run(focal_loss, x, t, gamma=0, **options),
        run(cross_entropy, x, t, **options),
        strict=True,
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-300)
    yes = rng.integers(0, 2, (7, 4))
    for found, expected in zip(
        run(sigmoid_focal_loss, x, yes, gamma=0, alpha=None, reduction=reduction),
        run(binary_cross_entropy_with_logits, x, yes, reduction=reduction),
        strict=True,
    ):
        # The other's "probability minus target" loses digits where the two are nearly equal.
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)


@given(st.floats(-40, 40), GAMMAS)
def test_of_two_classes_it_is_that_of_yes_or_no(x, gamma):
    y, dx = run(focal_loss, [[0.0, x]], [1], gamma=gamma)
    z, dz = run(sigmoid_focal_loss, [x], [1], gamma=gamma, alpha=None)
    np.testing.assert_allclose(y, z, rtol=1e-11, atol=1e-300)
    np.testing.assert_allclose(dx, [[-dz[0], dz[0]]], rtol=1e-10, atol=1e-300)


@given(st.integers(0, 2**32 - 1), GAMMAS)
def test_what_is_easy_counts_little(seed, gamma):
    """Never more than in the cross-entropy, and the less the larger gamma is."""
    rng = np.random.default_rng(seed)
    x, t = 3 * rng.normal(size=(20, 4)), rng.integers(0, 4, 20)
    y, _ = run(focal_loss, x, t, gamma=gamma, reduction="none")
    z, _ = run(focal_loss, x, t, gamma=gamma + 1, reduction="none")
    assert (z <= y).all()
    assert (y <= run(cross_entropy, x, t, reduction="none")[0] * (1 + 1e-12)).all()


def exact_slope(z, gamma):
    """The derivative by the signed logit, in extended precision."""
    z = np.asarray(z, Long)
    e = np.exp(-np.abs(z))
    p, q = np.where(z > 0, 1, e) / (1 + e), np.where(z > 0, e, 1) / (1 + e)
    minus_log_p = np.maximum(-z, 0) + np.log1p(e)
    return -(q**gamma) * (q + gamma * p * minus_log_p)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_gradient_keeps_its_digits_where_the_logits_are_saturated(dtype, gamma):
    """No term cancels, nothing overflows, and no power of a tiny 1 − p is divided by it."""
    z = np.array([-80.0, -30.0, -9.0, -1.0, 0.0, 1.0, 9.0, 25.0, 40.0], dtype)
    expected = exact_slope(z, gamma).astype(np.float64)
    rtol = 40 * np.finfo(dtype).eps
    ones = np.ones(len(z), int)
    options = {"gamma": gamma, "dtype": dtype, "reduction": "none"}
    for t, sign in ((ones, 1), (0 * ones, -1)):
        _, dx = run(sigmoid_focal_loss, sign * z, t, alpha=None, **options)
        np.testing.assert_allclose(dx, sign * expected, rtol=rtol, atol=np.finfo(dtype).tiny)
    _, dx = run(focal_loss, np.stack([0 * z, z], axis=1), ones, **options)
    np.testing.assert_allclose(dx[:, 1], expected, rtol=rtol, atol=np.finfo(dtype).tiny)
    np.testing.assert_allclose(dx[:, 0], -expected, rtol=rtol, atol=np.finfo(dtype).tiny)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_certain_logits(gamma):
    """On the right side nothing is left to pay or to change, on the wrong side infinitely much."""
    inf = math.inf
    y, dx = run(
        sigmoid_focal_loss, [inf, -inf, inf, -inf], [1, 0, 0, 1], gamma=gamma, reduction="none"
    )
    assert y.tolist() == [0, 0, inf, inf]
    np.testing.assert_allclose(dx, [0, 0, 0.75, -0.25], atol=1e-300)
    y, dx = run(focal_loss, [[0.0, -inf], [-1e4, 0.0]], [0, 0], gamma=gamma, reduction="none")
    assert y.tolist() == [0, 1e4]
    np.testing.assert_allclose(dx, [[0, 0], [-1, 1]], atol=1e-15)


def test_errors():
    with pytest.raises(ValueError, match=r"sigmoid_focal_loss: expected targets 0 or 1, got 0\.5"):
        sigmoid_focal_loss([1.0, 2.0], [1.0, 0.5])
    with pytest.raises(ValueError, match="sigmoid_focal_loss: alpha must be a number from 0"):
        sigmoid_focal_loss([1.0], [1], alpha=-1)
    with pytest.raises(ValueError, match="SigmoidFocalLoss: gamma must be a finite number >= 0"):
        SigmoidFocalLoss(gamma=-0.5)
    with pytest.raises(ValueError, match="FocalLoss: gamma must be a finite number >= 0"):
        FocalLoss(gamma=math.inf)
    with pytest.raises(IndexError, match="focal_loss: class index 4 is out of range for 4 classes"):
        focal_loss(X, [0, 1, 2, 3, 4, 0])
    assert repr(FocalLoss(1.0, WEIGHT)) == (
        "FocalLoss(reduction='mean', gamma=1.0, weight=(4,), ignore_index=-100)"
    )
