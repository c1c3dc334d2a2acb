"""Distances of pairs and the triplet loss."""

import numpy as np
import pytest

from neural_net_core import (
    ShapeError,
    Tensor,
    TripletMarginLoss,
    pairwise_distance,
    triplet_margin_loss,
)

rng = np.random.default_rng(0)


@pytest.mark.parametrize("p", [1.0, 1.5, 2.0, 3.0])
def test_the_distance_is_numpys_norm(p):
    a, b = rng.normal(size=(2, 5, 4))
    y = pairwise_distance(Tensor(a, np.float64), b, p=p, eps=0.0)
    np.testing.assert_allclose(y.data, np.linalg.norm(a - b, ord=p, axis=-1), rtol=1e-13)


@pytest.mark.parametrize("p", [1.0, 2.0, 3.0])
def test_where_two_vectors_coincide_the_gradient_is_finite(p):
    for eps in (0.0, 1e-6):
        a = Tensor([[1.0, 2.0]], requires_grad=True)
        with np.errstate(all="raise"):
            pairwise_distance(a, [[1.0, 2.0]], p=p, eps=eps).sum().backward()
        assert np.isfinite(a.grad).all()
        if eps == 0:
            np.testing.assert_array_equal(a.grad, [[0, 0]])


def test_by_hand():
    a, near, far = [[0.0, 0.0]], [[0.0, 1.0]], [[3.0, 4.0]]
    assert triplet_margin_loss(a, near, far, margin=1.0).item() == 0
    assert triplet_margin_loss(a, far, near, margin=1.0).item() == pytest.approx(5, rel=1e-5)


def test_swap_takes_the_harder_distance_to_the_negative():
    a, positive, negative = [[0.0]], [[3.0]], [[4.0]]
    # From the anchor the negative is 4 away, from the positive only 1.
    assert triplet_margin_loss(a, positive, negative).item() == 0
    assert triplet_margin_loss(a, positive, negative, swap=True).item() == pytest.approx(3)


def test_parameters_out_of_range():
    for p in (0.5, float("inf")):
        with pytest.raises(ValueError, match="pairwise_distance: p must be a finite number >= 1"):
            pairwise_distance([[0.0]], [[1.0]], p=p)
    with pytest.raises(ValueError, match="TripletMarginLoss: p must be a finite number >= 1"):
        TripletMarginLoss(p=0)
    with pytest.raises(ValueError, match="triplet_margin_loss: margin must be a finite number > 0"):
        triplet_margin_loss([[0.0]], [[1.0]], [[2.0]], margin=0)
    with pytest.raises(ValueError, match="TripletMarginLoss: margin must be a finite number > 0"):
        TripletMarginLoss(margin=-1)
    a, b = [[0.0]], [[2.0], [3.0]]
    with pytest.raises(
        ShapeError, match="triplet_margin_loss: expected anchor and positive of one"
    ):
        triplet_margin_loss(a, b, a)
    with pytest.raises(
        ShapeError, match="triplet_margin_loss: expected anchor and negative of one"
    ):
        triplet_margin_loss(a, a, b)
    with pytest.raises(ShapeError, match="pairwise_distance: expected both vectors of one shape"):
        pairwise_distance(a, b)
