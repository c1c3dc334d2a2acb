"""Cosine similarity and its loss."""

import numpy as np
import pytest

from neural_net_core import ShapeError, Tensor, cosine_embedding_loss, cosine_similarity

rng = np.random.default_rng(0)


def test_angles():
    a = [[1.0, 0.0]] * 4
    b = [[5.0, 0.0], [1.0, 1.0], [0.0, -2.0], [-3.0, 0.0]]
    np.testing.assert_allclose(cosine_similarity(a, b).data, [1, np.sqrt(0.5), 0, -1], rtol=1e-6)


def test_a_search_broadcasts_queries_against_documents():
    q, d = rng.normal(size=(3, 1, 4)), rng.normal(size=(5, 4))
    y = cosine_similarity(q, d)
    expected = (q * d).sum(-1) / np.linalg.norm(q, axis=-1) / np.linalg.norm(d, axis=-1)
    np.testing.assert_allclose(y.data, expected, rtol=1e-5)


def test_zero_vectors_give_zero_and_no_gradient():
    with np.errstate(all="raise"):
        a = Tensor([[0.0, 0.0]], requires_grad=True)
        y = cosine_similarity(a, [[1.0, 2.0]])
        y.sum().backward()
    assert y.item() == 0
    np.testing.assert_array_equal(a.grad, [[0, 0]])


def test_lengths_count_as_at_least_eps():
    """Unless it is given, that is 1e-8."""
    for length, expected in [(0.5e-8, 0.5), (1.5e-8, 1.0)]:
        y = cosine_similarity(np.array([[length, 0.0]]), np.array([[2.0, 0.0]]))
        assert y.item() == pytest.approx(expected, rel=1e-6)
    y = cosine_similarity([[0.5, 0.0]], [[2.0, 0.0]], eps=1.0)
    assert y.item() == 0.5


def test_similar_pairs_are_pulled_and_others_pushed_up_to_the_margin():
    a, b = [[1.0, 0.0]] * 3, [[1.0, 1.0], [1.0, 1.0], [-1.0, 1.0]]
    y = cosine_embedding_loss(a, b, [1, -1, -1], margin=0.2, reduction="none")
    c = np.sqrt(0.5)
    np.testing.assert_allclose(y.data, [1 - c, c - 0.2, 0], rtol=1e-6)


def test_one_pair_without_a_batch():
    assert cosine_embedding_loss([1.0, 0.0], [0.0, 1.0], 1).item() == 1


def test_wrong_targets():
    with pytest.raises(ValueError, match="expected targets 1 or -1, got 0"):
        cosine_embedding_loss([[1.0]], [[1.0]], [0])
    with pytest.raises(ShapeError, match=r"for vectors \(1, 2\) expected one target each"):
        cosine_embedding_loss([[1.0, 2.0]], [[1.0, 2.0]], [[1]])
    with pytest.raises(ShapeError, match="one shape"):
        cosine_embedding_loss([[1.0, 2.0]], [[1.0]], [1])
