"""InfoNCE."""

import numpy as np
import pytest

from neural_net_core import InfoNCELoss, ShapeError, Tensor, info_nce

rng = np.random.default_rng(0)


def unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def log_softmax(scores):
    return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))


def test_the_other_keys_of_the_batch_are_the_wrong_answers():
    q, k = rng.normal(size=(2, 5, 4))
    scores = unit(q) @ unit(k).T / 0.3
    y = info_nce(Tensor(q, np.float64), k, temperature=0.3, reduction="none")
    np.testing.assert_allclose(y.data, -np.diag(log_softmax(scores)), rtol=1e-12)
    both = info_nce(Tensor(q, np.float64), k, temperature=0.3, symmetric=True, reduction="none")
    expected = -(np.diag(log_softmax(scores)) + np.diag(log_softmax(scores.T))) / 2
    np.testing.assert_allclose(both.data, expected, rtol=1e-12)


def test_given_negatives_are_the_wrong_answers_of_every_query():
    (q, k), n = rng.normal(size=(2, 3, 4)), rng.normal(size=(7, 4))
    right = (unit(q) * unit(k)).sum(axis=1, keepdims=True)
    scores = np.concatenate([right, unit(q) @ unit(n).T], axis=1) / 0.2
    y = info_nce(Tensor(q, np.float64), k, n, temperature=0.2, reduction="none")
    np.testing.assert_allclose(y.data, -log_softmax(scores)[:, 0], rtol=1e-12)


def test_a_random_encoder_has_the_loss_log_n_and_a_perfect_one_none():
    q, k = rng.normal(size=(2, 64, 1000))
    assert info_nce(q, k, temperature=1.0).item() == pytest.approx(np.log(64), rel=0.01)
    assert info_nce(q, 5 * q, temperature=0.05).item() < 1e-5


def test_gradient_steps_bring_pairs_together():
    q, k = (Tensor(v, requires_grad=True) for v in rng.normal(size=(2, 6, 4)))
    loss = InfoNCELoss(temperature=0.2)
    first = loss(q, k).item()
    for _ in range(50):
        q.grad = k.grad = None
        loss(q, k).backward()
        q.data -= q.grad
        k.data -= k.grad
    assert loss(q, k).item() < 0.3 * first


def test_what_does_not_fit():
    with pytest.raises(ValueError, match="info_nce: temperature must be a number > 0, got 0"):
        info_nce([[1.0]], [[1.0]], temperature=0)
    with pytest.raises(ValueError, match="InfoNCELoss: temperature must be a number > 0"):
        InfoNCELoss(temperature=-1)
    with pytest.raises(ValueError, match="symmetric"):
        info_nce([[1.0]], [[1.0]], [[1.0]], symmetric=True)
    with pytest.raises(ShapeError, match=r"queries \(N, D\), got \(1,\)"):
        info_nce([1.0], [1.0])
    with pytest.raises(ShapeError, match=r"negatives \(M, 2\), got \(3, 1\)"):
        info_nce([[1.0, 2.0]], [[1.0, 2.0]], [[1.0], [2.0], [3.0]])
