"""Leaky ReLU."""

import numpy as np
import pytest

from neural_net_core import LeakyReLU, Tensor, leaky_relu


@pytest.mark.parametrize("size", [4, 4000])
@pytest.mark.parametrize("slope", [0.01, 0.0, 1.0, 2.0, -0.5])
def test_values_and_slopes_whatever_the_slope(slope, size):
    x = Tensor(np.tile([-2.0, 0.0, 1.0, 3.0], size // 4), requires_grad=True)
    y = leaky_relu(x, slope)
    y.sum().backward()
    np.testing.assert_allclose(y.data, np.tile([-2 * slope, 0, 1, 3], size // 4))
    np.testing.assert_allclose(x.grad, np.tile([slope, slope, 1, 1], size // 4))


def test_the_default_slope_is_that_of_the_paper():
    assert LeakyReLU()([-1.0]).item() == pytest.approx(-0.01)
