"""erf against `math.erf` on dense grids: near zero, through the middle, and in the tails."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core.erf import erf

GRID = np.concatenate(
    [
        np.linspace(-7, 7, 140_001),
        np.linspace(-1e-3, 1e-3, 2_001),
        np.logspace(-307, 2, 5_000),
        -np.logspace(-307, 2, 5_000),
    ]
)


def exact(x):
    return np.array([math.erf(v) for v in x.astype(np.float64).tolist()])


def test_float64_to_1e_15_and_near_zero_relative_to_its_own_size():
    y = erf(GRID)
    expected = exact(GRID)
    assert y.dtype == np.float64
    assert np.abs(y - expected).max() < 1e-15
    normal = np.abs(expected) > 1e-300
    assert (np.abs(y - expected)[normal] / np.abs(expected)[normal]).max() < 1e-15


def test_float32_to_1e_7_and_near_zero_relative_to_its_own_size():
    x = GRID[np.abs(GRID) > 1e-37].astype(np.float32)
    y = erf(x)
    expected = exact(x)
    assert y.dtype == np.float32
    assert np.abs(y - expected).max() < 1e-7
    assert (np.abs(y - expected) / np.abs(expected)).max() < 2.5e-7


def test_there_is_no_jump_at_zero():
    # A formula for |x| alone, such as Abramowitz & Stegun 7.1.26, is 1e-9 off at zero itself.
    assert erf(np.zeros(1)) == 0
    h = 1e-9
    slope = (erf(np.array([h])) - erf(np.array([-h]))) / (2 * h)
    assert slope == pytest.approx(2 / math.sqrt(math.pi), rel=1e-12)


@given(st.floats(allow_nan=False))
def test_odd_bounded_and_near_math_erf_anywhere(x):
    y = erf(np.array([x, -x]))
    assert y[0] == -y[1]
    assert abs(y[0]) <= 1
    assert abs(y[0] - math.erf(x)) < 1e-15


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_infinities_and_nan(dtype):
    y = erf(np.array([-np.inf, np.inf, np.nan], dtype))
    np.testing.assert_array_equal(y, np.array([-1, 1, np.nan], dtype))
    assert y.dtype == dtype


def test_the_tails_are_exactly_one():
    for dtype in (np.float32, np.float64):
        np.testing.assert_array_equal(erf(np.array([6.1, 1e4, 1e30], dtype)), 1)
        np.testing.assert_array_equal(erf(-np.array([6.1, 1e4, 1e30], dtype)), -1)


@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (2, 3, 4), (300, 500)])
def test_any_shape_and_no_write_to_the_input(shape):
    x = np.random.default_rng(0).normal(size=shape)
    before = x.copy()
    y = erf(x)
    assert np.shape(y) == shape
    np.testing.assert_allclose(np.ravel(y), exact(x.reshape(-1)), atol=1e-15)
    np.testing.assert_array_equal(x, before)
