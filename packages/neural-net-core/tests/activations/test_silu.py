"""SiLU."""

import math

import numpy as np

from neural_net_core import Tensor, no_grad, sigmoid, silu


def test_values_keep_their_digits_in_the_tail():
    x = np.linspace(-60, 60, 481)
    expected = [v * math.exp(v) / (1 + math.exp(v)) for v in x]
    np.testing.assert_allclose(silu(Tensor(x, np.float64)).data, expected, rtol=1e-14)
    np.testing.assert_allclose(silu(x).data, expected, rtol=1e-6)


def test_it_equals_its_composition():
    x, z = (Tensor(np.linspace(-6, 6, 601), np.float64, requires_grad=True) for _ in range(2))
    y, w = silu(x), z * sigmoid(z)
    y.sum().backward()
    w.sum().backward()
    np.testing.assert_allclose(y.data, w.data, rtol=1e-15)
    np.testing.assert_allclose(x.grad, z.grad, rtol=1e-12, atol=1e-14)


def test_without_recording_nothing_is_saved():
    with no_grad():
        assert silu(Tensor([1.0], requires_grad=True)).grad_fn is None
