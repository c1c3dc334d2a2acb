"""The gap between training and test."""

import numpy as np
import pytest

import neural_net_viz as viz
from neural_net_core import ShapeError


def test_the_area_lies_between_the_curves(picture, coordinates):
    shown = picture(viz.train_test_gap([0.0, 1.0], [0.0, 0.5]))
    area = next(e for e in shown.with_class("fill-grid") if e.get("d"))
    (x0, y0), (x1, top), (x2, bottom), (x3, y3) = coordinates(area.get("d"))
    assert (x0, x1) == (x3, x2) and y0 == y3
    assert abs(top - bottom) * 2 == pytest.approx(abs(y0 - min(top, bottom)), abs=0.05)


def test_the_gap_is_told_where_both_are_known():
    figure = viz.train_test_gap([0.5, 1.0, np.nan], [0.5, 0.75, 0.8], y_label="accuracy")
    assert figure.description.endswith("training 1, test 0.75, a gap of 0.25 at the end.")


def test_seeds_are_drawn_as_their_median(picture):
    many = viz.train_test_gap([[0.0, 1.0], [0.0, 2.0], [0.0, 9.0]], [0.0, 1.0])
    assert "training 2, test 1" in many.description
    assert "Lines: medians over 3 seeds." in picture(many).words()


def test_steps_must_agree():
    with pytest.raises(ShapeError, match="got 2, 3 and 2"):
        viz.train_test_gap([1, 2], [1, 2, 3])
    with pytest.raises(ShapeError, match="got 2, 2 and 3"):
        viz.train_test_gap([1, 2], [1, 2], x=[0, 1, 2])
