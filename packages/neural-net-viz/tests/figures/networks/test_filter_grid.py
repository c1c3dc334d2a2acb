"""Filters and feature maps: one image each, signed colours, a visible rest."""

import numpy as np
import pytest

import neural_net_viz as viz
from neural_net_core import ShapeError


def squares(shown, name):
    """Count the squares of a shade; the strip of the legend is made of rectangles instead."""
    return sum(e.get("d", "").count("M") for e in shown.with_class(name))


def test_positive_and_negative_weights_have_the_two_ends_of_the_colours(picture):
    shown = picture(viz.filter_grid([[[1.0, -1.0]]]))
    assert squares(shown, "fill-signed-32") == squares(shown, "fill-signed-0") == 1


def test_one_row_per_filter_with_its_channels(picture):
    shown = picture(viz.filter_grid(np.zeros((2, 3, 2, 2)), labels=["edge", "spot"]))
    assert [w for w in shown.words() if "," in w] == [
        "edge, 1", "edge, 2", "edge, 3", "spot, 1", "spot, 2", "spot, 3",
    ]  # fmt: skip
    heights = {t.content: t.corners[0][1] for t in shown.texts()}
    assert heights["edge, 1"] == heights["edge, 3"] < heights["spot, 1"]


def test_what_is_not_drawn_stands_in_the_title():
    figure = viz.filter_grid(np.zeros((100, 1, 3, 3)), most=10)
    assert figure.title == "Filters (… 90 more filters)"
    assert "not drawn: 90 more filters" in figure.description
    assert viz.feature_maps(np.zeros((9, 2, 2)), most=4).title == "Feature maps (… 5 more)"


def test_feature_maps_share_a_range_and_take_signed_colours_if_they_need_them(picture):
    shown = picture(viz.feature_maps([[[0.0, 1.0]], [[0.0, 4.0]]]))
    assert squares(shown, "fill-sequential-8") == 1  # a quarter of the way
    assert squares(picture(viz.feature_maps([[[-1.0, 1.0]]])), "fill-signed-0") == 1


def test_feature_maps_name_the_silent_ones():
    figure = viz.feature_maps([[[0.0, 0.0]], [[0.0, 4.0]]], labels=["a", "b"])
    assert figure.description == (
        "2 maps of 1 × 2; 1 of them are 0 everywhere. Strongest: map b, up to 4."
    )


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: viz.filter_grid(np.zeros((2, 2))), r"filter_grid\(weights\).*got \(2, 2\)"),
        (lambda: viz.filter_grid(np.zeros((2, 0, 3, 3))), "at least one channel"),
        (lambda: viz.filter_grid(np.zeros((2, 2, 2)), labels=["a"]), "expected 2 labels, got 1"),
        (lambda: viz.feature_maps(np.zeros((2, 3, 4, 4))), "one image"),
    ],
)
def test_wrong_shapes(call, text):
    with pytest.raises(ShapeError, match=text):
        call()


@pytest.mark.parametrize("function", [viz.filter_grid, viz.feature_maps])
def test_most_is_at_least_one(function):
    with pytest.raises(ValueError, match="expected 1 or more, got 0"):
        function(np.zeros((1, 2, 2)), most=0)
