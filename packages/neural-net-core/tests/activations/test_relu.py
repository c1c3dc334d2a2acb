"""ReLU."""

import numpy as np
import pytest

from neural_net_core import Tensor, relu


@pytest.mark.parametrize("size", [3, 6000])  # both forms of the forward pass
def test_values_and_slopes(size):
    x = Tensor(np.tile([-1.5, 0.0, 2.5], size // 3), requires_grad=True)
    y = relu(x)
    y.backward(np.full(size, 3, np.float32))
    np.testing.assert_array_equal(y.data, np.tile([0, 0, 2.5], size // 3))
    # At zero the slope is 0, as in PyTorch.
    np.testing.assert_array_equal(x.grad, np.tile([0, 0, 3], size // 3))


@pytest.mark.parametrize("size", [1, 5000])
def test_infinity_and_nan_pass(size):
    assert (relu(np.full(size, np.inf)).data == np.inf).all()
    assert (relu(np.full(size, -np.inf)).data == 0).all()
    assert np.isnan(relu(np.full(size, np.nan)).data).all()


@pytest.mark.parametrize("size", [2, 5000])
def test_nan_stops_no_gradient(size):
    x = Tensor([np.nan, -1.0] * size, requires_grad=True)
    relu(x).backward(np.full(2 * size, 3, np.float32))
    np.testing.assert_array_equal(x.grad, [3, 0] * size)
