"""Boxes and arrows of drawings that explain how something is put together."""

import math
from collections.abc import Sequence

from neural_net_viz.drawing.canvas import Canvas
from neural_net_viz.drawing.number_text import coordinate

__all__ = ["draw_arrow", "draw_box", "draw_sign"]

_BEND = 8.0  # radius of a corner
_HEAD = 5.0, 3.5  # length and half the width of the tip


def draw_arrow(
    canvas: Canvas,
    points: Sequence[tuple[float, float]],
    role: str = "stroke-muted",
    *,
    tip: bool = True,
) -> None:
    """Draw a line through points along the axes, its corners rounded, with a tip at its end.

    Args:
        canvas: Where to draw.
        points: Two or more; neighbours share a coordinate.
        role: The class of its stroke.
        tip: Whether it has one.
    """
    (x, y), end = points[0], points[-1]
    data = f"M{coordinate(x)} {coordinate(y)}"
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        radius = min(_BEND, math.dist(before, corner) / 2, math.dist(corner, after) / 2)
        for place, letter in ((before, "L"), (after, f"Q{_pair(corner)} ")):
            share = radius / math.dist(corner, place)
            near = (corner[i] + share * (place[i] - corner[i]) for i in (0, 1))
            data += letter + _pair((*near,))
    canvas.path(f"{data}L{_pair(end)}", f"line {role}", width=1.6)
    if tip:
        (ax, ay), (bx, by) = points[-2:]
        u, v = (bx > ax) - (bx < ax), (by > ay) - (by < ay)
        long, half = _HEAD
        left = bx - long * u - half * v, by - long * v - half * u
        right = bx - long * u + half * v, by - long * v + half * u
        canvas.path(f"M{_pair(left)}L{_pair(end)}L{_pair(right)}", f"line {role}", width=1.6)


def _pair(point: Sequence[float]) -> str:
    return f"{coordinate(point[0])} {coordinate(point[1])}"


def draw_box(
    canvas: Canvas,
    centre: tuple[float, float],
    size: tuple[float, float],
    label: str,
    *,
    below: str = "",
    fill: str = "node",
    text: str = "text",
    tip: str = "",
) -> None:
    """Draw a box with its name in the middle, and a smaller line under the name.

    Args:
        canvas: Where to draw.
        centre: Its middle.
        size: Width and height.
        label: Its name.
        below: The smaller line.
        fill: The class of the box.
        text: The class of the name.
        tip: Text shown when the pointer rests on it.
    """
    (x, y), (wide, tall) = centre, size
    canvas.rect(x - wide / 2, y - tall / 2, wide, tall, fill, radius=6, tip=tip or None)
    shift = 7 if below else 0
    canvas.text(x, y - shift, label, anchor="middle", classes=text, max_width=wide - 8)
    if below:
        canvas.text(x, y + 9, below, size=10, anchor="middle", classes="muted", max_width=wide - 8)


def draw_sign(canvas: Canvas, centre: tuple[float, float], sign: str, tip: str = "") -> None:
    """Draw a small circle in which an operation stands: "+" or "×".

    Args:
        canvas: Where to draw.
        centre: Its middle.
        sign: "+" or "×".
        tip: Text shown when the pointer rests on it.
    """
    x, y = centre
    canvas.circle(x, y, 10, "node", tip=tip or None)
    half = 5.0 if sign == "+" else 3.6
    ends = [(-half, 0, half, 0), (0, -half, 0, half)]
    if sign == "×":
        ends = [(-half, -half, half, half), (-half, half, half, -half)]
    for x1, y1, x2, y2 in ends:
        canvas.line(x + x1, y + y1, x + x2, y + y2, "edge", width=1.6)
