"""Spikes: a mark for each, in its row and at its time; rates of each neuron and of all."""

import re

import numpy as np
import pytest

import neural_net_viz as viz
from neural_net_core import ShapeError, Tensor

SPIKES = np.array([[1, 0, 0], [0, 0, 1], [1, 0, 0], [1, 0, 0]])


def marks(shown):
    """Return the places of the marks."""
    (path,) = [e for e in shown.with_class("stroke-text") if e.get("d")]
    found = re.findall(r"M([\d.]+) ([\d.]+)v([\d.]+)", path.get("d"))
    return [(float(x), float(y) + float(tall) / 2) for x, y, tall in found]


def bars(shown):
    """Return the widths of the rates' bars."""
    return [float(e.get("width")) for e in shown.with_class("fill-series-0") if e.get("width")]


def test_a_mark_stands_in_its_neurons_row_at_its_step(picture):
    shown = picture(viz.raster_plot(Tensor(SPIKES)))
    places = sorted(marks(shown))
    assert len(places) == 4
    steps = [x for x, _ in places]
    np.testing.assert_allclose(np.diff(steps), steps[1] - steps[0], atol=0.02)
    rows = {e.content: e.corners[0][1] for e in shown.texts() if e.content in "123"}
    for (_, y), name in zip(places, "1311", strict=True):
        assert min(rows, key=lambda n: abs(rows[n] + 4 - y)) == name


def test_rates_are_spikes_in_the_unit_of_time(picture):
    figure = viz.raster_plot(SPIKES, step=0.5, x_label="ms")
    assert "neuron 1, 1.5 per ms; least: 2, 0" in figure.description
    found = bars(picture(figure))
    assert found[0] == 3 * found[1] and len(found) == 2  # a rate of 0 has no bar


def test_the_curve_below_is_the_mean_of_all(picture, coordinates):
    shown = picture(viz.raster_plot(np.array([[1, 1], [0, 1], [0, 0]])))
    (curve,) = [e for e in shown.with_class("fill-series-0") if e.get("d")]
    bottom = float(re.match(r"M[\d.]+ ([\d.]+)", curve.get("d"))[1])
    heights = [bottom - float(y) for y in re.findall(r"V([\d.]+)", curve.get("d"))]
    assert heights[:3] == [64, 32, 0]


def test_what_is_not_known_counts_neither_way():
    spikes = [[1.0, np.nan], [np.nan, np.nan], [0.0, np.nan]]
    description = viz.raster_plot(spikes).description
    assert "neuron 1, 0.5 per step" in description and "Not known: 4" in description


def test_of_very_many_spikes_none_is_lost():
    """They become a picture; one spike of a stretch still blackens it."""
    spikes = np.zeros((5000, 60))
    spikes[::2] = 1
    svg = viz.raster_plot(spikes).to_string()
    assert "data:image/png" in svg and len(svg) < 1_000_000


def test_bad_input():
    with pytest.raises(ShapeError, match=r"spikes\): expected \(T, N\), got \(4,\)"):
        viz.raster_plot([1, 0, 0, 1])
    with pytest.raises(ValueError, match="0 and 1 only"):
        viz.raster_plot([[0.5]])
    with pytest.raises(ValueError, match=r"step\): expected more than 0"):
        viz.raster_plot([[1]], step=0)
    with pytest.raises(ShapeError, match="expected 3 labels, got 2"):
        viz.raster_plot(SPIKES, neuron_labels="ab")
