"""Margin ranking."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import ShapeError, Tensor, hinge_loss, margin_ranking_loss

FLOATS = st.lists(st.floats(-5, 5), min_size=6, max_size=6)


@given(FLOATS, FLOATS, st.floats(-1, 2), st.lists(st.sampled_from([-1, 1]), min_size=6, max_size=6))
def test_it_is_the_hinge_loss_of_the_difference(a, b, margin, t):
    a, b = Tensor(a, np.float64), Tensor(b, np.float64)
    y = margin_ranking_loss(a, b, t, margin=margin, reduction="none").data
    np.testing.assert_array_equal(y, hinge_loss(a - b, t, margin=margin, reduction="none").data)


def test_values_and_slopes():
    a = Tensor([3.0, 1.0, 1.0, 0.0], requires_grad=True)
    b = Tensor([1.0, 0.5, 3.0, 2.0], requires_grad=True)
    y = margin_ranking_loss(a, b, [1, 1, 1, -1], margin=1.0, reduction="none")
    assert y.data.tolist() == [0, 0.5, 3, 0]
    y.sum().backward()
    assert a.grad.tolist() == [0, -1, -1, 0]
    assert b.grad.tolist() == [0, 1, 1, 0]


def test_equal_scores_come_apart_without_a_margin_too():
    a, b = (Tensor([0.0], requires_grad=True) for _ in range(2))
    margin_ranking_loss(a, b, [1]).backward()
    assert (a.grad[0], b.grad[0]) == (-1, 1)


def test_errors():
    with pytest.raises(ValueError, match="margin_ranking_loss: expected targets 1 or -1, got 0"):
        margin_ranking_loss([1.0, 2.0], [0.0, 0.0], [1, 0])
    with pytest.raises(ShapeError, match=r"scores and targets of one shape, got \(2,\) and \(\)"):
        margin_ranking_loss([1.0, 2.0], [0.0, 0.0], 1)
