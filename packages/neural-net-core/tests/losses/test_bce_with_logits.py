"""Binary cross-entropy of logits."""

import contextlib
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import (
    BCEWithLogitsLoss,
    ShapeError,
    Tensor,
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    logsigmoid,
    sigmoid,
    textbook,
)

X = np.linspace(-6, 6, 49)
T = np.linspace(0, 1, 49)


def test_it_equals_the_sigmoid_followed_by_the_loss_of_probabilities():
    x, z, t, s = (Tensor(v, np.float64, requires_grad=True) for v in (X, X, T, T))
    y = binary_cross_entropy_with_logits(x, t)
    w = binary_cross_entropy(sigmoid(z), s)
    y.backward()
    w.backward()
    np.testing.assert_allclose(y.data, w.data, rtol=1e-14)
    np.testing.assert_allclose(x.grad, z.grad, rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(t.grad, s.grad, rtol=1e-10, atol=1e-14)


def test_weights_equal_their_composition():
    rng = np.random.default_rng(0)
    data, target = rng.normal(size=(5, 3)), rng.uniform(size=(5, 3))
    weight, pos_weight = rng.uniform(size=(5, 1)), rng.uniform(0.5, 3, 3)
    results = []
    for fused in (True, False):
        x, t = (Tensor(v, np.float64, requires_grad=True) for v in (data, target))
        if fused:
            y = binary_cross_entropy_with_logits(x, t, weight=weight, pos_weight=pos_weight)
        else:
            y = (pos_weight * t * logsigmoid(x) + (1 - t) * logsigmoid(-x)) * -weight
            y = y.mean()
        y.backward()
        results.append((y.data, x.grad, t.grad))
    for ours, composed in zip(*results, strict=True):
        np.testing.assert_allclose(ours, composed, rtol=1e-12, atol=1e-15)


def test_stable_at_any_logit_and_tiny_losses_keep_their_digits():
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        x = Tensor([-1e4, 1e4, -1e4, 1e4, -50.0, 50.0], requires_grad=True)
        y = binary_cross_entropy_with_logits(x, [1, 0, 0, 1, 0, 1], reduction="none")
        y.sum().backward()
    tiny = math.exp(-50)
    np.testing.assert_allclose(y.data, [1e4, 1e4, 0, 0, tiny, tiny], rtol=1e-6)
    np.testing.assert_allclose(x.grad, [-1, 1, 0, 0, 0, 0], atol=1e-7)


def test_tiny_losses_keep_their_digits_under_a_positive_weight():
    y = binary_cross_entropy_with_logits([50.0, -50.0], [1, 0], pos_weight=3.3, reduction="none")
    np.testing.assert_allclose(y.data, [3.3 * math.exp(-50), math.exp(-50)], rtol=1e-6)


def test_pos_weight_counts_positives_that_many_times():
    module = BCEWithLogitsLoss(pos_weight=3.0, reduction="none")
    np.testing.assert_allclose(module([0.0, 0.0], [1, 0]).data, np.log(2) * np.array([3, 1]))


def test_a_weight_that_does_not_fit():
    with pytest.raises(ShapeError, match=r"broadcasts to \(2,\), got \(3,\)"):
        binary_cross_entropy_with_logits([0.0, 0.0], [1, 0], pos_weight=np.ones(3))


def test_one_undefined_loss_leaves_those_of_infinite_logits_alone():
    x = [-np.inf, np.nan, np.inf, -np.inf]
    losses = binary_cross_entropy_with_logits(x, [0, 1, 1, 1], reduction="none").data
    np.testing.assert_array_equal(losses, [0, np.nan, 0, np.inf])


def loss_and_gradient(x, t, u, dtype):
    """Return them for one logit, as Python numbers."""
    leaf = Tensor([x], dtype, requires_grad=True)
    weight = None if u is None else np.array([u], dtype)
    y = binary_cross_entropy_with_logits(leaf, np.array([t], dtype), pos_weight=weight)
    y.backward()
    return y.item(), leaf.grad.item()


float32 = {"width": 32, "allow_subnormal": False}
logits = st.floats(-100, 100, **float32)
positive_weights = st.none() | st.floats(0.125, 128, **float32)


@pytest.mark.parametrize("form", [contextlib.nullcontext, textbook])
@given(x=logits, t=st.sampled_from([0.0, 1.0]), u=positive_weights)
def test_loss_and_gradient_keep_their_digits_however_sure_a_logit_is(form, x, t, u):
    with form():
        found = loss_and_gradient(x, t, u, np.float32)
    for value, truth in zip(found, loss_and_gradient(x, t, u, np.float64), strict=True):
        # Below 1e-36 float32 runs out of digits.
        assert math.isclose(value, truth, rel_tol=5 * 2**-23, abs_tol=1e-36)


@pytest.mark.parametrize("form", [contextlib.nullcontext, textbook])
@given(x=logits, t=st.floats(0, 1, **float32), u=positive_weights)
def test_the_loss_of_a_target_between_keeps_its_digits_and_its_gradient_those_of_its_parts(
    form, x, t, u
):
    with form():
        loss, gradient = loss_and_gradient(x, t, u, np.float32)
    true_loss, true_gradient = loss_and_gradient(x, t, u, np.float64)
    assert math.isclose(loss, true_loss, rel_tol=5 * 2**-23, abs_tol=1e-36)
    parts = (1 - t) / (1 + math.exp(-x)) + (1 if u is None else u) * t / (1 + math.exp(x))
    assert abs(gradient - true_gradient) <= 5 * 2**-23 * parts + 1e-36
