"""Attention step by step: the numbers in the matrices are those of the formula."""

import numpy as np
import pytest

import neural_net_viz as viz
from neural_net_core import ShapeError


def rows(*shape):
    return np.random.default_rng(sum(shape)).normal(size=shape)


def written(values):
    return {f"{x + 0.0:.2f}".replace("-0.00", "0.00").replace("-", "−") for x in np.ravel(values)}


def test_every_matrix_shows_its_numbers(picture):
    q, k, v = rows(3, 2), rows(4, 2), rows(4, 3)
    scores = q @ k.T / np.sqrt(2)
    weights = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    words = set(picture(viz.attention_diagram(q, k, v)).words())
    for matrix in (q, k, scores, weights, v, weights @ v):
        assert written(matrix) <= words
    assert {"Q: queries", "Kᵀ: keys", "S: scores", "P: weights", "V: values", "Y: output",
            "÷ √2", "softmax over each row"} <= words  # fmt: skip


def test_a_causal_query_sees_nothing_later(picture):
    q = np.zeros((3, 2))
    shown = picture(viz.attention_diagram(q, q, np.eye(3), causal=True))
    words = shown.words()
    assert words.count("−∞") == 3
    assert {"1.00", "0.50", "0.33"} <= set(words)
    assert any("later keys hidden" in word for word in words)


def test_large_scores_do_not_overflow():
    figure = viz.attention_diagram([[1e3]], [[1e3], [-1e3]], [[1.0], [2.0]])
    assert "to 1 (1)" in figure.description


def test_bad_input():
    with pytest.raises(ShapeError, match=r"got \(3, 2\), \(3, 3\) and \(3, 2\)"):
        viz.attention_diagram(rows(3, 2), rows(3, 3), rows(3, 2))
    with pytest.raises(ShapeError, match="expected queries"):
        viz.attention_diagram(rows(3, 2), rows(3, 2), rows(4, 2))
    with pytest.raises(ValueError, match="at most 8, got 9"):
        viz.attention_diagram(rows(9, 2), rows(3, 2), rows(3, 2))
    with pytest.raises(ValueError, match="1 or more, got 0"):
        viz.attention_diagram(np.zeros((0, 2)), rows(3, 2), rows(3, 2))
