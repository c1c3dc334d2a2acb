"""Arrows: from the first point to the last, around corners, with the tip where they end."""

import pytest

from neural_net_viz.drawing.arrows import draw_arrow, draw_sign
from neural_net_viz.drawing.canvas import Canvas


@pytest.mark.parametrize(
    "points",
    [
        [(0, 0), (50, 0)],
        [(50, 90), (50, 10)],
        [(0, 0), (40, 0), (40, 40)],
        [(0, 0), (0, 3), (4, 3), (4, 90)],  # corners nearer than their rounding
    ],
)
def test_an_arrow_leads_from_its_first_point_to_its_last(picture, coordinates, points):
    canvas = Canvas()
    draw_arrow(canvas, points)
    line, tip = picture(canvas.figure(100, 100, "a", "an arrow")).with_class("line")
    places = coordinates(line.get("d"))
    assert (places[0], places[-1]) == (points[0], points[-1])
    assert coordinates(tip.get("d"))[1] == points[-1]
    (ax, ay), (bx, by) = points[-2:]
    for x, y in (coordinates(tip.get("d"))[i] for i in (0, 2)):  # the barbs lie behind the tip
        assert (x - bx) * (bx - ax) + (y - by) * (by - ay) < 0


@pytest.mark.parametrize(("sign", "level"), [("+", True), ("×", False)])
def test_signs_are_told_apart_by_their_strokes(picture, sign, level):
    canvas = Canvas()
    draw_sign(canvas, (20, 20), sign, "adds")
    shown = picture(canvas.figure(40, 40, "a", "a sign of an operation"))
    strokes = list(shown.with_class("edge"))
    assert len(strokes) == 2
    assert any(e.get("y1") == e.get("y2") for e in strokes) is level
