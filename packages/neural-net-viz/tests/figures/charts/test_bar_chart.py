"""Bars: lengths in proportion, groups, whiskers."""

import numpy as np
import pytest

import neural_net_viz as viz
from neural_net_core import ShapeError


def bars(shown):
    return [e for e in shown.all("rect") if e.find("{http://www.w3.org/2000/svg}title") is not None]


def test_lengths_are_in_proportion(picture):
    one, three = bars(picture(viz.bar_chart({"a": 1.0, "b": 3.0})))
    np.testing.assert_allclose(float(three.get("width")) / float(one.get("width")), 3, rtol=1e-3)
    assert one.get("x") == three.get("x")


def test_negative_values_go_the_other_way(picture):
    down, up = bars(picture(viz.bar_chart({"a": -1.0, "b": 1.0})))
    assert float(down.get("x")) < float(up.get("x"))
    np.testing.assert_allclose(float(down.get("x")) + float(down.get("width")), float(up.get("x")))


def test_groups_have_a_legend(picture):
    shown = picture(viz.bar_chart({"x": {"train": 1, "test": 2}, "y": {"test": 3}}))
    assert {"train", "test", "x", "y"} <= set(shown.words())
    assert shown.tips() == ["x, train: 1", "x, test: 2", "y, test: 3"]


def test_whiskers_span_both_ways(picture):
    shown = picture(viz.bar_chart({"a": 2.0}, errors={"a": 0.5}))
    whisker = shown.with_class("edge")[0]
    bar = bars(shown)[0]
    end = float(bar.get("x")) + float(bar.get("width"))
    low, high = float(whisker.get("x1")), float(whisker.get("x2"))
    np.testing.assert_allclose(end - low, high - end, atol=0.05)
    np.testing.assert_allclose((high - low) / float(bar.get("width")), 0.5, rtol=0.01)


def test_values_are_numbers():
    with pytest.raises(ShapeError, match=r"values\['a'\]\): expected one number, got \(2,\)"):
        viz.bar_chart({"a": [1, 2]})


def test_whiskers_stay_inside_the_plot(picture):
    shown = picture(viz.bar_chart({"a": -3.0, "b": 2.0}, errors={"a": 1.0, "b": 0.5}))
    axis = next(e for e in shown.with_class("axis") if e.get("d")).get("d")
    left, right = float(axis[1:].split()[0]), float(axis.split("L")[-1].split()[0])
    for whisker in shown.with_class("edge"):
        assert left < float(whisker.get("x1")) < float(whisker.get("x2")) < right
