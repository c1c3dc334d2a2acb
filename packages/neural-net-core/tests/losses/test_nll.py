"""Negative log-likelihood."""

import numpy as np
import pytest

from neural_net_core import DTypeError, ShapeError, Tensor, cross_entropy, nll_loss, ops

rng = np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(5, 4), (4,), (2, 4, 3)])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("weight", [None, [0.5, 1.0, 2.0, 0.1]])
def test_after_a_log_softmax_it_is_the_cross_entropy(shape, reduction, weight):
    axis = 0 if len(shape) == 1 else 1
    rest = shape[:axis] + shape[axis + 1 :]
    labels = rng.choice([0, 1, 2, 3, -100], rest)
    data = rng.normal(size=shape)
    x, z = (Tensor(data, np.float64, requires_grad=True) for _ in range(2))
    y = nll_loss(ops.log_softmax(x, axis), labels, weight=weight, reduction=reduction)
    w = cross_entropy(z, labels, weight=weight, reduction=reduction)
    dy = rng.normal(size=y.shape)
    y.backward(dy)
    w.backward(dy)
    np.testing.assert_allclose(y.data, w.data, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(x.grad, z.grad, rtol=1e-12, atol=1e-14)


def test_nothing_but_ignored_targets_gives_zero():
    x = Tensor([[-np.inf, 0.0]], requires_grad=True)
    y = nll_loss(x, [-100])
    y.backward()
    assert y.item() == 0
    np.testing.assert_array_equal(x.grad, [[0, 0]])


def test_wrong_targets():
    with pytest.raises(IndexError, match="nll_loss: class index 2 is out of range for 2 classes"):
        nll_loss([[0.0, 0.0]], [2])
    with pytest.raises(DTypeError, match="nll_loss: expected integer"):
        nll_loss([[0.0, 0.0]], [1.0])
    with pytest.raises(ShapeError, match="nll_loss: for scores"):
        nll_loss([[0.0, 0.0]], [[1]])
    with pytest.raises(ShapeError, match="single number"):
        nll_loss(0.0, 1)
    with pytest.raises(ShapeError, match=r"expected weight \(2,\)"):
        nll_loss([[0.0, 0.0]], [1], weight=[1.0])
