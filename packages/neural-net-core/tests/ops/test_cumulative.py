"""Running sums."""

import numpy as np
import pytest

from neural_net_core import Tensor, grad, ops


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_values_are_numpys_and_the_first_element_counts_most(axis):
    array = np.random.default_rng(0).normal(size=(3, 4))
    x = Tensor(array, np.float64, requires_grad=True)
    y = ops.cumsum(x, axis)
    np.testing.assert_allclose(y.data, np.cumsum(array, axis), rtol=1e-12)
    counts = np.moveaxis(grad(y.sum(), x), axis, -1)[0]
    assert counts.tolist() == list(range(array.shape[axis], 0, -1))


def test_a_single_number_and_no_numbers():
    assert ops.cumsum(2.0, 0).shape == ()
    assert ops.cumsum(np.zeros((0, 2)), 0).shape == (0, 2)
