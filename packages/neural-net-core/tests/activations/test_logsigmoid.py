"""The logarithm of the sigmoid."""

import math

import numpy as np

from neural_net_core import Tensor, logsigmoid


def test_values_and_slopes_keep_their_digits():
    points = np.linspace(-40, 30, 701)
    x = Tensor(points, np.float64, requires_grad=True)
    y = logsigmoid(x)
    y.sum().backward()
    expected = [min(v, 0) - math.log1p(math.exp(-abs(v))) for v in points]
    np.testing.assert_allclose(y.data, expected, rtol=1e-14)
    slopes = [math.exp(-v) / (1 + math.exp(-v)) for v in points]
    np.testing.assert_allclose(x.grad, slopes, rtol=1e-14)


def test_where_the_sigmoid_is_zero_its_logarithm_is_not_infinite():
    assert logsigmoid(-1e4).item() == -1e4
