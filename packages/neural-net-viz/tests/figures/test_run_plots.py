"""Schedules, gradient norms, gradient flow and runs side by side."""

import numpy as np
import pytest

import neural_net_viz as viz
from neural_net_core import ShapeError


def test_a_schedule_is_asked_at_every_step(picture, coordinates):
    asked = []

    def schedule(t):
        asked.append(t)
        return 1.0 - t / 10

    shown = picture(viz.schedule_plot({"linear": schedule}, steps=5))
    assert asked == [0, 1, 2, 3, 4]
    points = coordinates(shown.with_class("line")[0].get("d"))
    np.testing.assert_allclose(np.diff([y for _, y in points], n=2), 0, atol=0.02)
    with pytest.raises(ValueError, match="give steps="):
        viz.schedule_plot({"a": schedule})


def test_the_clipping_threshold_is_a_level_line(picture, coordinates):
    shown = picture(viz.gradient_norms([0.1, 1.0, 10.0], threshold=1.0))
    norms, threshold = (coordinates(e.get("d")) for e in shown.with_class("line"))
    assert len({y for _, y in threshold}) == 1
    assert norms[1][1] == threshold[1][1]
    assert "clipping threshold" in shown.words()


def test_gradient_flow_says_what_it_measures(picture):
    assert "mean |gradient|" in picture(viz.gradient_flow({"a": 1.0})).words()
    assert "norm" in picture(viz.gradient_flow({"a": 1.0}, value_label="norm")).words()


def test_gradient_flow_groups_times_and_needs_as_many_in_each_layer(picture):
    shown = picture(viz.gradient_flow({"a": [1, 2], "b": [3, 4]}, step_labels=["start", "end"]))
    assert {"a", "b", "start", "end"} <= set(shown.words())
    with pytest.raises(ShapeError, match=r"as many times in every layer, got \[1, 2\]"):
        viz.gradient_flow({"a": [1], "b": [1, 2]})


def test_runs_show_every_seed_and_count_the_failed(picture):
    shown = picture(viz.run_comparison({"a": [1.0, 2.0, 9.0], "b": [4.0, np.nan]}))
    assert len(shown.with_class("stroke-series-0")) == 3 + 1 + 1  # and one in the legend
    assert "1 failed: b" in shown.words()
    assert "a: median 2, from 1 to 9, 3 seeds." in shown.figure.description
    assert "b: median 4, from 4 to 4, 2 seeds, 1 failed." in shown.figure.description
