"""Accuracy in its four readings, against counting by hand."""

import numpy as np
import pytest

from neural_net_core import Tensor
from neural_net_core.errors import DTypeError, ShapeError
from neural_net_utils.metrics import accuracy, binary_accuracy, exact_match, top_k_accuracy


def rng():
    return np.random.default_rng(0)


def test_accuracy_counts_right_classes():
    """Scores, class numbers, Tensors and sequences of scores all count the same way."""
    scores, targets = rng().random((30, 4)), rng().integers(0, 4, 30)
    wanted = sum(int(np.argmax(s)) == t for s, t in zip(scores, targets, strict=True)) / 30
    assert accuracy(scores, targets) == pytest.approx(wanted)
    assert accuracy(Tensor(scores), targets) == pytest.approx(wanted)
    assert accuracy(scores.argmax(axis=1), targets) == pytest.approx(wanted)
    assert accuracy(scores.reshape(5, 6, 4), targets.reshape(5, 6)) == pytest.approx(wanted)


def test_ignored_targets_do_not_count():
    """Padding is neither right nor wrong."""
    assert accuracy([[0, 1], [0, 1], [1, 0]], [1, -100, 1], ignore_index=-100) == 0.5
    assert np.isnan(accuracy([[0, 1]], [-100], ignore_index=-100))


def test_accuracy_refuses_what_it_cannot_read():
    """Probabilities against 0/1 floats point to binary_accuracy, wrong shapes show both."""
    with pytest.raises(DTypeError, match="binary_accuracy"):
        accuracy(np.array([0.2, 0.8]), np.array([0.0, 1.0]))
    with pytest.raises(ShapeError, match=r"got float64 \(2,\) for targets \(2,\)"):
        accuracy(np.array([0.2, 0.8]), np.array([0, 1]))
    with pytest.raises(ShapeError, match=r"\(3, 2\) for targets \(4,\)"):
        accuracy(np.ones((3, 2)), np.zeros(4, dtype=int))


def test_binary_and_exact():
    """Single outputs and whole rows; thresholds; shapes."""
    outputs = np.array([[0.9, 0.2], [0.4, 0.6]])
    targets = np.array([[1, 0], [1, 1]])
    assert binary_accuracy(outputs, targets) == 0.75
    assert exact_match(outputs, targets) == 0.5
    assert exact_match(outputs, targets, threshold=0.3) == 1.0
    assert binary_accuracy(outputs, targets, threshold=0.95) == 0.25
    assert np.isnan(binary_accuracy(np.ones((0, 2)), np.ones((0, 2))))
    with pytest.raises(ShapeError, match="one shape"):
        binary_accuracy(outputs, targets[:1])
    with pytest.raises(ShapeError, match="one shape"):
        exact_match(outputs[:, 0], targets)


def test_top_k_against_sorting():
    """The right class is among the k largest; k = 1 is accuracy, k = K is 1."""
    scores, targets = rng().random((50, 6)), rng().integers(0, 6, 50)
    for k in range(1, 7):
        best = np.argsort(-scores, axis=1)[:, :k]
        wanted = np.mean([t in row for t, row in zip(targets, best, strict=True)])
        assert top_k_accuracy(scores, targets, k=k) == pytest.approx(wanted)
    assert top_k_accuracy(scores, targets, k=1) == accuracy(scores, targets)


def test_top_k_ties_and_nan_are_no_free_points():
    """A constant or NaN output is right only when every class is allowed."""
    targets = np.array([0, 1, 2])
    assert top_k_accuracy(np.ones((3, 3)), targets, k=2) == 0
    assert top_k_accuracy(np.ones((3, 3)), targets, k=3) == 1
    assert top_k_accuracy(np.full((3, 3), np.nan), targets, k=2) == 0
    with pytest.raises(ValueError, match="k must be an int from 1 to 3, got 5"):
        top_k_accuracy(np.ones((3, 3)), targets)
    with pytest.raises(ShapeError, match="top_k_accuracy: expected scores"):
        top_k_accuracy(np.ones(3), targets, k=1)
