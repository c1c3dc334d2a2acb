"""Huber and smooth L1."""

import numpy as np
import pytest

from neural_net_core import (
    HuberLoss,
    SmoothL1Loss,
    Tensor,
    huber_loss,
    l1_loss,
    mse_loss,
    smooth_l1_loss,
)

D = np.linspace(-4, 4, 81)
ZERO = np.zeros(81)


@pytest.mark.parametrize("delta", [0.5, 1.0, 3.0])
def test_values_and_slopes(delta):
    x = Tensor(D, np.float64, requires_grad=True)
    y = huber_loss(x, ZERO, delta=delta, reduction="none")
    y.sum().backward()
    expected = [d * d / 2 if abs(d) <= delta else delta * (abs(d) - delta / 2) for d in D]
    np.testing.assert_allclose(y.data, expected, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(x.grad, np.clip(D, -delta, delta), rtol=1e-14)


@pytest.mark.parametrize("beta", [0.5, 1.0, 3.0])
def test_smooth_l1_is_huber_divided_by_beta(beta):
    x, z = (Tensor(D, np.float64, requires_grad=True) for _ in range(2))
    y = smooth_l1_loss(x, ZERO, beta=beta)
    w = huber_loss(z, ZERO, delta=beta) / beta
    y.backward()
    w.backward()
    np.testing.assert_allclose(y.data, w.data, rtol=1e-14)
    np.testing.assert_allclose(x.grad, z.grad, rtol=1e-14)


def test_the_two_limits():
    np.testing.assert_allclose(huber_loss(D, ZERO, delta=9.0).data, mse_loss(D, ZERO).data / 2)
    np.testing.assert_array_equal(smooth_l1_loss(D, ZERO, beta=0).data, l1_loss(D, ZERO).data)
    np.testing.assert_array_equal(SmoothL1Loss(beta=0)(D, ZERO).data, l1_loss(D, ZERO).data)


def test_parameters_out_of_range():
    with pytest.raises(ValueError, match="huber_loss: delta must be a number > 0, got 0"):
        huber_loss(D, ZERO, delta=0)
    with pytest.raises(ValueError, match="HuberLoss: delta must be a number > 0, got -1"):
        HuberLoss(delta=-1)
    with pytest.raises(ValueError, match="smooth_l1_loss: beta must be a finite number >= 0"):
        smooth_l1_loss(D, ZERO, beta=-1)
    with pytest.raises(ValueError, match="SmoothL1Loss: beta must be a finite number >= 0"):
        SmoothL1Loss(beta=-0.5)
