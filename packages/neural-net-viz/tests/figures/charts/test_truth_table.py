"""Truth tables: right and wrong by mark and word."""

import numpy as np
import pytest

import neural_net_viz as viz
from neural_net_core import ShapeError

X = [[0, 0], [0, 1], [1, 0], [1, 1]]
T = [[0], [1], [1], [0]]


def test_right_and_wrong_are_words(picture):
    shown = picture(viz.truth_table(X, T, [[0.05], [0.95], [0.4], [np.nan]], margin=0.1))
    assert shown.words().count("right") == 2
    assert shown.words().count("wrong") == 2
    assert "2 of 4 answers are within 0.1" in shown.figure.description
    assert "0.950" in shown.words() and "NaN" in shown.words()


def test_without_answers_it_is_just_the_table(picture):
    shown = picture(viz.truth_table(X, T))
    assert "right" not in shown.words()
    assert shown.words().count("1") == 4 + 2


def test_one_output_may_be_flat():
    assert viz.truth_table(X, [0, 1, 1, 0]) == viz.truth_table(X, T)


def test_shapes_must_agree():
    with pytest.raises(ShapeError, match=r"inputs \(4, 2\), expected \(3, 1\)"):
        viz.truth_table(X, T[:3])
    with pytest.raises(ShapeError, match=r"outputs \(4, 2\)"):
        viz.truth_table(X, T, X)
    with pytest.raises(ShapeError, match="expected 2 labels, got 1"):
        viz.truth_table(X, T, input_names=["A"])


def test_of_many_rows_and_columns_the_first_and_the_last_are_drawn(picture):
    rows = [[(i >> k) & 1 for k in range(10)] for i in range(1024)]
    numbers = [[1000 + i] for i in range(1024)]
    shown = picture(viz.truth_table(rows, numbers))
    words = shown.words()
    assert {"1000", "1031", "1992", "2023"} <= set(words) and "1032" not in words
    assert "960 more rows" in shown.figure.title
    assert "1024 rows" in shown.figure.description
    wide = picture(viz.truth_table(np.zeros((2, 300)), np.zeros((2, 1))))
    assert {"x₁", "x₃₀₀"} <= set(wide.words()) and "more inputs" in wide.figure.title
