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
    with pytest.raises(
        ValueError, match="mode must be 'constant', 'reflect', 'edge' or 'wrap', got 'circular'"
    ):
        ops.pad(X, 1, "circular")
    with pytest.raises(ValueError, match="one number, a pair, or 2 pairs"):
        ops.pad(X, ((1, 1), (1, 1), (1, 1)))


@pytest.mark.parametrize(
    "width", [1.5, [1.5, 1], None, "1", [None], True, (1, 2, 3), 10**30, [[1]] * 3]
)
def test_a_width_that_is_no_whole_number_is_refused(width):
    with pytest.raises((ValueError, TypeError), match=r"pad: (expected )?width"):
        ops.pad(np.zeros(3), width)


@pytest.mark.parametrize("value", [None, "1", [None], np.array([1.0, 2.0])])
def test_a_value_that_is_no_number_is_refused(value):
    """None would become NaN."""
    with pytest.raises(ValueError, match="pad: expected value to be a number"):
        ops.pad(np.zeros(3), 1, value=value)
    assert np.isnan(ops.pad(np.zeros(1), 1, value=np.nan).data).tolist() == [True, False, True]
