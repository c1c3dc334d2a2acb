"""The error function, to the last digits."""

import math

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import Tensor, grad, ops

# Rounded from 40 digits: Python's own erf has an error as well.
EXACT = {
    1e-300: 1.1283791670955126e-300,
    1e-08: 1.1283791670955126e-08,
    0.1: 0.1124629160182849,
    0.5: 0.5204998778130465,
    0.9375: 0.8151024010343998,
    0.999: 0.8422852702064969,
    1.0: 0.8427007929497149,
    1.5: 0.9661051464753108,
    2.0: 0.9953222650189527,
    3.0: 0.9999779095030014,
    5.5: 0.9999999999999927,
}


def points(dtype):
    some = np.concatenate([np.geomspace(1e-30, 7, 4000), np.linspace(0, 7, 20001)]).astype(dtype)
    return np.concatenate([-some, some])


@pytest.mark.parametrize(("dtype", "units"), [(np.float32, 1.5), (np.float64, 2.5)])
def test_right_to_the_last_digits_everywhere(dtype, units):
    """In units of the last place; of float64, Python's own may be off by one of them."""
    x = points(dtype)
    exact = np.array([math.erf(v) for v in x.tolist()])
    found = ops.erf(Tensor(x, dtype)).data
    assert found.dtype == dtype
    error = np.abs(found - exact) / np.spacing(np.abs(found).astype(dtype)).astype(float)
    assert error.max() <= units, x[error.argmax()]


@pytest.mark.parametrize(("x", "exact"), EXACT.items())
def test_known_values(x, exact):
    found = ops.erf(Tensor([x, -x], np.float64)).data
    np.testing.assert_allclose(found, [exact, -exact], rtol=3e-16)


@given(
    x=hnp.arrays(
        st.sampled_from([np.float32, np.float64]),
        hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5),
        elements=st.floats(-8, 8, width=32),
    )
)
def test_it_is_odd_rises_and_stays_between_minus_one_and_one(x):
    y = ops.erf(Tensor(x, x.dtype)).data
    assert (y.dtype, y.shape) == (x.dtype, x.shape)
    np.testing.assert_array_equal(ops.erf(Tensor(-x, x.dtype)).data, -y)
    assert (np.abs(y) <= 1).all()
    in_order = np.sort(x, axis=None)
    risen = np.diff(ops.erf(Tensor(in_order, x.dtype)).data)
    assert (risen >= -np.finfo(x.dtype).eps).all()


def test_the_ends():
    y = ops.erf([0.0, -0.0, np.inf, -np.inf, np.nan, 1e30]).data
    np.testing.assert_array_equal(y, np.array([0, -0.0, 1, -1, np.nan, 1], np.float32))
    assert np.signbit(y[1])
    x = Tensor([0.0, np.inf, 1e30], requires_grad=True)
    assert grad(ops.erf(x).sum(), x).tolist() == pytest.approx([2 / math.sqrt(math.pi), 0, 0])


def test_numbers_without_all_their_digits():
    tiny = np.finfo(np.float32).tiny
    for x in (tiny / 1024, tiny / 4, tiny):
        y = ops.erf(np.float32(x)).item()
        assert abs(y - float(x) * 2 / math.sqrt(math.pi)) <= np.finfo(np.float32).smallest_subnormal


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_gradient_is_the_bell(dtype):
    x = np.linspace(-5, 5, 101).astype(dtype)
    leaf = Tensor(x, dtype, requires_grad=True)
    exact = 2 / math.sqrt(math.pi) * np.exp(-(x.astype(np.longdouble) ** 2))
    error = np.finfo(dtype).eps * (4 + 2 * x.astype(float) ** 2)  # of which x² has its share
    assert (np.abs(grad(ops.erf(leaf).sum(), leaf) / exact - 1) <= error).all()


def test_twice_the_normal_probability_less_one():
    """By which gelu is computed, from another formula."""
    from neural_net_core import gelu

    x = np.linspace(0.5, 3, 26)
    by_gelu = 2 * gelu(Tensor(x, np.float64)).data / x - 1
    found = ops.erf(Tensor(x / math.sqrt(2), np.float64)).data
    np.testing.assert_allclose(found, by_gelu, rtol=1e-14)
