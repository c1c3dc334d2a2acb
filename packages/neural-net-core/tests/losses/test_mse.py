"""Mean squared error."""

import numpy as np

from neural_net_core import Tensor, mse_loss


def test_by_hand():
    x = Tensor([1.0, 4.0], requires_grad=True)
    t = Tensor([0.0, 6.0], requires_grad=True)
    y = mse_loss(x, t)
    y.backward()
    assert y.item() == 2.5
    np.testing.assert_array_equal(x.grad, [1, -2])
    np.testing.assert_array_equal(t.grad, [-1, 2])


def test_it_equals_its_composition():
    data, target = np.random.default_rng(0).normal(size=(2, 3, 4))
    x, z = (Tensor(data, np.float64, requires_grad=True) for _ in range(2))
    y, w = mse_loss(x, target), ((z - target) ** 2).mean()
    y.backward()
    w.backward()
    np.testing.assert_allclose(y.data, w.data, rtol=1e-14)
    np.testing.assert_allclose(x.grad, z.grad, rtol=1e-14)


def test_integer_targets():
    assert mse_loss([1.5], [1]).item() == 0.25
    assert mse_loss([1.5], np.array([1])).dtype == np.float32
