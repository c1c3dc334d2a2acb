"""The quotients of the error function, to the last rounding and at the ends."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import Tensor, grad, ops, textbook
from neural_net_core.fast.error_function import BLOCK, NEAR, ONE
from neural_net_core.forms import is_textbook

ODD = [0.0, -0.0, np.nan, np.inf, -np.inf, 1e30, -1e30, 1e-38, NEAR, -NEAR, ONE, 6.0, 30.0]


@pytest.mark.skipif(is_textbook(), reason="of the fast form")
def test_in_float32_the_last_rounding_is_the_only_one():
    """Half a unit in the last place is the rounding; the quotient is off by less than a fifth."""
    x = np.concatenate([np.linspace(-4.2, 4.2, 40_001), np.geomspace(1e-30, 4, 4000)])
    x = x.astype(np.float32)
    exact = np.array([math.erf(v) for v in x.tolist()])
    unit = np.spacing(np.abs(exact).astype(np.float32)).astype(float)
    assert (np.abs(ops.erf(x).data - exact) / unit).max() < 0.7


@given(
    where=st.lists(st.integers(0, 2 * BLOCK), min_size=len(ODD), max_size=len(ODD), unique=True),
    dtype=st.sampled_from([np.float32, np.float64]),
    stride=st.sampled_from([1, 2, -1]),
)
def test_numbers_of_all_kinds_between_others(where, dtype, stride):
    """What is not finite, or very large, gives what the textbook form gives, and no warning."""
    x = np.random.default_rng(0).normal(size=abs(stride) * (2 * BLOCK + 1)).astype(dtype)[::stride]
    x[where] = np.array(ODD, dtype)
    found, wanted = [], []
    for results, form in ((found, None), (wanted, textbook())):
        leaf = Tensor(x, dtype, requires_grad=True)
        if form is None:
            y = ops.erf(leaf)
        else:
            with form:
                y = ops.erf(leaf)
        results += [y.data, grad(y.sum(), leaf)]
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=4 * np.finfo(dtype).eps)
        assert a.dtype == dtype
    np.testing.assert_array_equal(np.signbit(found[0]), np.signbit(wanted[0]))


def test_an_array_with_gaps_and_one_number():
    x = np.random.default_rng(0).normal(size=(300, 200))
    for part in (x[:, ::3], x.T, x[::-1]):
        leaf = Tensor(part, np.float64, requires_grad=True)
        y = ops.erf(leaf)
        np.testing.assert_allclose(y.data, [[math.erf(v) for v in row] for row in part], rtol=5e-16)
        slope = 2 / math.sqrt(math.pi) * np.exp(-(part**2))
        np.testing.assert_allclose(grad(y.sum(), leaf), slope, rtol=2e-15)
    leaf = Tensor(0.5, np.float64, requires_grad=True)
    assert grad(ops.erf(leaf), leaf).shape == ()
