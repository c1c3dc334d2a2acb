"""The flame graph: widths are shares, parts lie below their whole."""

import pytest

import neural_net_viz as viz


def bars(shown):
    """Return the boxes of all bars by their name."""
    found = {}
    for rect in shown.with_class("outline"):
        name = rect.find("{http://www.w3.org/2000/svg}title").text.rpartition(": ")[0]
        found[name] = [float(rect.get(k)) for k in ("x", "y", "width", "height")]
    return found


def test_widths_are_shares_and_children_lie_below_their_parent(picture):
    shown = picture(viz.flame_graph({"a": {"": 2.0, "b": 1.0}, "c": 1.0}))
    found = bars(shown)
    assert set(found) == {"all", "a", "b", "c"}
    whole = found["all"][2]
    assert found["a"][2] == pytest.approx(whole * 0.75, abs=0.01)
    assert found["b"][2] == pytest.approx(whole * 0.25, abs=0.01)
    assert found["b"][0] == found["a"][0] and found["b"][1] > found["a"][1]
    assert found["c"][0] == pytest.approx(found["a"][0] + found["a"][2], abs=0.02)


def test_numbers_must_be_finite_and_not_negative():
    with pytest.raises(ValueError, match=r"flame_graph\(frames\['a'\]\['b'\]\).*got -1"):
        viz.flame_graph({"a": {"b": -1}})
    with pytest.raises(ValueError, match="got inf"):
        viz.flame_graph({"a": float("inf")})
