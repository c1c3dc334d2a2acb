"""ELU."""

import math

import numpy as np
import pytest

from neural_net_core import ELU, Tensor, elu


@pytest.mark.parametrize("alpha", [1.0, 0.25, 3.0])
def test_values(alpha):
    x = np.linspace(-6, 6, 1201)
    expected = [v if v > 0 else alpha * math.expm1(v) for v in x]
    np.testing.assert_allclose(elu(Tensor(x, np.float64), alpha).data, expected, rtol=1e-14)


def test_the_slope_on_the_positive_side_is_exactly_one():
    x = Tensor(np.linspace(0.01, 9, 1000), requires_grad=True)
    elu(x, 0.3).sum().backward()
    assert (x.grad == 1).all()


def test_it_saturates_at_minus_alpha():
    assert elu(-1e4, 0.5).item() == -0.5


@pytest.mark.parametrize("alpha", [0, -1, float("nan")])
def test_alpha_must_be_positive(alpha):
    with pytest.raises(ValueError, match="elu: alpha must be a finite number > 0"):
        elu(1.0, alpha)
    with pytest.raises(ValueError, match="ELU: alpha must be a finite number > 0"):
        ELU(alpha)
