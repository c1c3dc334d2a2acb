"""Mean absolute error."""

import numpy as np

from neural_net_core import Tensor, l1_loss, ops


def test_by_hand_with_gradient_zero_where_there_is_no_error():
    x = Tensor([1.0, 4.0, 2.0], requires_grad=True)
    t = Tensor([0.0, 6.0, 2.0], requires_grad=True)
    y = l1_loss(x, t)
    y.backward()
    assert y.item() == 1
    np.testing.assert_allclose(x.grad, np.array([1, -1, 0]) / 3)
    np.testing.assert_allclose(t.grad, np.array([-1, 1, 0]) / 3)


def test_it_equals_its_composition():
    data, target = np.random.default_rng(0).normal(size=(2, 3, 4))
    x, z = (Tensor(data, np.float64, requires_grad=True) for _ in range(2))
    y, w = l1_loss(x, target), ops.absolute(z - target).mean()
    y.backward()
    w.backward()
    np.testing.assert_allclose(y.data, w.data, rtol=1e-14)
    np.testing.assert_allclose(x.grad, z.grad, rtol=1e-14)
