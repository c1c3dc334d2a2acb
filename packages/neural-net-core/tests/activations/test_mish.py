"""Mish."""

import math

import numpy as np

from neural_net_core import Tensor, mish, ops, softplus, tanh


def test_values_keep_their_digits_in_the_tail():
    x = np.linspace(-60, 60, 481)
    expected = [v * math.tanh(max(v, 0) + math.log1p(math.exp(-abs(v)))) for v in x]
    np.testing.assert_allclose(mish(Tensor(x, np.float64)).data, expected, rtol=1e-14)
    np.testing.assert_allclose(mish(x).data, expected, rtol=2e-6)


def test_it_equals_its_composition():
    x, z = (Tensor(np.linspace(-9, 9, 901), np.float64, requires_grad=True) for _ in range(2))
    y = mish(x)
    w = ops.multiply(z, tanh(softplus(z, threshold=math.inf)))
    y.sum().backward()
    w.sum().backward()
    np.testing.assert_allclose(y.data, w.data, rtol=1e-13)
    np.testing.assert_allclose(x.grad, z.grad, rtol=1e-11, atol=1e-14)
