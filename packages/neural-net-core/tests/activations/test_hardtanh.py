"""Hardtanh and ReLU6."""

import numpy as np
import pytest

from neural_net_core import Hardtanh, ReLU6, Tensor, hardtanh


def test_there_is_no_gradient_outside_and_at_the_limits():
    x = Tensor([-2.0, -1.0, 0.5, 1.0, 2.0], requires_grad=True)
    y = hardtanh(x)
    y.sum().backward()
    np.testing.assert_array_equal(y.data, [-1, -1, 0.5, 1, 1])
    np.testing.assert_array_equal(x.grad, [0, 0, 1, 0, 0])


def test_other_limits():
    np.testing.assert_array_equal(Hardtanh(2, 3)([0.0, 2.5, 9.0]).data, [2, 2.5, 3])
    np.testing.assert_array_equal(ReLU6()([-1.0, 2.5, 9.0]).data, [0, 2.5, 6])
    assert repr(Hardtanh()) == "Hardtanh(low=-1.0, high=1.0)"


def test_limits_in_the_wrong_order():
    with pytest.raises(ValueError, match="hardtanh: expected low < high, got 1 and 1"):
        hardtanh(0.0, 1, 1)
    with pytest.raises(ValueError, match="Hardtanh: expected low < high"):
        Hardtanh(2, 1)
