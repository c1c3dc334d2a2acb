"""Confusion matrices: counts, shades by row, the worst mistake in words."""

import numpy as np
import pytest

import neural_net_viz as viz
from neural_net_core import ShapeError


def test_shades_are_shares_of_the_row(picture):
    shown = picture(viz.confusion_matrix([[2, 2], [0, 400]]))
    cells = [e.get("class") for e in shown.all("rect") if "crisp" in (e.get("class") or "")]
    assert cells == [f"nnv-fill-sequential-{k} nnv-crisp" for k in (16, 16, 0, 32)]
    assert "0 taken for 1: 2 (50.0%)" in shown.tips()


def test_zeros_are_left_blank(picture):
    words = picture(viz.confusion_matrix([[7, 0], [3, 8]], class_names=["cat", "dog"])).words()
    assert {"7", "3", "8", "cat", "dog"} <= set(words) and "0" not in words


def test_the_description_names_the_most_frequent_mistake():
    text = viz.confusion_matrix([[7, 1], [3, 8]], class_names=["cat", "dog"]).description
    assert text.endswith("15 of 19 right. Most frequent mistake: dog taken for cat (3).")
    assert "mistake" not in viz.confusion_matrix(np.eye(3)).description


def test_it_must_be_square():
    with pytest.raises(ShapeError, match=r"expected \(K, K\), got \(2, 3\)"):
        viz.confusion_matrix(np.zeros((2, 3)))


def test_many_classes_are_shades_alone(picture):
    shown = picture(viz.confusion_matrix(np.eye(50)))
    assert shown.with_class("fill-sequential-32") and "1" in shown.words()
    assert "50 of 50 right" in shown.figure.description
    assert shown.width < 1000
