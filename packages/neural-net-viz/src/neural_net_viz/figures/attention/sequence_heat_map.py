"""What a recurrent network keeps in mind: states and gates of every unit at every step."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from neural_net_core import ShapeError
from neural_net_viz.drawing.axes import AROUND, MARGIN, TALLEST, draw_title
from neural_net_viz.drawing.canvas import Canvas
from neural_net_viz.drawing.color_bar import COLOR_BAR_HEIGHT, draw_color_bar
from neural_net_viz.drawing.inputs import Floats, as_floats, as_labels, as_named, checked
from neural_net_viz.drawing.matrix_panel import MatrixPanel, cell_size
from neural_net_viz.drawing.number_text import format_value, missing
from neural_net_viz.drawing.pixels import data_range
from neural_net_viz.drawing.ramps import Ramp
from neural_net_viz.figure import Figure

__all__ = ["sequence_heat_map"]


@checked
def sequence_heat_map(
    values: Mapping[str, Any] | Any,
    *,
    step_labels: Iterable[object] | None = None,
    unit_labels: Iterable[object] | None = None,
    value_range: tuple[float, float] | None = None,
    step_title: str = "step",
    title: str = "States over time",
    description: str | None = None,
) -> Figure:
    """Draw a matrix for each kind of state or gate: time runs to the right, units go down.

    What can be negative (hidden and cell states) has signed colours with 0 in the middle; what
    cannot (gates) has colours from 0 up.

    Args:
        values: (T, D), or name -> (T, D); all with the same T, such as
            `{"forget gate": f, "cell state": c, "hidden state": h}`.
        step_labels: T texts, such as the characters read; None numbers the steps.
        unit_labels: D texts for the units of every matrix with the D of the last one; None, or
            other units, are numbered.
        value_range: The values at the ends of all colours; None is chosen for each matrix.
        step_title: What the steps are.
        title: The figure's title.
        description: What it shows, in words; None makes one.

    Returns:
        The figure.

    Raises:
        ShapeError: If a matrix is not (T, D), or the numbers of steps differ.

    Examples:
        >>> sequence_heat_map({"h": [[0.0, -1.0], [0.5, 1.0]]}).description
        '2 steps. h: 2 units, from −1 to 1.'
    """
    named = as_named("sequence_heat_map(values)", values, "")
    states = {
        name: as_floats(f"sequence_heat_map(values[{name!r}])", v, 2, expected="(T, D)")
        for name, v in named.items()
    }
    lengths = sorted({len(v) for v in states.values()})
    if len(lengths) > 1:
        raise ShapeError(f"sequence_heat_map: expected as many steps in each, got {lengths}")
    steps = lengths[0] if lengths else 0
    marks = as_labels("sequence_heat_map(step_labels)", step_labels, steps)
    marks = marks or [str(i + 1) for i in range(steps)]
    units = list(states.values())[-1].shape[1] if states else 0
    names = as_labels("sequence_heat_map(unit_labels)", unit_labels, units)
    wide = cell_size(steps, 640, 2, 30)
    canvas = Canvas()
    blocks: list[MatrixPanel] = []
    for name, v in states.items():
        colors: Ramp = "signed" if (v < 0).any() else "sequential"
        ends = data_range(v, colors, value_range)
        if value_range is None and colors == "sequential":
            ends = (0.0, ends[1] if ends[1] > 0 else 1.0)
        tall = cell_size(v.shape[1], 150, 2, 16)
        rows = [str(i + 1) for i in range(v.shape[1])] if v.shape[1] > 1 else [""]
        rows = names if names and v.shape[1] == units else rows
        panel = MatrixPanel(
            v.T, (wide, tall), ends, colors, name=name, rows=rows,
            columns=marks if not blocks else (),
        )  # fmt: skip
        blocks.append(panel)
    reach = np.cumsum([panel.height + COLOR_BAR_HEIGHT + 12 for panel in blocks])
    blocks = blocks[: max(1, int((reach <= TALLEST - AROUND).sum()))]
    if len(blocks) < len(states):
        title = f"{title} (… {len(states) - len(blocks)} more)"
    left = max((panel.left for panel in blocks), default=0.0)
    widest = max((panel.width - panel.left for panel in blocks), default=0.0)
    page = max(2 * MARGIN + left + widest, 360.0)
    y = draw_title(canvas, title, page)
    note = f"columns: {step_title}; rows: unit"
    canvas.text(MARGIN, y + 6, note, size=11, classes="muted", max_width=page - 2 * MARGIN)
    y += 22
    for panel in blocks:
        panel.draw(canvas, MARGIN + left - panel.left, y)
        y += panel.height + 4
        x = MARGIN + left
        draw_color_bar(canvas, x, y, *panel.ends, panel.colors, width=page - MARGIN - x)
        y += COLOR_BAR_HEIGHT + 8
    words = description or _describe(states, steps)
    return canvas.figure(page, y + MARGIN - 10, title, words)


def _describe(states: Mapping[str, Floats], steps: int) -> str:
    words = f"{steps} steps."
    for name, v in states.items():
        finite = v[np.isfinite(v)]
        words += f" {name or 'State'}: {v.shape[1]} units"
        if finite.size:
            words += f", from {format_value(finite.min())} to {format_value(finite.max())}"
        words += missing(v)
        words += "."
    return words
