"""The legend: what each colour, dash and marker stands for, always outside the plot."""

from collections.abc import Sequence
from dataclasses import dataclass

from neural_net_viz.drawing.canvas import Canvas
from neural_net_viz.drawing.text import fit_text, text_width

__all__ = ["LegendEntry", "draw_legend", "legend_height"]

_SIZE = 12.0
_ROW = 20.0
_SWATCH = 28.0
_GAP = 6.0
_BETWEEN = 18.0
_MOST = 240.0


@dataclass(frozen=True)
class LegendEntry:
    """One line of the legend.

    Attributes:
        label: What it is.
        role: The colour role.
        kind: `"line"`, `"fill"`, or `"mark"` for a marker alone.
        dash: The line's dash pattern.
        marker: A marker's shape, empty for none.
        width: The line's width.
    """

    label: str
    role: str
    kind: str = "line"
    dash: str = ""
    marker: str = ""
    width: float = 2.0


def legend_height(entries: Sequence[LegendEntry], width: float) -> float:
    """Return the height of the legend when it may be `width` wide."""
    return _ROW * len(_rows(entries, width))


def draw_legend(
    canvas: Canvas, entries: Sequence[LegendEntry], x: float, y: float, width: float
) -> None:
    """Draw the entries from left to right, in as many rows as they need.

    Args:
        canvas: Where to draw.
        entries: The legend's lines.
        x: Left.
        y: Top.
        width: The room there is.
    """
    for row, places in enumerate(_rows(entries, width)):
        middle = y + (row + 0.5) * _ROW
        for left, entry in places:
            _draw_swatch(canvas, entry, x + left, middle)
            canvas.text(
                x + left + _SWATCH + _GAP,
                middle,
                entry.label,
                size=_SIZE,
                max_width=min(_MOST, width - _SWATCH - _GAP),
            )


def _draw_swatch(canvas: Canvas, entry: LegendEntry, x: float, middle: float) -> None:
    if entry.kind == "fill":
        canvas.rect(x + 6, middle - 6, _SWATCH - 12, 12, f"fill-{entry.role}", radius=2)
    elif entry.kind == "line":
        style = f"thin stroke-{entry.role}"
        canvas.line(x, middle, x + _SWATCH, middle, style, width=entry.width, dash=entry.dash)
    if entry.marker:
        canvas.marker(entry.marker, x + _SWATCH / 2, middle, 4.5, entry.role)


def _rows(entries: Sequence[LegendEntry], width: float) -> list[list[tuple[float, LegendEntry]]]:
    """Lay the entries out; return, for each row, the left ends and the entries."""
    rows: list[list[tuple[float, LegendEntry]]] = []
    left = 0.0
    for entry in entries:
        room = min(_MOST, width - _SWATCH - _GAP)
        label = fit_text(entry.label, room, _SIZE)
        needed = _SWATCH + _GAP + text_width(label, _SIZE)
        if not rows or left + needed > width:
            rows.append([])
            left = 0.0
        rows[-1].append((left, entry))
        left += needed + _BETWEEN
    return rows
