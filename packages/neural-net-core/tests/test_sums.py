"""Sums over several axes: as exact as float32 can be, whichever axes they run over."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import Tensor, grad, ops
from neural_net_core.sums import PART, sum_over

EPS = float(np.finfo(np.float32).eps)

LARGE = [
    ((64, 3, 32, 32), (0, 2, 3)),
    ((64, 3, 32, 32), (0, 1)),
    ((64, 3, 32, 32), (1, 2)),
    ((512, 8, 2, 2), (0, 2, 3)),
    ((4096, 5), 0),
    ((300_001, 2), 0),
    ((3, 100_000, 2), 1),
    ((2, 300, 300, 2), (1, 2)),
    ((5, 20_000), -1),
    ((5, 20_000), None),
]


def positive(shape):
    """Numbers of one sign, whose sum has a relative error that says something."""
    return np.random.default_rng(0).uniform(0.5, 1.5, shape).astype(np.float32)


def error(found, x, axis):
    """Return the largest relative error of a sum, in units of the last digit."""
    exact = x.astype(np.float64).sum(axis=axis, keepdims=True)
    assert found.dtype == x.dtype
    assert found.shape == exact.shape
    return float(np.max(np.abs(found - exact) / np.abs(exact))) / EPS


@pytest.mark.parametrize(("shape", "axis"), LARGE)
def test_many_numbers_are_added_up_to_the_last_digits(shape, axis):
    x = positive(shape)
    assert error(sum_over(x, axis), x, axis) <= 8


def test_a_running_sum_would_be_seen():
    x = positive((300_001, 2))
    assert error(np.add.reduce(x, axis=0, keepdims=True), x, 0) > 8


@pytest.mark.parametrize("order", [(0, 2, 3, 1), (3, 2, 1, 0), (1, 0, 2, 3)])
def test_the_order_in_memory_changes_no_digit_that_counts(order):
    back = np.argsort(order)
    x = np.ascontiguousarray(positive((64, 6, 30, 30)).transpose(order)).transpose(back)
    for axis in [(0, 2, 3), (2, 3), 3, 0, (1, 2, 3)]:
        assert error(sum_over(x, axis), x, axis) <= 8, axis


@given(st.data())
def test_any_axes_of_any_shape_give_numpys_sum(data):
    shape = data.draw(
        st.tuples(st.sampled_from([1, 3, PART, PART + 1, 2 * PART + 3]), st.integers(0, 5))
    )
    shape = data.draw(st.permutations([*shape, data.draw(st.integers(1, 3))]))
    axes = data.draw(st.one_of(st.none(), st.sets(st.integers(-3, -1)).map(tuple)))
    x = np.random.default_rng(0).normal(size=shape)
    np.testing.assert_allclose(
        sum_over(x, axes), x.sum(axis=axes, keepdims=True), rtol=1e-12, atol=1e-12
    )
    whole = np.arange(x.size).reshape(shape)
    np.testing.assert_array_equal(sum_over(whole, axes), whole.sum(axis=axes, keepdims=True))


def test_an_axis_that_is_not_there_raises_as_numpy_does():
    for x in (np.ones((2, 3)), np.ones((300, 300))):
        with pytest.raises(np.exceptions.AxisError, match="axis 2 is out of bounds"):
            sum_over(x, 2)


@pytest.mark.parametrize("op", [ops.sum, ops.mean, ops.var, ops.std, ops.norm])
def test_operations_over_the_first_axis_keep_their_digits(op):
    x = positive((300_001, 2))
    found = op(Tensor(x), 0).data
    exact = op(Tensor(x.astype(np.float64), np.float64), 0).data
    assert float(np.max(np.abs(found / exact - 1))) <= 8 * EPS


def test_the_gradient_of_what_was_repeated_keeps_its_digits():
    x = Tensor(positive((100_000, 3)))
    w = Tensor(np.ones(3, np.float32), requires_grad=True)
    (dw,) = grad((x * w).sum(), [w])
    assert error(dw[None], x.data, 0) <= 8


@pytest.mark.parametrize("count", [1, 2, 3, 7, 49, 64, PART, PART + 1])
@pytest.mark.parametrize("axes", [(-1,), (-2, -1)])
def test_few_numbers_side_by_side_keep_their_digits(count, axes):
    """Of positive numbers, in a running sum of eight or in pairs alike."""
    shape = (300, *(1,) * (len(axes) - 1), count)
    x = np.random.default_rng(0).random(shape).astype(np.float32)
    total = sum_over(x, axes)
    exact = x.astype(float).sum(axes, keepdims=True)
    assert total.shape == exact.shape
    assert total.dtype == np.float32
    np.testing.assert_allclose(total, exact, rtol=8 * np.finfo(np.float32).eps)


def test_no_axis_sums_nothing():
    x = np.random.default_rng(0).random((300, 4))
    np.testing.assert_array_equal(sum_over(x, ()), x)
