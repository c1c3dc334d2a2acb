"""A matrix as shaded cells with their numbers."""

import math
from collections.abc import Iterable
from typing import Any, Literal

import numpy as np

from neural_net_core import ShapeError
from neural_net_core.checks import check_word
from neural_net_core.tensor import TensorLike
from neural_net_viz.drawing.axes import AROUND, MARGIN, TALLEST, WIDEST, draw_note, draw_title
from neural_net_viz.drawing.canvas import Canvas
from neural_net_viz.drawing.color_bar import COLOR_BAR_HEIGHT, draw_color_bar
from neural_net_viz.drawing.inputs import Floats, as_floats, as_labels, checked
from neural_net_viz.drawing.matrix_panel import MatrixPanel, cell_size
from neural_net_viz.drawing.number_text import format_value, missing
from neural_net_viz.drawing.pixels import data_range
from neural_net_viz.drawing.ramps import RAMPS, Ramp, ramp_role, text_class
from neural_net_viz.drawing.text import listed, text_width
from neural_net_viz.figure import Figure

__all__ = ["heat_map"]

_SIZE = 12.0
_MOST_LABEL = 140.0
_ROW = 28.0
_MOST_WORDS = 600


@checked
def heat_map(
    values: TensorLike,
    *,
    row_labels: Iterable[object] | None = None,
    column_labels: Iterable[object] | None = None,
    row_title: str = "",
    column_title: str = "",
    value_label: str = "",
    texts: Any = None,
    colors: Ramp = "sequential",
    value_range: tuple[float, float] | None = None,
    log: bool = False,
    best: Literal["low", "high"] | None = None,
    title: str = "Heat map",
    description: str | None = None,
) -> Figure:
    """Draw every number of a matrix on a cell of its shade.

    A matrix of more than 600 cells, or too wide or too tall with its numbers, has none on them, but
    a legend of its colours.

    Args:
        values: (rows, columns). NaN and infinities have their word and no shade.
        row_labels: A label per row; None counts from 1.
        column_labels: A label per column; None counts from 1.
        row_title: What the rows are.
        column_title: What the columns are.
        value_label: What the numbers are.
        texts: (rows, columns) words to write instead of the numbers.
        colors: "sequential", "signed" (0 in the middle), "ink" or "grey".
        value_range: The values at the ends of the colours; None takes those of the data.
        log: Whether shades go by the logarithm; values of 0 and less then have none.
        best: Frame the lowest or the highest cell of each row.
        title: The figure's title.
        description: What it shows, in words; None makes one.

    Returns:
        The figure.

    Raises:
        ShapeError: If the values are no matrix, or labels or texts do not fit it.
        ValueError: If a word among the arguments is unknown, or a logarithmic range begins at 0.

    Examples:
        >>> heat_map([[1, 2], [3, 4]], best="high").description
        'Matrix of 2 rows and 2 columns, values from 1 to 4. Highest per row: 1: 2 (2); 2: 2 (4).'
    """
    check_word("heat_map", "colors", colors, RAMPS)
    v = as_floats("heat_map(values)", values, 2, expected="(rows, columns)")
    rows, columns = v.shape
    down = as_labels("heat_map(row_labels)", row_labels, rows)
    across = as_labels("heat_map(column_labels)", column_labels, columns)
    down = down or [str(i + 1) for i in range(rows)]
    across = across or [str(i + 1) for i in range(columns)]
    words = _words(v, texts) if v.size <= _MOST_WORDS or texts is not None else []
    shades = _shades(v, colors, value_range, log)
    chosen = _best(v, best)
    said = description or _describe(v, down, across, chosen, best)
    parts = [("rows", row_title), ("columns", column_title), ("cells", value_label)]
    note = "; ".join(f"{k}: {w}" for k, w in parts if w)
    if log and v.size and not (v > 0).any():
        nothing = "no shades: nothing above 0 for a logarithmic scale"
        note, said = "; ".join(filter(None, [note, nothing])), f"{said} {nothing.capitalize()}."
    label = min(max((text_width(t, _SIZE) for t in down), default=0.0), _MOST_LABEL)
    widest = max((text_width(w, _SIZE, bold=True) for row in words for w in row), default=0.0)
    head = min(max((text_width(t, _SIZE) for t in across), default=0.0), 90.0)
    cell = max(widest + 12, head + 8, 34.0)
    left = MARGIN + label + 10
    page = max(left + cell * columns + MARGIN, 320.0)
    if v.size > _MOST_WORDS or page > WIDEST or rows * _ROW > TALLEST - AROUND:
        ends = _ends(v, colors, value_range, log)
        return _draw_plain(shades, ends, colors, down, across, chosen, note, title, said)
    canvas = Canvas()
    top = draw_note(canvas, note, draw_title(canvas, title, page), page)
    for j in range(columns):
        canvas.text(
            left + (j + 0.5) * cell, top + 10, across[j], size=_SIZE, anchor="middle",
            max_width=cell - 4,
        )  # fmt: skip
    top += 24
    for i in range(rows):
        y = top + i * _ROW
        canvas.text(left - 8, y + _ROW / 2, down[i], size=_SIZE, anchor="end", max_width=label)
        for j in range(columns):
            x = left + j * cell
            tip = f"{down[i]}, {across[j]}: {words[i][j]}"
            style = "text"
            if np.isfinite(shades[i, j]):
                role = ramp_role(colors, float(shades[i, j]))
                canvas.rect(x, y, cell, _ROW, f"fill-{role} crisp", tip=tip)
                style = text_class(role)
            else:
                canvas.rect(x, y, cell, _ROW, "raised crisp", tip=tip)
            canvas.text(
                x + cell / 2, y + _ROW / 2, words[i][j], size=_SIZE, anchor="middle", classes=style,
                bold=chosen[i] == j, max_width=cell - 4,
            )  # fmt: skip
    for i, j in enumerate(chosen):
        if j >= 0:
            canvas.rect(left + j * cell + 1, top + i * _ROW + 1, cell - 2, _ROW - 2, "none edge")
    return canvas.figure(page, top + rows * _ROW + MARGIN, title, said)


def _draw_plain(
    shades: Floats,
    ends: tuple[float, float],
    colors: Ramp,
    down: list[str],
    across: list[str],
    chosen: list[int],
    note: str,
    title: str,
    description: str,
) -> Figure:
    """Draw a large matrix without words on its cells, with a legend of its colours."""
    rows, columns = shades.shape
    wide, tall = cell_size(columns, 760, 1, 24), cell_size(rows, 620, 1, 24)
    panel = MatrixPanel(shades, (wide, tall), (0.0, 1.0), colors, rows=down, columns=across)
    page = max(2 * MARGIN + panel.width, 320.0)
    canvas = Canvas()
    top = draw_note(canvas, note, draw_title(canvas, title, page), page)
    panel.draw(canvas, MARGIN, top)
    for i, j in enumerate(chosen):
        if j >= 0 and tall >= 2:
            x, y = MARGIN + panel.left + j * wide, top + panel.above + i * tall
            canvas.rect(x, y, wide, tall, "none edge")
    below = top + panel.height + 8
    draw_color_bar(canvas, MARGIN, below, *ends, colors, width=page - 2 * MARGIN)
    return canvas.figure(page, below + COLOR_BAR_HEIGHT + MARGIN - 6, title, description)


def _words(v: Floats, texts: Any) -> list[list[str]]:
    if texts is None:
        return [[format_value(x) for x in row] for row in v]
    try:
        words = [[str(w) for w in row] for row in texts]
    except TypeError:
        kind = type(texts).__name__
        raise ValueError(f"heat_map(texts): expected rows of words, got {kind}") from None
    if [len(row) for row in words] != [v.shape[1]] * v.shape[0]:
        raise ShapeError(f"heat_map(texts): expected {v.shape}, got {[len(r) for r in words]}")
    return words


def _shades(v: Floats, colors: Ramp, given: tuple[float, float] | None, log: bool) -> Floats:
    """Return positions from 0 to 1 on the ramp; NaN for what has no shade."""
    positive = np.where(v > 0, v, np.nan)
    z = np.log10(positive) if log else np.where(np.isfinite(v), v, np.nan)
    z = np.where(np.isfinite(z), z, np.nan)
    low, high = _ends(v, colors, given, log)
    if log:
        low, high = math.log10(low), math.log10(high)
    span = high / 2 - low / 2 if high > low else 0.5  # halves: huge numbers must not overflow
    return np.clip((z / 2 - low / 2) / span, 0.0, 1.0)


def _ends(
    v: Floats, colors: Ramp, given: tuple[float, float] | None, log: bool
) -> tuple[float, float]:
    """Return the values at the two ends of the colours."""
    if given is not None:
        low, high = float(given[0]), float(given[1])
        if log and not low > 0:
            raise ValueError(f"heat_map(value_range): expected values above 0, got {given}")
        return low, high
    if log:
        positive = v[np.isfinite(v) & (v > 0)]
        return (float(positive.min()), float(positive.max())) if positive.size else (0.1, 1.0)
    return data_range(v, colors)


def _best(v: Floats, best: Literal["low", "high"] | None) -> list[int]:
    """Return the best column of each row, −1 where there is none."""
    if best is None or not v.size:
        return [-1] * len(v)
    check_word("heat_map", "best", best, ("low", "high"))
    worst = np.inf if best == "low" else -np.inf
    safe = np.where(np.isfinite(v), v, worst)
    columns = safe.argmin(axis=1) if best == "low" else safe.argmax(axis=1)
    return [int(j) if np.isfinite(v[i]).any() else -1 for i, j in enumerate(columns)]


def _describe(
    v: Floats,
    down: list[str],
    across: list[str],
    chosen: list[int],
    best: Literal["low", "high"] | None,
) -> str:
    finite = v[np.isfinite(v)]
    text = f"Matrix of {v.shape[0]} rows and {v.shape[1]} columns"
    if finite.size:
        text += f", values from {format_value(finite.min())} to {format_value(finite.max())}"
    text += missing(v)
    if best:
        found = [
            f"{down[i]}: {across[j]} ({format_value(v[i, j])})"
            for i, j in enumerate(chosen)
            if j >= 0
        ]
        text += f". {'Lowest' if best == 'low' else 'Highest'} per row: {listed(found)}"
    return text + "."
