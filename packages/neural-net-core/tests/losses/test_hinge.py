"""Hinge losses."""

import numpy as np
import pytest

from neural_net_core import Tensor, hinge_embedding_loss, hinge_loss

X = [2.0, 1.0, 0.5, -1.0]


@pytest.mark.parametrize("squared", [False, True])
def test_values_and_slopes(squared):
    for sign in (1, -1):
        x = Tensor(np.multiply(X, sign), requires_grad=True)
        y = hinge_loss(x, np.full(4, sign), squared=squared, reduction="none")
        y.sum().backward()
        # At the margin itself the slope is 0.
        if squared:
            np.testing.assert_array_equal(y.data, [0, 0, 0.25, 4])
            np.testing.assert_array_equal(x.grad * sign, [0, 0, -1, -4])
        else:
            np.testing.assert_array_equal(y.data, [0, 0, 0.5, 2])
            np.testing.assert_array_equal(x.grad * sign, [0, 0, -1, -1])


def test_another_margin():
    assert hinge_loss([1.0], [1], margin=3.0).item() == 2


def test_distances_of_pairs():
    x = Tensor([0.25, 0.25, 3.0], requires_grad=True)
    y = hinge_embedding_loss(x, [1, -1, -1], reduction="none")
    y.sum().backward()
    np.testing.assert_array_equal(y.data, [0.25, 0.75, 0])
    np.testing.assert_array_equal(x.grad, [1, -1, 0])


@pytest.mark.parametrize("fn", [hinge_loss, hinge_embedding_loss])
def test_targets_zero_and_one_are_refused(fn):
    with pytest.raises(ValueError, match=f"{fn.__name__}: expected targets 1 or -1, got 0"):
        fn([1.0, 2.0], [1, 0])
