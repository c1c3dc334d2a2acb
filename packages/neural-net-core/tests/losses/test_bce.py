"""Binary cross-entropy of probabilities."""

import math

import numpy as np
import pytest

from neural_net_core import ShapeError, Tensor, binary_cross_entropy


def test_by_hand():
    p = Tensor([0.25, 0.25], np.float64, requires_grad=True)
    t = Tensor([1.0, 0.0], np.float64, requires_grad=True)
    y = binary_cross_entropy(p, t, reduction="sum")
    y.backward()
    assert y.item() == pytest.approx(math.log(4) + math.log(4 / 3))
    np.testing.assert_allclose(p.grad, [-4, 4 / 3])
    np.testing.assert_allclose(t.grad, [math.log(3), math.log(3)])


def test_a_certain_and_wrong_probability_costs_100_and_its_gradient_is_finite():
    with np.errstate(all="raise"):
        p = Tensor([0.0, 1.0], requires_grad=True)
        y = binary_cross_entropy(p, [1.0, 0.0], reduction="none")
        y.sum().backward()
    np.testing.assert_array_equal(y.data, [100, 100])
    np.testing.assert_allclose(p.grad, [-1e12, 1e12], rtol=1e-6)


def test_a_certain_and_right_probability_costs_nothing():
    np.testing.assert_array_equal(
        binary_cross_entropy([0.0, 1.0], [0.0, 1.0], reduction="none").data, [0, 0]
    )


def test_weights_scale_each_loss_and_not_the_mean():
    p, t, w = [0.25, 0.5], [1.0, 1.0], [2.0, 6.0]
    expected = (2 * math.log(4) + 6 * math.log(2)) / 2
    assert binary_cross_entropy(p, t, weight=w).item() == pytest.approx(expected)


def test_weights_of_which_one_axis_does_not_fit():
    p, t = np.full((2, 3), 0.5), np.ones((2, 3))
    for weight in (np.ones((2, 2)), np.ones((3, 3)), np.ones((1, 2))):
        with pytest.raises(ShapeError, match=r"a weight that broadcasts to \(2, 3\), got"):
            binary_cross_entropy(p, t, weight=weight)


def test_weights_that_do_not_broadcast_to_the_losses():
    for weight in (np.ones(3), np.ones((1, 2)), np.ones((2, 2))):
        with pytest.raises(ShapeError, match=r"a weight that broadcasts to \(2,\), got"):
            binary_cross_entropy([0.5, 0.5], [0, 1], weight=weight)


@pytest.mark.parametrize("wrong", [[-0.1, 0.5], [0.5, 1.1], [0.5, np.nan]])
def test_what_is_no_probability_is_refused(wrong):
    with pytest.raises(ValueError, match=r"probabilities in \[0, 1\].*with_logits"):
        binary_cross_entropy(wrong, [0.0, 1.0])
