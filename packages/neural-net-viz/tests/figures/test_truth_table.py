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
