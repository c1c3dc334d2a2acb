"""Softmax and its relatives: stable at the extremes, right at the edges."""

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import Tensor, grad, ops

SCORES = hnp.arrays(
    np.float32,
    hnp.array_shapes(max_dims=3, max_side=5),
    elements=st.floats(-1e4, 1e4, width=32),
)


@given(x=SCORES, data=st.data())
def test_probabilities_add_up_to_one_at_any_scale(x, data):
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    y = ops.softmax(x, axis).data
    assert (y >= 0).all()
    np.testing.assert_allclose(y.sum(axis=axis), 1, rtol=1e-6)
    np.testing.assert_allclose(np.exp(ops.log_softmax(x, axis).data), y, rtol=1e-3, atol=1e-7)


@given(x=SCORES, shift=st.floats(-1e3, 1e3, width=16))
def test_a_common_shift_of_the_scores_changes_nothing(x, shift):
    x = np.round(x)  # so that the shift itself rounds nothing away
    shift = np.float32(round(shift))
    np.testing.assert_allclose(ops.softmax(x + shift).data, ops.softmax(x).data, rtol=1e-5)


@given(x=SCORES, data=st.data())
def test_logsumexp_lies_between_the_maximum_and_the_maximum_plus_log_n(x, data):
    axis = data.draw(st.none() | st.integers(-x.ndim, x.ndim - 1))
    y = ops.logsumexp(x, axis).data
    top = x.max(axis=axis)
    n = x.size / top.size
    assert (y >= top).all()
    assert (y <= top + np.log(n) + 1e-6 * np.abs(top) + 1e-6).all()


def test_all_gradients_are_finite_at_the_extremes():
    for fn in (ops.softmax, ops.log_softmax, ops.logsumexp):
        x = Tensor([-1e4, 0.0, 1e4, 1e4], requires_grad=True)
        y = fn(x)
        assert np.isfinite(y.data).all()
        assert np.isfinite(grad(y, x, np.arange(y.size, dtype=float).reshape(y.shape))).all()


def test_log_softmax_is_exact_where_softmax_rounds_to_zero():
    assert ops.softmax([0.0, 200.0]).data[0] == 0
    assert ops.log_softmax([0.0, 200.0]).data[0] == -200


def test_a_score_of_minus_infinity_has_no_probability_and_no_gradient():
    x = Tensor([0.0, -np.inf, 0.0], requires_grad=True)
    y = ops.softmax(x)
    assert y.data.tolist() == [0.5, 0, 0.5]
    assert grad(y, x, [1.0, 2.0, 3.0]).tolist() == [-0.5, 0, 0.5]


def test_logsumexp_of_nothing_is_minus_infinity_with_the_gradient_zero():
    x = Tensor([[-np.inf, -np.inf], [0.0, -np.inf]], requires_grad=True)
    y = ops.logsumexp(x, 1)
    assert y.data.tolist() == [-np.inf, 0]
    assert grad(y.sum(), x).tolist() == [[0, 0], [1, 0]]
    assert ops.logsumexp(np.zeros((2, 0)), 1).data.tolist() == [-np.inf, -np.inf]


def test_arrays_without_elements():
    for fn in (ops.softmax, ops.log_softmax):
        assert fn(np.zeros((3, 0))).shape == (3, 0)
        assert fn(np.zeros((0, 3)), 0).shape == (0, 3)


def test_integers_become_float32():
    for fn in (ops.softmax, ops.log_softmax, ops.logsumexp):
        assert fn([1, 2]).dtype == np.float32


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", [None, 0, (0, 2)])
def test_logsumexp_over_axes(axis, keepdims):
    x = np.random.default_rng(0).normal(size=(2, 3, 4))
    expected = np.log(np.exp(x).sum(axis=axis, keepdims=keepdims))
    y = ops.logsumexp(Tensor(x, np.float64), axis, keepdims=keepdims)
    np.testing.assert_allclose(y.data, expected, rtol=1e-12)


NUMBERS = hnp.arrays(
    st.sampled_from([np.float32, np.float64]),
    3,
    elements=st.floats(-1e4, 1e4, width=32) | st.just(-np.inf),
)


@given(a=NUMBERS, b=NUMBERS)
def test_logaddexp_is_logsumexp_of_two(a, b):
    dtype = np.result_type(a, b)
    x = [Tensor(v, dtype, requires_grad=True) for v in (a, b)]
    dy = np.array([1.0, -2.0, 0.5])
    y = ops.logaddexp(*x)
    whole = ops.logsumexp(ops.stack(x), 0)
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(y.data, whole.data, 4 * eps, 4 * eps)
    # logsumexp's shares are those of numbers less the largest, which is exact enough.
    for found, wanted in zip(grad(y, x, dy), grad(whole, x, dy), strict=True):
        np.testing.assert_allclose(found, wanted, 8 * eps, 1e-30)
    assert y.dtype == dtype


def test_logaddexp_at_the_extremes():
    x = Tensor([0.0, -np.inf, -np.inf, np.nan], requires_grad=True)
    y = ops.logaddexp(x, [-np.inf, 3.0, -np.inf, 0.0])
    np.testing.assert_array_equal(y.data, np.array([0, 3, -np.inf, np.nan], np.float32))
    np.testing.assert_array_equal(grad(y.sum(), x), np.array([1, 0, 0, np.nan], np.float32))
    assert ops.logaddexp(1, [1, 2]).dtype == np.float32
