"""Confusion matrix, precision, recall, F1: against counting in plain Python."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neural_net_utils.metrics import accuracy, confusion_matrix, f1_score, precision, recall

pairs = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30)


def by_hand(samples):
    """Per class that occurs: (precision, recall, f1, support), 0/0 as 0."""
    rows = {}
    for c in sorted({c for pair in samples for c in pair}):
        tp = sum(p == c and t == c for p, t in samples)
        fp = sum(p == c and t != c for p, t in samples)
        fn = sum(p != c and t == c for p, t in samples)
        p = tp / (tp + fp) if tp + fp else 0.0
        r = tp / (tp + fn) if tp + fn else 0.0
        rows[c] = (p, r, 2 * p * r / (p + r) if p + r else 0.0, tp + fn)
    return rows


@given(pairs)
@settings(max_examples=100, deadline=None)
def test_against_plain_python(samples):
    """All averages of all three scores."""
    predicted, true = map(np.array, zip(*samples, strict=True))
    rows = by_hand(samples)
    support = sum(row[3] for row in rows.values())
    for column, metric in enumerate((precision, recall, f1_score)):
        each = metric(predicted, true, average=None)
        assert each[list(rows)] == pytest.approx([row[column] for row in rows.values()])
        assert metric(predicted, true) == pytest.approx(
            sum(row[column] for row in rows.values()) / len(rows)
        )
        assert metric(predicted, true, average="weighted") == pytest.approx(
            sum(row[column] * row[3] for row in rows.values()) / support
        )
        assert metric(predicted, true, average="micro") == pytest.approx(accuracy(predicted, true))


def test_matrix_rows_are_true_classes():
    """Row = truth, column = prediction; absent classes have zero rows."""
    matrix = confusion_matrix([1, 1, 2, 0], [0, 1, 1, 0], 4)
    assert matrix.tolist() == [[1, 1, 0, 0], [0, 1, 1, 0], [0] * 4, [0] * 4]
    assert matrix.dtype == np.int64
    assert confusion_matrix(np.ones((2, 5)), [0, 1]).shape == (5, 5)
    assert confusion_matrix(np.array([], int), np.array([], int), 3).sum() == 0


def test_zero_division():
    """0/0 counts as asked: 0, 1, or left out of the mean."""
    predicted, true = [0, 0, 1], [0, 0, 0]  # class 1: recall 0/0
    assert recall(predicted, true) == pytest.approx(1 / 3)
    assert recall(predicted, true, zero_division=1) == pytest.approx(5 / 6)
    assert recall(predicted, true, zero_division=math.nan) == pytest.approx(2 / 3)
    assert math.isnan(recall(predicted, true, average=None, zero_division=math.nan)[1])


def test_binary_is_class_one():
    """average="binary" reads class 1, also when it never occurs."""
    assert precision([1, 1, 0], [1, 0, 0], average="binary") == 0.5
    assert precision([0, 0], [0, 0], average="binary", zero_division=1) == 1
    with pytest.raises(ValueError, match="needs classes 0 and 1, got 3"):
        precision([2], [1], average="binary")


def test_bad_arguments():
    """Averages and class numbers out of range."""
    with pytest.raises(ValueError, match=r"f1_score: average must be .* got 'mean'"):
        f1_score([0], [0], average="mean")
    with pytest.raises(ValueError, match="from 0 to 1, got 2"):
        confusion_matrix([0, 2], [0, 1], 2)
    with pytest.raises(ValueError, match="from 0, got -1"):
        confusion_matrix([0], [-1])
