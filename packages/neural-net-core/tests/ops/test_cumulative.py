"""Running sums, products, and logarithms of sums."""

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import Tensor, grad, ops


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_values_are_numpys_and_the_first_element_counts_most(axis):
    array = np.random.default_rng(0).normal(size=(3, 4))
    x = Tensor(array, np.float64, requires_grad=True)
    y = ops.cumsum(x, axis)
    np.testing.assert_allclose(y.data, np.cumsum(array, axis), rtol=1e-12)
    counts = np.moveaxis(grad(y.sum(), x), axis, -1)[0]
    assert counts.tolist() == list(range(array.shape[axis], 0, -1))


def test_a_single_number_and_no_numbers():
    for fn in FUNCTIONS:
        assert fn(2.0, 0).shape == ()
        assert fn(2.0, 0).item() == 2
        assert fn(np.zeros((0, 2)), 0).shape == (0, 2)


ARRAYS = hnp.arrays(
    st.sampled_from([np.float32, np.float64]),
    hnp.array_shapes(max_dims=3, min_side=0, max_side=5),
    elements=st.floats(-2, 2, width=32),
)
FUNCTIONS = [ops.cumsum, ops.cumprod, ops.logcumsumexp]


@given(x=ARRAYS, data=st.data())
def test_each_result_is_the_reduction_of_all_elements_up_to_there(x, data):
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    for running, whole in zip(FUNCTIONS, [ops.sum, ops.prod, ops.logsumexp], strict=True):
        y = running(Tensor(x, x.dtype), axis)
        assert (y.dtype, y.shape) == (x.dtype, x.shape)
        for t in range(x.shape[axis]):
            upto = np.take(x, range(t + 1), axis)
            wanted = whole(Tensor(upto, x.dtype), axis).data
            tolerance = 8 * np.finfo(x.dtype).eps
            np.testing.assert_allclose(np.take(y.data, t, axis), wanted, tolerance, 4 * tolerance)


@given(x=ARRAYS, data=st.data())
def test_the_gradient_is_that_of_the_reductions_one_by_one(x, data):
    """Σ, Π and ln Σ have gradients of their own, written otherwise, which these must add up to."""
    x = x.astype(np.float64)
    if data.draw(st.booleans()):  # several zeros, in all places
        x = np.round(x)
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    dy = np.random.default_rng(0).normal(size=x.shape)
    for running, whole in zip(FUNCTIONS, [ops.sum, ops.prod, ops.logsumexp], strict=True):
        leaf = Tensor(x, np.float64, requires_grad=True)
        found = grad(running(leaf, axis), leaf, dy)
        wanted = np.zeros_like(x)
        for t in range(x.shape[axis]):
            upto = [slice(None)] * x.ndim
            upto[axis] = slice(0, t + 1)
            y = whole(leaf[tuple(upto)], axis)
            wanted += grad(y, leaf, np.take(dy, t, axis))
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)


def test_products_that_are_too_small_or_too_large_keep_the_gradient_of_what_is_not():
    """A quotient y / x would be 0 here in the first, infinite in the second."""
    x = Tensor([1e-30, 1e-30], requires_grad=True)
    np.testing.assert_allclose(grad(ops.cumprod(x, 0), x, np.array([0, 1])), [1e-30, 1e-30])
    with np.errstate(over="ignore"):
        x = Tensor([1e30, 1e30], requires_grad=True)
        y = ops.cumprod(x, 0)
    assert y.data[1] == np.inf
    np.testing.assert_allclose(grad(y, x, np.array([0, 1])), [1e30, 1e30], rtol=1e-6)


def test_zeros_pass_on_what_reaches_them_and_nothing_beyond():
    x = Tensor([2.0, 0.0, 3.0, 0.0, 5.0], requires_grad=True)
    y = ops.cumprod(x, 0)
    assert y.data.tolist() == [2, 0, 0, 0, 0]
    # 2 + 2·0 + 2·0·3 + …: of the first zero 2 + 2·3, behind it every product holds a zero.
    assert grad(y.sum(), x).tolist() == [1, 8, 0, 0, 0]


def test_integers_are_multiplied_as_integers():
    assert ops.cumprod(np.array([2, 3, 4]), 0).data.tolist() == [2, 6, 24]
    assert ops.cumprod(np.array([2, 3, 4]), 0).dtype.kind == "i"
    assert ops.logcumsumexp([0, 0], 0).dtype == np.float32


def test_logarithms_of_sums_at_the_extremes():
    x = Tensor([-1e4, 0.0, 1e4, 1e4, -1e4], requires_grad=True)
    y = ops.logcumsumexp(x, 0)
    np.testing.assert_allclose(y.data, [-1e4, 0, 1e4, 1e4 + np.log(2), 1e4 + np.log(2)], rtol=1e-6)
    dx = grad(y, x, np.array([1.0, 1, 1, 1, 1]))
    np.testing.assert_allclose(dx, [1, 1, 2, 1, 0], atol=1e-3)


def test_nothing_but_minus_infinity_has_no_share():
    x = Tensor([-np.inf, -np.inf, 0.0, -np.inf, 0.0], requires_grad=True)
    y = ops.logcumsumexp(x, 0)
    np.testing.assert_allclose(y.data, [-np.inf, -np.inf, 0, 0, np.log(2)], rtol=1e-6)
    np.testing.assert_allclose(grad(y, x, np.ones(5)), [0, 0, 2.5, 0, 0.5])


def test_the_gradient_of_a_sum_of_shares_is_the_number_of_results():
    """Adding 1 to all x adds 1 to all y."""
    x = Tensor(np.random.default_rng(0).normal(size=(3, 50)) * 30, requires_grad=True)
    dy = np.random.default_rng(1).normal(size=(3, 50))
    dx = grad(ops.logcumsumexp(x, 1), x, dy)
    np.testing.assert_allclose(dx.sum(1), dy.sum(1), rtol=1e-4)


@pytest.mark.parametrize("fn", FUNCTIONS)
def test_nan_stays_from_where_it_is(fn):
    y = fn(np.array([1.0, np.nan, 1.0]), 0).data
    assert np.isnan(y).tolist() == [False, True, True]
