"""Soft margins."""

import math

import numpy as np
import pytest

from neural_net_core import (
    MultiLabelSoftMarginLoss,
    ShapeError,
    Tensor,
    binary_cross_entropy_with_logits,
    multilabel_soft_margin_loss,
    soft_margin_loss,
)

rng = np.random.default_rng(0)
X = rng.normal(size=(6, 4))
LABELS = rng.integers(0, 2, (6, 4))


def test_the_logistic_loss_of_signs_is_the_binary_cross_entropy_of_labels():
    x, z = (Tensor(X, np.float64, requires_grad=True) for _ in range(2))
    y = soft_margin_loss(x, 2 * LABELS - 1)
    w = binary_cross_entropy_with_logits(z, LABELS)
    each = [
        math.log1p(math.exp(-(2 * t - 1) * v)) for v, t in zip(X.flat, LABELS.flat, strict=True)
    ]
    assert y.item() == pytest.approx(np.mean(each), rel=1e-13)
    assert y.item() == pytest.approx(w.item(), rel=1e-13)
    y.backward()
    w.backward()
    np.testing.assert_allclose(x.grad, z.grad, rtol=1e-12)


@pytest.mark.filterwarnings("error")
def test_far_out_it_is_a_straight_line_and_no_overflow():
    x = Tensor([-1e4, 1e4], requires_grad=True)
    y = soft_margin_loss(x, [1, 1], reduction="none")
    assert y.data.tolist() == [1e4, 0]
    y.sum().backward()
    assert x.grad.tolist() == [-1, 0]


@pytest.mark.parametrize("weight", [None, [0.5, 2.0, 1.0, 0.0]])
def test_several_labels_are_averaged_and_samples_reduced(weight):
    w = np.ones(4) if weight is None else np.array(weight)
    p = 1 / (1 + np.exp(-X))
    each = (-w * (LABELS * np.log(p) + (1 - LABELS) * np.log(1 - p))).mean(axis=1)
    x = Tensor(X, np.float64)
    for reduction, expected in (("none", each), ("sum", each.sum()), ("mean", each.mean())):
        y = multilabel_soft_margin_loss(x, LABELS, weight=weight, reduction=reduction)
        np.testing.assert_allclose(y.data, expected, rtol=1e-12)
    assert multilabel_soft_margin_loss(x[0], LABELS[0], weight=weight, reduction="none").shape == ()


def test_more_axes_and_no_labels():
    y = multilabel_soft_margin_loss(X.reshape(2, 3, 4), LABELS.reshape(2, 3, 4), reduction="none")
    assert y.shape == (2, 3)
    y = multilabel_soft_margin_loss(np.zeros((3, 0)), np.zeros((3, 0)), reduction="none")
    assert y.data.tolist() == [0, 0, 0]


def test_errors():
    with pytest.raises(ValueError, match="soft_margin_loss: expected targets 1 or -1, got 0"):
        soft_margin_loss([1.0], [0])
    with pytest.raises(
        ValueError, match=r"multilabel_soft_margin_loss: expected targets in \[0, 1"
    ):
        multilabel_soft_margin_loss([[1.0]], [[-1]])
    with pytest.raises(ShapeError, match=r"predictions \(..., C\), got a single number"):
        multilabel_soft_margin_loss(1.0, 1.0)
    with pytest.raises(ShapeError, match=r"expected a weight that broadcasts to \(6, 4\)"):
        MultiLabelSoftMarginLoss(np.ones(3))(X, LABELS)
