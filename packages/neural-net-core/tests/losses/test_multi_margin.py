"""The hinge loss of many classes."""

import numpy as np
import pytest

from neural_net_core import MultiMarginLoss, ShapeError, Tensor, multi_margin_loss


def test_by_hand():
    x = Tensor([[1.0, 0.5, -2.0]], requires_grad=True)
    y = multi_margin_loss(x, [0])
    y.backward()
    assert y.item() == pytest.approx(0.5 / 3)
    np.testing.assert_allclose(x.grad, [[-1 / 3, 1 / 3, 0]], rtol=1e-6)
    assert multi_margin_loss(x, [0], p=2).item() == pytest.approx(0.25 / 3)
    assert multi_margin_loss(x, [0], margin=0.25).item() == 0


def test_two_classes_are_the_binary_hinge_of_half_the_difference():
    x = np.random.default_rng(0).normal(size=(6, 2))
    y = multi_margin_loss(x, [0, 1, 0, 1, 1, 0], reduction="none").data
    difference = (x[:, 0] - x[:, 1]) * [1, -1, 1, -1, -1, 1]
    np.testing.assert_allclose(y, np.maximum(1 - difference, 0) / 2, rtol=1e-5)


def test_what_does_not_fit():
    with pytest.raises(ValueError, match="multi_margin_loss: p must be an int from 1 to 2, got 3"):
        multi_margin_loss([[0.0]], [0], p=3)
    with pytest.raises(ValueError, match="MultiMarginLoss: p must be an int from 1 to 2, got 0"):
        MultiMarginLoss(p=0)
    with pytest.raises(ShapeError, match=r"predictions \(C,\) or \(N, C\), got \(1, 2, 3\)"):
        multi_margin_loss(np.zeros((1, 2, 3)), [[0, 0, 0]])
    for wrong in (-100, -4, -3, -2, -1, 2):
        text = rf"class index {wrong} is out of range for 2 classes \(0 to 1\)"
        with pytest.raises(IndexError, match=text):
            multi_margin_loss([[0.0, 0.0]], [wrong])
    with pytest.raises(ShapeError, match=r"multi_margin_loss: expected weight \(2,\), got \(3,\)"):
        multi_margin_loss([[0.0, 0.0]], [1], weight=np.ones(3))
