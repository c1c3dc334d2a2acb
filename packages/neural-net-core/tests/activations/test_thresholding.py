"""Threshold, hard shrinkage and soft shrinkage."""

import math

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import (
    Hardshrink,
    Softshrink,
    Tensor,
    Threshold,
    hardshrink,
    relu,
    softshrink,
    threshold,
)

FLOATS = hnp.arrays(np.float64, 20, elements=st.floats(-4, 4))


def run(fn, points):
    x = Tensor(points, np.float64, requires_grad=True)
    y = fn(x)
    y.backward(np.ones_like(y.data))
    return y.data, x.grad


def test_values_and_slopes_on_both_sides_of_the_kinks_and_at_them():
    points = [-2.0, -0.75, -0.5, 0.0, 0.5, 0.75, 2.0]
    passes = [1, 1, 0, 0, 0, 1, 1]
    y, dx = run(lambda x: softshrink(x, 0.5), points)
    np.testing.assert_array_equal(y, [-1.5, -0.25, 0, 0, 0, 0.25, 1.5])
    np.testing.assert_array_equal(dx, passes)
    y, dx = run(lambda x: hardshrink(x, 0.5), points)
    np.testing.assert_array_equal(y, [-2, -0.75, 0, 0, 0, 0.75, 2])
    np.testing.assert_array_equal(dx, passes)
    y, dx = run(lambda x: threshold(x, 0.5, -9.0), points)
    np.testing.assert_array_equal(y, [-9, -9, -9, -9, -9, 0.75, 2])
    np.testing.assert_array_equal(dx, [0, 0, 0, 0, 0, 1, 1])


@pytest.mark.parametrize("fn", [hardshrink, softshrink, lambda x: threshold(x, 0.5, 7.0)])
def test_what_is_infinite_passes_and_nan_stays_and_lets_the_gradient_pass(fn):
    y, dx = run(fn, [math.inf, math.nan])
    assert y[0] == math.inf
    assert math.isnan(y[1])
    np.testing.assert_array_equal(dx, 1)


@given(FLOATS, st.floats(0, 3))
def test_soft_shrinkage_is_the_step_of_an_l1_penalty(x, lambd):
    """Its output costs no more than any other number near it: ½ (y − x)² + λ |y|."""

    def cost(y):
        return (y - x) ** 2 / 2 + lambd * np.abs(y)

    y = softshrink(Tensor(x, np.float64), lambd).data
    for other in (y + 1e-3, y - 1e-3, 0, x):
        assert (cost(y) <= cost(other) + 1e-12).all()


@given(FLOATS, st.floats(0, 3))
def test_hard_shrinkage_keeps_or_drops_where_soft_shrinkage_does(x, lambd):
    soft = softshrink(Tensor(x, np.float64), lambd).data
    hard = hardshrink(Tensor(x, np.float64), lambd).data
    np.testing.assert_array_equal(hard, np.where(soft != 0, x, 0))


@given(FLOATS)
def test_at_zero_they_are_what_one_expects(x):
    tensor = Tensor(x, np.float64)
    np.testing.assert_array_equal(threshold(tensor, 0.0, 0.0).data, relu(tensor).data)
    np.testing.assert_array_equal(softshrink(tensor, 0.0).data, x)
    np.testing.assert_array_equal(hardshrink(tensor, 0.0).data, x)
    np.testing.assert_array_equal(threshold(tensor, -math.inf, 1.0).data, x)
    np.testing.assert_array_equal(threshold(tensor, math.inf, 1.0).data, 1)


def test_settings():
    assert repr(Threshold(1, 2)) == "Threshold(threshold=1, value=2)"
    assert repr(Hardshrink()) == "Hardshrink(lambd=0.5)"
    assert repr(Softshrink(2)) == "Softshrink(lambd=2)"
    for fn, module in ((hardshrink, Hardshrink), (softshrink, Softshrink)):
        for wrong in (-0.1, math.inf, None):
            with pytest.raises(ValueError, match=f"{fn.__name__}: lambd must be a finite number >"):
                fn([1.0], wrong)
            with pytest.raises(ValueError, match=f"{module.__name__}: lambd must be a finite"):
                module(wrong)
    with pytest.raises(ValueError, match="threshold: value must be a finite number, got inf"):
        threshold([1.0], 0.0, math.inf)
    with pytest.raises(ValueError, match="Threshold: threshold must be a number, got None"):
        Threshold(None, 0.0)
