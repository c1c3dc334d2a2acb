"""A network unrolled in time: as many cells as steps, states to the right, inputs below."""

import pytest

import neural_net_viz as viz
from neural_net_core import ShapeError


def test_each_step_has_a_cell_with_its_input_below_and_its_output_above(picture):
    shown = picture(viz.unrolled_diagram("abc", "xyz", cell="RNN"))
    texts = {t.content: t.corners[0] for t in shown.texts()}
    assert len(shown.with_class("node")) == 3
    assert shown.words().count("RNN") == 3
    for low, high in zip("abc", "xyz", strict=True):
        assert texts[low][1] > texts["RNN"][1] > texts[high][1]
        assert texts[low][0] == pytest.approx(texts[high][0], abs=3)
    assert texts["a"][0] < texts["b"][0] < texts["c"][0]
    assert texts["h₀"][0] < texts["a"][0] < texts["last h"][0]


def test_the_way_back_begins_at_the_right(picture):
    shown = picture(viz.unrolled_diagram("ab", bidirectional=True))
    places = sorted(t.corners[0][0] for t in shown.texts() if t.content == "h₀")
    cells = [t.corners[0][0] for t in shown.texts() if t.content.startswith("cell")]
    assert places[0] < min(cells) < max(cells) < places[1]
    assert len(shown.with_class("node")) == 4


def test_of_many_steps_the_first_and_the_last_are_drawn(picture):
    shown = picture(viz.unrolled_diagram(range(100), layers=2))
    assert {"0", "99", "…", "cell 1", "cell 2"} <= set(shown.words())
    assert "50" not in shown.words()
    assert len(shown.with_class("node")) == 18


def test_what_does_not_fit_is_an_error():
    with pytest.raises(ShapeError, match="expected 2 labels, got 3"):
        viz.unrolled_diagram("ab", "abc")
    with pytest.raises(ValueError, match=r"layers\): expected 1 or more, got 0"):
        viz.unrolled_diagram("ab", layers=0)
