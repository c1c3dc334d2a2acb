"""Arrangements: NumPy's values, and gradients that are the arrangement undone."""

import numpy as np
import pytest

from neural_net_core import Tensor, grad, ops

X = np.arange(24.0).reshape(2, 3, 4)
ARRANGEMENTS = [
    (lambda x: ops.reshape(x, (4, -1)), lambda x: x.reshape(4, -1)),
    (lambda x: ops.reshape(x, -1), lambda x: x.reshape(-1)),
    (ops.transpose, np.transpose),
    (lambda x: ops.transpose(x, (1, 2, 0)), lambda x: x.transpose(1, 2, 0)),
    (lambda x: ops.transpose(x, (-1, 0, -2)), lambda x: x.transpose(-1, 0, -2)),
    (lambda x: ops.swapaxes(x, 0, -1), lambda x: x.swapaxes(0, -1)),
    (lambda x: ops.moveaxis(x, 0, -1), lambda x: np.moveaxis(x, 0, -1)),
    (lambda x: ops.moveaxis(x, (0, 1), (-1, 0)), lambda x: np.moveaxis(x, (0, 1), (-1, 0))),
    (lambda x: ops.expand_dims(x, (0, -1)), lambda x: np.expand_dims(x, (0, -1))),
    (lambda x: ops.squeeze(ops.expand_dims(x, 1)), lambda x: x),
    (lambda x: ops.squeeze(ops.expand_dims(x, 1), axis=1), lambda x: x),
    (ops.flip, np.flip),
    (lambda x: ops.flip(x, (0, -1)), lambda x: np.flip(x, (0, -1))),
    (lambda x: ops.roll(x, 5), lambda x: np.roll(x, 5)),
    (lambda x: ops.roll(x, -1, 1), lambda x: np.roll(x, -1, 1)),
    (lambda x: ops.roll(x, (2, 3), (1, -1)), lambda x: np.roll(x, (2, 3), (1, -1))),
    (lambda x: ops.roll(x, [1, 2], (1, 1)), lambda x: np.roll(x, (1, 2), (1, 1))),
]


@pytest.mark.parametrize(("ours", "numpys"), ARRANGEMENTS)
def test_every_element_goes_where_numpy_puts_it_and_its_gradient_comes_back(ours, numpys):
    x = Tensor(X, requires_grad=True)
    y = ours(x)
    np.testing.assert_array_equal(y.data, numpys(X))
    # Sending the values themselves back must bring each home.
    np.testing.assert_array_equal(grad(y, x, y.data), X)


def test_results_share_memory_with_the_input():
    x = Tensor(X)
    for fn in (ops.transpose, lambda x: ops.reshape(x, -1), ops.flip):
        assert np.shares_memory(fn(x).data, x.data)


def test_a_broadcast_input_gets_the_sum_of_its_copies():
    x = Tensor([[1.0], [2.0]], requires_grad=True)
    y = ops.broadcast_to(x, (4, 2, 3))
    np.testing.assert_array_equal(y.data, np.broadcast_to(x.data, (4, 2, 3)))
    np.testing.assert_array_equal(grad(y.sum(), x), [[12], [12]])


def test_lists_and_numbers_are_accepted():
    assert ops.reshape([1.0, 2.0], (2, 1)).shape == (2, 1)
    assert ops.expand_dims(1.0, 0).shape == (1,)
    assert ops.broadcast_to(1.0, (2, 2)).shape == (2, 2)
    assert ops.transpose([[1, 2]]).shape == (2, 1)


def test_squeezing_a_longer_axis_is_refused():
    with pytest.raises(ValueError, match="size not equal to one"):
        ops.squeeze(np.ones((2, 3)), axis=0)


def test_a_shape_that_does_not_hold_the_elements_is_refused():
    with pytest.raises(ValueError, match="cannot reshape"):
        ops.reshape(np.ones(6), (4, 2))


def test_rolling_round_comes_home():
    x = Tensor(X)
    for axis in (None, 0, 1, -1):
        n = X.size if axis is None else X.shape[axis]
        for shift in (0, n, -n, 3 * n):
            np.testing.assert_array_equal(ops.roll(x, shift, axis).data, X)
    assert ops.roll(3.0, 1).item() == 3
    assert ops.roll(np.zeros((0, 2)), 1, 0).shape == (0, 2)


def test_a_shift_is_a_whole_number():
    for wrong in (1.5, None, "1", True, (1, 0.5)):
        with pytest.raises(ValueError, match="roll: shift must be a sequence of ints"):
            ops.roll(X, wrong, (0, 1))
    with pytest.raises(ValueError, match="RollOp"):
        ops.roll(X, (1, 2, 3), (0, 1))
