"""Where the time goes: nested bars as wide as what they measure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from neural_net_viz.drawing.axes import MARGIN, draw_title
from neural_net_viz.drawing.canvas import Canvas
from neural_net_viz.drawing.inputs import as_floats, as_named, checked
from neural_net_viz.drawing.number_text import format_value
from neural_net_viz.drawing.ramps import ramp_role, text_class
from neural_net_viz.drawing.text import listed, text_width
from neural_net_viz.figure import Figure

__all__ = ["flame_graph"]

_ROW = 26.0
_SIZE = 11.0
_PAGE = 760.0
_DEEPEST = 60


@dataclass(frozen=True)
class _Frame:
    name: str
    value: float
    children: tuple["_Frame", ...]


@checked
def flame_graph(
    frames: Mapping[str, Any],
    *,
    unit: str = "ms",
    name: str = "all",
    title: str = "Where the time goes",
    description: str | None = None,
) -> Figure:
    """Draw a measured quantity and its parts as bars, each part below what it is part of.

    A part's width is its share. What a bar has that no part accounts for stays open below it.

    Args:
        frames: Name -> a number, or name -> the dict of its parts; the part named "" is what the
            whole spends itself.
        unit: What the numbers are.
        name: What to call the whole.
        title: The figure's title.
        description: What it shows, in words; None makes one.

    Returns:
        The figure.

    Raises:
        ValueError: If a number is negative or not finite.

    Examples:
        >>> flame_graph({"forward": {"conv": 3.0, "": 1.0}, "backward": 6.0}).description
        'All: 10 ms in 2 parts. forward: 4 ms (40 %); backward: 6 ms (60 %).'
    """
    root = _frame(name, frames, "frames")
    canvas = Canvas()
    top = draw_title(canvas, title, _PAGE)
    room = _PAGE - 2 * MARGIN
    depth = 0
    waiting = [(root, MARGIN, room, 0)]
    while waiting:
        frame, x, width, level = waiting.pop()
        depth = max(depth, level)
        _draw(canvas, frame, x, top + level * _ROW, width, level, unit, root.value)
        for child in frame.children:
            part = width * child.value / frame.value if frame.value else 0.0
            if child.name and part >= 0.5:
                waiting.append((child, x, part, level + 1))
            if child.name:
                x += part
    shares = [
        f"{child.name}: {_amount(child.value, unit)} ({_share(child.value, root.value)})"
        for child in root.children
        if child.name
    ]
    words = f"{name.capitalize()}: {_amount(root.value, unit)} in {len(shares)} parts."
    words += f" {listed(shares)}." if shares else ""
    height = top + (depth + 1) * _ROW + MARGIN
    return canvas.figure(_PAGE, height, title, description or words)


def _frame(name: str, value: Any, where: str) -> _Frame:
    if isinstance(value, Mapping):
        if where.count("[") > _DEEPEST:
            raise ValueError(f"flame_graph(frames): expected at most {_DEEPEST} levels of parts")
        named = as_named("flame_graph(frames)", value)
        children = tuple(_frame(n, v, f"{where}[{n!r}]") for n, v in named.items())
        return _Frame(name, sum(child.value for child in children), children)
    number = float(as_floats(f"flame_graph({where})", value, 0, expected="a number or a dict"))
    if not np.isfinite(number) or number < 0:
        raise ValueError(f"flame_graph({where}): expected a finite number from 0, got {number}")
    return _Frame(name, number, ())


def _draw(
    canvas: Canvas,
    frame: _Frame,
    x: float,
    y: float,
    width: float,
    level: int,
    unit: str,
    total: float,
) -> None:
    role = ramp_role("sequential", (0.08, 0.3, 0.2, 0.4)[level % 4])
    amount = f"{_amount(frame.value, unit)} ({_share(frame.value, total)})"
    canvas.rect(x, y, width, _ROW - 2, f"fill-{role} outline", tip=f"{frame.name}: {amount}")
    room = width - 10
    if room < 16:
        return
    label = f"{frame.name}  {amount}"
    text = label if text_width(label, _SIZE) <= room else frame.name
    middle = y + _ROW / 2 - 1
    canvas.text(x + 5, middle, text, size=_SIZE, classes=text_class(role), max_width=room)


def _amount(value: float, unit: str) -> str:
    return f"{format_value(value)} {unit}".strip()


def _share(value: float, total: float) -> str:
    return f"{value / total:.0%}".replace("%", " %") if total else "0 %"
