"""GELU, exact and approximate."""

import math

import numpy as np
import pytest

from neural_net_core import GELU, Tensor, gelu
from neural_net_core.ops.elementwise._normal import probability_and_bell

X = np.linspace(-8, 8, 3201)


def test_exact_values():
    expected = [v * 0.5 * math.erfc(-v / math.sqrt(2)) for v in X]
    np.testing.assert_allclose(gelu(Tensor(X, np.float64)).data, expected, atol=2e-15)
    np.testing.assert_allclose(gelu(X).data, expected, atol=1e-6)


def test_float32_keeps_its_digits_in_the_tail():
    """The approximation with one exponential, against the plain formula in double precision."""
    x = np.linspace(-12, 12, 4801, dtype=np.float32)
    found, bell = probability_and_bell(x)
    assert found.dtype == bell.dtype == np.float32
    expected = np.array([0.5 * math.erfc(-float(v) / math.sqrt(2)) for v in x])
    density = np.exp(-0.5 * x.astype(np.float64) ** 2)
    # Rounding the square of 12 alone changes its exponential by 4e-6.
    np.testing.assert_allclose(found[x > -3], expected[x > -3], rtol=1.5e-6)
    np.testing.assert_allclose(found, expected, rtol=8e-6)
    np.testing.assert_allclose(bell, density, rtol=8e-6)
    assert np.isnan(probability_and_bell(np.float32([np.nan]))[0]).all()


def test_exact_slopes():
    x = Tensor(X, np.float64, requires_grad=True)
    gelu(x).sum().backward()
    expected = [
        0.5 * math.erfc(-v / math.sqrt(2)) + v * math.exp(-v * v / 2) / math.sqrt(2 * math.pi)
        for v in X
    ]
    np.testing.assert_allclose(x.grad, expected, atol=2e-15)


def test_approximate_values():
    c = math.sqrt(2 / math.pi)
    expected = [0.5 * v * (1 + math.tanh(c * (v + 0.044715 * v**3))) for v in X]
    y = gelu(Tensor(X, np.float64), approximate="tanh")
    np.testing.assert_allclose(y.data, expected, atol=1e-15)


def test_the_approximation_differs_by_up_to_5e_4():
    x = Tensor(X, np.float64)
    difference = np.abs(gelu(x).data - gelu(x, "tanh").data).max()
    assert 4.6e-4 < difference < 4.8e-4


@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_far_out_it_is_the_identity_or_zero(approximate):
    x = Tensor([-1e4, -1e20, 1e4, 1e20], requires_grad=True)
    y = gelu(x, approximate)
    y.sum().backward()
    np.testing.assert_array_equal(y.data, np.float32([0, 0, 1e4, 1e20]))
    np.testing.assert_allclose(x.grad, [0, 0, 1, 1], atol=1e-12)


def test_unknown_approximation():
    with pytest.raises(ValueError, match="'none' or 'tanh', got 'erf'"):
        gelu(1.0, "erf")
    with pytest.raises(ValueError, match="'none' or 'tanh', got 'sigmoid'"):
        GELU("sigmoid")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_value_has_the_same_bits_whether_a_gradient_is_wanted_or_not(dtype):
    recorded = gelu(Tensor(X, dtype, requires_grad=True))
    assert gelu(Tensor(X, dtype)).data.tobytes() == recorded.data.tobytes()
