"""States over time: time to the right, units down, gates and states in their colours."""

import numpy as np
import pytest

import neural_net_viz as viz
from neural_net_core import ShapeError


def test_time_runs_right_and_units_go_down(picture):
    states = np.zeros((4, 2))
    states[3, 1] = -1.0
    shown = picture(viz.sequence_heat_map(states, step_labels="abcd"))
    (frame,) = shown.with_class("frame")
    x, y, wide, tall = (float(frame.get(k)) for k in ("x", "y", "width", "height"))
    (square,) = (e for e in shown.with_class("fill-signed-0") if e.get("d"))
    left, top = map(float, square.get("d")[1:].split("H")[0].split())
    assert left == pytest.approx(x + 3 * wide / 4, abs=0.02)
    assert top == pytest.approx(y + tall / 2, abs=0.02)
    places = {t.content: t.corners[0][0] for t in shown.texts()}
    assert places["a"] < places["b"] < places["d"]


def test_gates_start_at_zero_and_states_are_signed(picture):
    shown = picture(viz.sequence_heat_map({"gate": [[0.5, 1.0]], "state": [[-1.0, 1.0]]}))
    for name in ("fill-sequential-16", "fill-sequential-32", "fill-signed-0", "fill-signed-32"):
        assert [e for e in shown.with_class(name) if e.get("d")], name
    assert {"gate", "state"} <= set(shown.words())


def test_all_states_have_the_same_steps():
    with pytest.raises(ShapeError, match=r"as many steps in each, got \[2, 3\]"):
        viz.sequence_heat_map({"a": np.zeros((2, 1)), "b": np.zeros((3, 1))})
    with pytest.raises(ShapeError, match="expected 2 labels, got 3"):
        viz.sequence_heat_map(np.zeros((2, 1)), step_labels="abc")


def test_units_have_names_where_there_are_as_many(picture):
    gates = {"image": np.zeros((4, 2)), "class": np.zeros((4, 3))}
    words = picture(viz.sequence_heat_map(gates, unit_labels=["x", "y", "blank"])).words()
    assert {"x", "y", "blank"} <= set(words)
    assert "3" not in viz.sequence_heat_map(gates, unit_labels="xyz", step_labels="abcd").title
    with pytest.raises(ShapeError, match="expected 3 labels, got 2"):
        viz.sequence_heat_map(gates, unit_labels="ab")
