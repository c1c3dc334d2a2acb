"""Curves: where they run, what the band spans, where they stop."""

import numpy as np
import pytest

import neural_net_viz as viz
from neural_net_core import ShapeError, Tensor


def curve(shown, coordinates, index=0):
    return coordinates(shown.with_class("line")[index].get("d"))


def test_a_falling_curve_falls(picture, coordinates):
    points = curve(picture(viz.training_curves([3.0, 2.0, 1.0])), coordinates)
    assert len(points) == 3
    assert [y for _, y in points] == sorted(y for _, y in points)
    steps = np.diff([x for x, _ in points])
    np.testing.assert_allclose(steps, steps[0], atol=0.02)


def test_on_a_log_axis_equal_factors_are_equal_steps(picture, coordinates):
    points = curve(picture(viz.training_curves([100.0, 10.0, 1.0], log_y=True)), coordinates)
    np.testing.assert_allclose(np.diff([y for _, y in points], n=2), 0, atol=0.02)


def test_the_line_is_the_median_and_the_band_the_range(picture, coordinates):
    seeds = np.array([[1.0, 1.0], [2.0, 2.0], [9.0, 9.0]])
    shown = picture(viz.training_curves({"run": seeds, "same": [2.0, 2.0]}))
    median, same = (curve(shown, coordinates, i) for i in range(2))
    assert median == same
    band = coordinates(shown.with_class("band")[0].get("d"))
    top, bottom = min(y for _, y in band), max(y for _, y in band)
    low, high = (median[0][1] - top), (bottom - median[0][1])
    np.testing.assert_allclose(low / high, 7.0, rtol=0.01)  # 9 − 2 above, 2 − 1 below
    assert "Line: median over seeds; band: lowest to highest." in shown.words()


def test_quartiles_are_narrower_and_none_has_no_band(picture):
    seeds = np.arange(5.0)[:, None] * np.ones(3)
    assert picture(viz.training_curves({"a": seeds}, band="quartiles")).with_class("band")
    assert not picture(viz.training_curves({"a": seeds}, band="none")).with_class("band")
    with pytest.raises(ValueError, match="'range', 'quartiles' or 'none', got 'all'"):
        viz.training_curves({"a": seeds}, band="all")


def test_a_run_that_diverged_ends_where_it_did(picture, coordinates):
    shown = picture(viz.training_curves([3.0, 2.0, np.inf, np.nan]))
    assert len(curve(shown, coordinates)) == 2


def test_runs_differ_by_dash_as_well_as_colour(picture):
    shown = picture(viz.training_curves({"a": [1, 2], "b": [2, 1]}))
    a, b = shown.with_class("line")
    assert a.get("class") != b.get("class")
    assert a.get("stroke-dasharray") != b.get("stroke-dasharray")
    assert {"a", "b"} <= set(shown.words())


def test_a_long_curve_keeps_its_peak_and_stays_small(picture, coordinates):
    values = np.zeros(100_000)
    values[54_321] = 5.0
    figure = viz.training_curves(values)
    assert len(figure.to_string()) < 60_000
    points = curve(picture(figure), coordinates)
    assert sum(y < points[0][1] - 100 for _, y in points) == 1


def test_tensors_and_positions():
    figure = viz.training_curves({"a": Tensor([1.0, 2.0])}, x=[10, 20], x_label="step")
    assert "20" in figure.to_string()


def test_wrong_shapes_name_the_run():
    with pytest.raises(ShapeError, match=r"runs\['a'\].*\(steps,\) or \(seeds, steps\)"):
        viz.training_curves({"a": np.zeros((1, 2, 3))})
    with pytest.raises(ShapeError, match=r"runs\['a'\]\): expected 3 steps, got 2"):
        viz.training_curves({"a": [1, 2]}, x=[1, 2, 3])


def test_a_run_without_seeds_draws_nothing(picture):
    shown = picture(viz.training_curves({"a": np.zeros((0, 4))}))
    assert "no data" in shown.words()
    assert not shown.with_class("line")
