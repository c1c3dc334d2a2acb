"""Clipping of gradients."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neural_net_core import Dense, Parameter, Sequential, Tensor, TrainingError
from neural_net_optim import adaptive_clip_grad, clip_grad_norm, clip_grad_value, grad_norm


def with_gradients(*grads, dtype="float64"):
    params = []
    for g in grads:
        g = np.asarray(g, dtype)
        p = Parameter(np.zeros_like(g), dtype)
        p.grad = g.copy()
        params.append(p)
    return params


def test_norm_is_over_all_tensors_together():
    """Two tensors of norms 3 and 4 have norm 5, and both are scaled by one factor."""
    a, b, c = with_gradients([3.0, 0.0], [[4.0]], 0.0)
    skipped = Parameter([1.0])
    assert clip_grad_norm([a, b, c, skipped], 2.5) == 5.0
    np.testing.assert_allclose(a.grad, [1.5, 0.0], rtol=1e-6)
    np.testing.assert_allclose(b.grad, [[2.0]], rtol=1e-6)
    assert skipped.grad is None


def test_short_gradients_are_left_alone():
    """To the bit, and in place."""
    (a,) = with_gradients([3.0, 4.0])
    held = a.grad
    assert clip_grad_norm([a], 5.1) == 5.0
    assert a.grad is held
    assert held.tolist() == [3.0, 4.0]
    clip_grad_norm([a], 1.0)
    assert a.grad is held


@given(
    st.lists(st.lists(st.floats(-1e3, 1e3), max_size=6), min_size=1, max_size=5),
    st.floats(1e-3, 1e3),
    st.sampled_from([1.0, 2.0, 3.0, math.inf]),
)
@settings(max_examples=150, deadline=None)
def test_clipped_norm_is_the_smaller_of_both_and_the_direction_stays(grads, max_norm, order):
    """For any tensors, bounds and orders."""
    params = with_gradients(*grads)
    flat = np.concatenate([np.asarray(g, float) for g in grads])
    norm = clip_grad_norm(params, max_norm, order)
    expected = np.linalg.norm(flat, order) if flat.size else 0.0
    assert norm == pytest.approx(expected, rel=1e-12)
    after = np.concatenate([p.grad for p in params])
    assert grad_norm(params, order) <= max_norm * (1 + 1e-9)
    if norm:
        np.testing.assert_allclose(after, flat * min(1, max_norm / (norm + 1e-6)), rtol=1e-9)


def test_orders():
    """1, 3 and infinity."""
    params = with_gradients([1.0, -2.0], [2.0])
    assert grad_norm(params, 1.0) == pytest.approx(5.0)
    assert grad_norm(params, 3.0) == pytest.approx(17 ** (1 / 3))
    assert grad_norm(params, math.inf) == 2.0
    assert grad_norm(with_gradients([0.25, -0.5], [0.125]), math.inf) == 0.5
    assert grad_norm(params) == 3.0
    assert grad_norm([]) == 0.0
    assert grad_norm([Parameter([1.0])], math.inf) == 0.0


@pytest.mark.parametrize("scale", [1e-40, 1e-30, 1e-22, 1e20, 1e37])
def test_squares_that_overflow_or_vanish_do_no_harm(scale):
    """In float32 the square of 1e20 is infinite and that of 1e-30 is 0, but the norm is neither."""
    params = with_gradients([3.0 * scale], [4.0 * scale], dtype="float32")
    rel = 1e-6 if scale > 1e-35 else 1e-3
    assert grad_norm(params) == pytest.approx(5 * scale, rel=rel, abs=0)
    clip_grad_norm(params, 1.0)
    if scale > 1:
        assert params[0].grad[0] == pytest.approx(0.6, rel=1e-5)


def test_zero_gradients_have_norm_zero():
    """And are not divided by it."""
    (a,) = with_gradients([0.0, 0.0])
    assert clip_grad_norm([a], 1.0) == 0.0
    assert a.grad.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_error_on_request_if_not_finite(bad):
    """Naming the parameter, and before anything is changed."""
    a, b = with_gradients([3.0], [1.0, bad])
    b.name = "1.weight"
    with pytest.raises(TrainingError, match=r"the parameter '1\.weight' is not finite"):
        clip_grad_norm([a, b], 1.0, error_if_nonfinite=True)
    assert a.grad.tolist() == [3.0]
    b.name = None
    with pytest.raises(TrainingError, match="the parameter number 1 with a gradient is not"):
        clip_grad_norm([a, b], 1.0, error_if_nonfinite=True)
    assert clip_grad_norm([a], 1.0, error_if_nonfinite=True) == 3.0


def test_without_the_request_bad_gradients_spread_as_in_pytorch():
    """NaN makes all NaN; infinity makes the others 0."""
    a, b = with_gradients([3.0], [math.nan])
    assert math.isnan(clip_grad_norm([a, b], 1.0))
    assert np.isnan(a.grad).all()
    a, b = with_gradients([3.0], [math.inf])
    assert clip_grad_norm([a, b], 1.0) == math.inf
    assert a.grad.tolist() == [0.0]
    assert np.isnan(b.grad).all()


def test_one_array_for_two_parameters_is_scaled_once():
    """Somebody may assign the same gradient to both."""
    a, b = Parameter([0.0]), Parameter([0.0])
    a.grad = b.grad = np.array([4.0], np.float32)
    norm = clip_grad_norm([a, b], 1.0)
    assert norm == pytest.approx(4.0)
    assert a.grad[0] == pytest.approx(1.0)


def test_gradients_that_may_not_be_written_are_replaced():
    """A broadcast array is read-only."""
    for clip in (
        lambda p: clip_grad_norm(p, 1.0),
        lambda p: clip_grad_value(p, 0.5),
        lambda p: adaptive_clip_grad(p, 0.5, eps=1.0),
    ):
        p = Parameter(np.zeros(4), "float64")
        p.grad = np.broadcast_to(np.float64(2.0), 4)
        clip([p])
        np.testing.assert_allclose(p.grad, np.full(4, p.grad[0]))
        assert p.grad[0] < 0.51
    for value, expected in ((-2.0, -0.5), (0.25, 0.25)):
        p.grad = np.broadcast_to(np.float64(value), 4)
        clip_grad_value([p], 0.5)
        assert p.grad.tolist() == [expected] * 4


def test_takes_models_single_parameters_and_iterators():
    """All ways to say which parameters."""
    model = Sequential(Dense(2, 3))
    for p in model.parameters():
        p.grad = np.ones_like(p.data)
    assert grad_norm(model) == 3.0
    assert grad_norm(iter(model.parameters())) == 3.0
    assert grad_norm(model[0].bias) == pytest.approx(math.sqrt(3))
    with pytest.raises(TypeError, match="grad_norm: expected Parameters, got a Tensor"):
        grad_norm([Tensor([1.0])])


def test_value_limits_every_number():
    """Both signs; short ones stay."""
    a, b = with_gradients([3.0, -4.0], [[0.5]])
    held = a.grad
    clip_grad_value([a, b], 1.0)
    assert a.grad is held
    assert a.grad.tolist() == [1.0, -1.0]
    assert b.grad.tolist() == [[0.5]]


def test_adaptive_by_hand():
    """Each row by itself against its own weights; a vector as a whole."""
    p = Parameter([[3.0, 4.0], [6.0, 8.0], [0.0, 0.0]], "float64")
    bias = Parameter([1.0, 0.0], "float64")
    p.grad = np.array([[0.0, 10.0], [0.0, 4.0], [0.0, 1.0]])
    bias.grad = np.array([3.0, 4.0])
    adaptive_clip_grad([p, bias], clip_factor=0.5, eps=0.25)
    np.testing.assert_allclose(p.grad, [[0.0, 2.5], [0.0, 4.0], [0.0, 0.125]])
    np.testing.assert_allclose(bias.grad, [0.3, 0.4])


def test_adaptive_leaves_gradients_of_zero_alone():
    """Also where nothing else would be left: 0 is not divided by 0."""
    p = Parameter([[3.0, 4.0], [6.0, 8.0]], "float64")
    p.grad = np.array([[0.0, 0.0], [0.0, 4.0]])
    adaptive_clip_grad([p], clip_factor=0.0)
    assert p.grad.tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_adaptive_is_the_papers_rule_for_filters():
    """Equation 3, with a filter's three axes as one unit; the defaults are the paper's."""
    rng = np.random.default_rng(0)
    # The last filter's weights are so small that ε takes their place.
    sizes = np.array([1.0, 1.0, 1.0, 1e-6]).reshape(4, 1, 1, 1)
    p = Parameter(rng.standard_normal((4, 2, 3, 3)) * sizes, "float64")
    g = rng.standard_normal(p.shape) * np.array([1.0, 0.001, 10.0, 1.0]).reshape(4, 1, 1, 1)
    p.grad = g.copy()
    adaptive_clip_grad(p)
    for i in range(4):
        bound = 0.01 * max(np.linalg.norm(p.data[i]), 1e-3)
        length = np.linalg.norm(g[i])
        expected = g[i] * (bound / length) if length > bound else g[i]
        np.testing.assert_allclose(p.grad[i], expected, rtol=1e-12)


def test_float32_stays_float32():
    for clip in (
        lambda p: clip_grad_norm(p, np.float64(0.5)),
        lambda p: clip_grad_value(p, np.float64(0.5)),
        lambda p: adaptive_clip_grad(p),
    ):
        (p,) = with_gradients([[3.0, 4.0]], dtype="float32")
        clip([p])
        assert p.grad.dtype == np.float32


@pytest.mark.parametrize(
    ("clip", "message"),
    [
        (lambda: clip_grad_norm([], -1.0), "clip_grad_norm: max_norm must be a finite number >= 0"),
        (lambda: clip_grad_norm([], 1.0, 0.0), "norm_type must be a number > 0 or infinity, got 0"),
        (lambda: clip_grad_norm([], 1.0, -math.inf), "norm_type must be"),
        (lambda: grad_norm([], -1.0), "grad_norm: norm_type must be"),
        (lambda: clip_grad_value([], -1.0), "clip_grad_value: clip_value must be a finite"),
        (lambda: adaptive_clip_grad([], -1.0), "adaptive_clip_grad: clip_factor must be a finite"),
        (lambda: adaptive_clip_grad([], 1.0, -1.0), "adaptive_clip_grad: eps must be"),
    ],
)
def test_refuses(clip, message):
    with pytest.raises(ValueError, match=message):
        clip()


@pytest.mark.parametrize(
    "clip",
    [
        grad_norm,
        lambda params: clip_grad_norm(params, 1.0),
        lambda params: clip_grad_value(params, 1.0),
        adaptive_clip_grad,
    ],
)
def test_what_a_mask_hides_is_not_counted_but_refused(clip):
    a, b = Parameter([1.0, 1.0], name="a"), Parameter([1.0, 1.0], name="b")
    a.grad = np.array([30.0, 40.0], np.float32)
    b.grad = np.ma.array([3.0, 4.0], np.float32, mask=[True, False])
    with pytest.raises(TypeError, match=r"gradient of parameter 'b' to be .*, got a MaskedArray"):
        clip([a, b])
    np.testing.assert_array_equal(a.grad, [30, 40])


def test_a_gradient_that_is_a_subclass_counts_as_the_values_that_it_holds(recwarn):
    a, b = Parameter([[3.0, 4.0]]), Parameter([[3.0, 4.0]])
    a.grad = np.array([[30.0, 40.0]], np.float32)
    b.grad = np.asmatrix(a.grad.copy())
    adaptive_clip_grad([a], 0.1)
    adaptive_clip_grad([b], 0.1)
    np.testing.assert_array_equal(np.asarray(b.grad), a.grad)
