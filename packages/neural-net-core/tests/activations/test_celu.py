"""CELU."""

import math

import numpy as np
import pytest

from neural_net_core import CELU, Tensor, celu, elu


@pytest.mark.parametrize("alpha", [1.0, 0.25, 3.0])
def test_values(alpha):
    x = np.linspace(-6, 6, 1201)
    expected = [v if v > 0 else alpha * math.expm1(v / alpha) for v in x]
    np.testing.assert_allclose(celu(Tensor(x, np.float64), alpha).data, expected, rtol=1e-14)


@pytest.mark.parametrize("alpha", [0.25, 3.0])
def test_the_slope_has_no_jump_at_zero(alpha):
    """Unlike the ELU's, which is alpha on the left."""
    x = Tensor([-1e-7, 0.0, 1e-7], np.float64, requires_grad=True)
    celu(x, alpha).sum().backward()
    np.testing.assert_allclose(x.grad, 1, rtol=1e-6)
    x.grad = None
    elu(x, alpha).sum().backward()
    np.testing.assert_allclose(x.grad, [alpha, alpha, 1], rtol=1e-6)


@pytest.mark.parametrize("alpha", [0.25, 1.0, 3.0])
def test_it_is_an_elu_of_another_scale(alpha):
    x = np.linspace(-6, 6, 101)
    scaled = alpha * elu(Tensor(x / alpha, np.float64)).data
    np.testing.assert_allclose(celu(Tensor(x, np.float64), alpha).data, scaled, rtol=1e-13)


def test_it_saturates_at_minus_alpha():
    assert celu(-1e4, 0.5).item() == -0.5
    assert celu([-math.inf, math.inf], 0.5).data.tolist() == [-0.5, math.inf]


@pytest.mark.parametrize("alpha", [0, -1, float("nan")])
def test_alpha_must_be_positive(alpha):
    with pytest.raises(ValueError, match="celu: alpha must be a finite number > 0"):
        celu(1.0, alpha)
    with pytest.raises(ValueError, match="CELU: alpha must be a finite number > 0"):
        CELU(alpha)
