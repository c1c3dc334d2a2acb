"""Plots: data land where the axes say, gaps stay gaps, long curves stay small."""

import numpy as np
import pytest

from neural_net_viz.drawing.axes import Plot
from neural_net_viz.drawing.legend import LegendEntry
from neural_net_viz.drawing.scales import Scale, Tick


def plot(**arguments):
    return Plot(Scale(0, 10), Scale(0, 1), title="t", **arguments)


def test_the_corners_of_the_data_are_the_corners_of_the_plot():
    p = plot()
    assert p.px([0, 10]).tolist() == [p.left, p.right]
    np.testing.assert_allclose(p.py([0, 1]), [p.bottom, p.top])


def test_a_gap_stays_a_gap_and_a_single_point_is_seen(picture):
    p = plot()
    p.line([0, 1, 2, 3, 4, 5], [0, 1, np.nan, 1, np.inf, 0.5], "text")
    shown = picture(p.figure("d"))
    (line,) = shown.with_class("line")
    assert line.get("d").count("M") == 1
    assert len(shown.all("circle")) == 2


def test_a_long_curve_keeps_its_spikes_and_loses_its_length(picture, coordinates):
    p = Plot(Scale(0, 1e5), Scale(0, 1), title="t")
    values = np.full(100_000, 0.5)
    values[12_345], values[67_890] = 1.0, 0.0
    p.line(np.arange(100_000), values, "text")
    shown = picture(p.figure("d"))
    points = np.array(coordinates(shown.with_class("line")[0].get("d")))
    assert len(points) < 1300
    assert points[:, 1].min() == pytest.approx(p.top, abs=0.01)
    assert points[:, 1].max() == pytest.approx(p.bottom, abs=0.01)


def test_the_legend_stands_below_the_plot(picture):
    p = plot(legend=[LegendEntry(f"run {i}", "text") for i in range(12)])
    shown = picture(p.figure("d"))
    entries = [t for t in shown.texts() if t.content.startswith("run")]
    assert len(entries) == 12
    assert min(t.corners[0][1] for t in entries) > p.bottom


def test_notes_make_the_page_longer():
    p = plot()
    before = p.height
    p.note("one line")
    assert p.height > before


def test_ticks_can_be_given(picture):
    shown = picture(plot(y_ticks=[Tick(0.5, "half")], x_ticks=[]).figure("d"))
    assert shown.words() == ["t", "half"]


def test_ticks_outside_the_range_are_left_out(picture):
    assert "far" not in picture(plot(y_ticks=[Tick(7, "far")]).figure("d")).words()
