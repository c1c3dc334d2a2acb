"""Size and sign, and their choice at the kink."""

import numpy as np

from neural_net_core import Tensor, grad, ops


def test_the_gradient_at_zero_is_zero():
    x = Tensor([-2.0, -0.0, 0.0, 3.0], requires_grad=True)
    assert grad(ops.absolute(x).sum(), x).tolist() == [-1, 0, 0, 1]


def test_sign_is_flat():
    x = Tensor([-2.0, 0.0, 3.0], requires_grad=True)
    y = ops.sign(x)
    assert y.data.tolist() == [-1, 0, 1]
    assert grad(y.sum(), x).tolist() == [0, 0, 0]


def test_integers_stay_integers():
    assert ops.absolute([-1, 2]).dtype == ops.sign([-1, 2]).dtype == np.int64
