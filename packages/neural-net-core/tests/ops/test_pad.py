"""Padding is NumPy's, and each copy in the border sends its gradient home."""

import numpy as np
import pytest

from neural_net_core import Tensor, grad, ops

X = np.arange(1.0, 13).reshape(3, 4)
MODES = ["constant", "reflect", "edge", "wrap"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("width", [0, 2, (1, 2), ((0, 2), (3, 0)), ((5, 7), (6, 9))])
def test_values_are_numpys(mode, width):
    np.testing.assert_array_equal(ops.pad(X, width, mode).data, np.pad(X, width, mode))


@pytest.mark.parametrize("mode", ["reflect", "edge", "wrap"])
@pytest.mark.parametrize("width", [((0, 2), (3, 0)), ((5, 7), (6, 9))])
def test_each_element_receives_one_gradient_per_copy(mode, width):
    x = Tensor(X, requires_grad=True)
    copies = np.bincount(np.pad(np.arange(12).reshape(3, 4), width, mode).ravel())
    np.testing.assert_array_equal(grad(ops.pad(x, width, mode).sum(), x), copies.reshape(3, 4))


def test_another_constant():
    y = ops.pad([1.0], (1, 0), value=-np.inf)
    assert y.data.tolist() == [-np.inf, 1]
    assert y.dtype == np.float32


def test_integers_stay_integers():
    assert ops.pad([1, 2], 1).dtype == np.int64


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="at least 0, got -1"):
        ops.pad(X, -1)
    with pytest.raises(ValueError, match="constant, reflect, edge or wrap, got 'circular'"):
        ops.pad(X, 1, "circular")
    with pytest.raises(ValueError, match="broadcast"):
        ops.pad(X, ((1, 1), (1, 1), (1, 1)))
