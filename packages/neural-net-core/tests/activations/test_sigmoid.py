"""The sigmoid: exact in both tails."""

import math

import numpy as np
import pytest

from neural_net_core import Sigmoid, Tensor, sigmoid


@pytest.mark.parametrize(("dtype", "rtol"), [(np.float32, 5e-7), (np.float64, 2e-15)])
def test_every_probability_down_to_the_tiniest_is_right_in_all_digits(dtype, rtol):
    x = np.linspace(-80, 80, 641).astype(dtype)
    expected = [math.exp(v) / (1 + math.exp(v)) for v in x.astype(float)]
    np.testing.assert_allclose(sigmoid(Tensor(x, dtype)).data, expected, rtol=rtol)


def test_very_negative_numbers_do_not_round_to_zero_too_early():
    assert sigmoid(-20.0).item() == pytest.approx(2.0611536181902037e-09, rel=1e-6)
    assert sigmoid(-1e4).item() == 0
    assert sigmoid(1e4).item() == 1


def test_infinities():
    np.testing.assert_array_equal(sigmoid([-np.inf, np.inf]).data, [0, 1])


def test_gradient_at_zero_is_a_quarter():
    x = Tensor(0.0, requires_grad=True)
    sigmoid(x).backward()
    assert x.grad == 0.25


def test_symmetry():
    x = np.linspace(-5, 5, 41)
    np.testing.assert_allclose(Sigmoid()(-x).data, 1 - Sigmoid()(x).data, atol=1e-7)
