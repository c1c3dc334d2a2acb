"""A truth table with a network's answers beside the wanted ones."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from neural_net_core import ShapeError
from neural_net_core.tensor import TensorLike
from neural_net_viz.drawing.axes import MARGIN, WIDEST, draw_title
from neural_net_viz.drawing.canvas import Canvas
from neural_net_viz.drawing.inputs import Floats, as_floats, as_labels, checked
from neural_net_viz.drawing.number_text import format_value
from neural_net_viz.drawing.text import text_width
from neural_net_viz.figure import Figure

__all__ = ["truth_table"]

_ROW = 26.0
_SIZE = 13.0
_GROUP = 22.0
_MOST_ROWS = 64


@dataclass(frozen=True)
class _Column:
    name: str
    cells: list[str]
    right: list[bool] | None = None  # of answers


@checked
def truth_table(
    inputs: TensorLike,
    expected: TensorLike,
    outputs: TensorLike | None = None,
    *,
    input_names: Iterable[object] | None = None,
    output_names: Iterable[object] | None = None,
    margin: float = 0.5,
    title: str = "Truth table",
    description: str | None = None,
) -> Figure:
    """Draw every row of a Boolean function, what was answered, and whether that is right.

    An answer is right if it is within `margin` of the wanted value. Right and wrong differ by a
    mark and a word, not by colour alone. Of more than 64 rows, and of more columns than fit a
    page, the first and the last are drawn, and the title says how many more there are.

    Args:
        inputs: (rows, n).
        expected: (rows, m) wanted outputs.
        outputs: (rows, m) answers; None draws the table alone.
        input_names: n names; None makes x₁, x₂, ….
        output_names: m names; None makes y₁, y₂, ….
        margin: The largest distance of a right answer from the wanted value.
        title: The figure's title.
        description: What it shows, in words; None makes one.

    Returns:
        The figure.

    Raises:
        ShapeError: If the numbers of rows or outputs differ.

    Examples:
        >>> truth_table([[0, 0], [1, 1]], [[0], [1]], [[0.1], [0.7]]).description
        'Truth table with 2 rows; 2 of 2 answers are within 0.5 of the wanted value.'
    """
    x = _columns("inputs", inputs)
    t = _columns("expected", expected)
    y = None if outputs is None else _columns("outputs", outputs)
    if len(t) != len(x) or (y is not None and y.shape != t.shape):
        got = f"inputs {x.shape}, expected {t.shape}"
        got += "" if y is None else f", outputs {y.shape}"
        raise ShapeError(f"truth_table: expected (rows, n), (rows, m) and (rows, m); got {got}")
    names_in = as_labels("truth_table(input_names)", input_names, x.shape[1])
    names_out = as_labels("truth_table(output_names)", output_names, t.shape[1])
    names_in = names_in or [f"x{_subscript(i + 1)}" for i in range(x.shape[1])]
    names_out = names_out or [f"y{_subscript(i + 1)}" for i in range(t.shape[1])]
    right = None if y is None else np.abs(y - t) <= margin

    if description is None:
        description = f"Truth table with {len(x)} rows"
        if right is not None:
            description += (
                f"; {int(right.sum())} of {right.size} answers are within "
                f"{format_value(margin)} of the wanted value"
            )
        description += "."
    shown = [_some(n, _MOST_ROWS) for n in (len(x), x.shape[1], t.shape[1])]
    while True:
        columns, sides = _columns_of(x, t, y, names_in, names_out, right, shown)
        widths = _widths(columns)
        page = 2 * MARGIN + sum(widths) + 2 * _GROUP
        if page <= WIDEST or not any(len(some) > 3 for some in shown[1:]):
            sizes = (len(x), x.shape[1], t.shape[1])
            more = [
                f"{size - len(some) + 1} more {what}"
                for size, some, what in zip(
                    sizes, shown, ("rows", "inputs", "outputs"), strict=True
                )
                if None in some
            ]
            title = f"{title} (… {', '.join(more)})" if more else title
            return _draw(columns, widths, sides, len(shown[0]), title, description)
        most = max(shown[1:], key=len)
        fewer = _some(t.shape[1] if most is shown[2] else x.shape[1], max(len(most) - 2, 2))
        shown[1 if most is shown[1] else 2] = fewer


def _some(count: int, most: int) -> list[int | None]:
    """Return which of many to draw, with None where some are left out."""
    if count <= most:
        return list(range(count))
    half = most // 2
    return [*range(half), None, *range(count - half, count)]


def _columns_of(
    x: Floats,
    t: Floats,
    y: Floats | None,
    names_in: list[str],
    names_out: list[str],
    right: Any,
    shown: list[list[int | None]],
) -> tuple[list[_Column], tuple[int, int]]:
    """Return the columns to draw, and where the wanted outputs and the answers begin."""
    rows, inputs, outputs = shown

    def column(name: str, values: Floats, i: int | None, write: Any, good: Any = None) -> _Column:
        if i is None:
            return _Column("…", ["…"] * len(rows))
        cells = ["…" if row is None else write(values[row, i]) for row in rows]
        marks = None if good is None else [row is None or bool(good[row, i]) for row in rows]
        return _Column(name, cells, marks)

    columns = [column(names_in[i or 0], x, i, format_value) for i in inputs]
    columns += [column(names_out[i or 0], t, i, format_value) for i in outputs]
    if y is not None:
        for i in outputs:
            columns.append(column(f"{names_out[i or 0]} answered", y, i, _answer, right))
    return columns, (len(inputs), len(inputs) + len(outputs))


def _widths(columns: list[_Column]) -> list[float]:
    widths = []
    for column in columns:
        widest = max([text_width(c, _SIZE) for c in column.cells] or [0.0])
        room = 0.0 if column.right is None else 74.0  # for the mark and the word
        name = text_width(column.name, _SIZE, bold=True)
        widths.append(min(max(name, widest + room), 200.0) + 20)
    return widths


def _draw(
    columns: list[_Column],
    widths: list[float],
    sides: tuple[int, int],
    rows: int,
    title: str,
    description: str,
) -> Figure:
    """Lay the columns out, inputs, wanted outputs and answers with a rule between each."""
    canvas = Canvas()
    lefts, left = [], MARGIN
    for i, width in enumerate(widths):
        left += _GROUP if i in sides and i else 0.0
        lefts.append(left)
        left += width
    page = max(left + MARGIN, 260.0)
    top = draw_title(canvas, title, page)
    bottom = top + _ROW * (rows + 1)
    for row in range(0, rows, 2):  # every other row on a tint, to follow it with the eye
        canvas.rect(MARGIN, top + _ROW * (row + 1), left - MARGIN, _ROW, "raised")
    for i, column in enumerate(columns):
        middle = lefts[i] + widths[i] / 2
        canvas.text(
            middle, top + _ROW / 2, column.name, size=_SIZE, anchor="middle", bold=True,
            max_width=widths[i] - 8,
        )  # fmt: skip
        for row, cell in enumerate(column.cells):
            y = top + _ROW * (row + 1.5)
            if column.right is not None and cell != "…":
                _draw_answer(canvas, lefts[i] + 10, y, cell, column.right[row])
            else:
                canvas.text(middle, y, cell, size=_SIZE, anchor="middle", max_width=widths[i] - 8)
        if i in sides and i:
            canvas.line(lefts[i] - _GROUP / 2, top, lefts[i] - _GROUP / 2, bottom, "axis")
    canvas.line(MARGIN, top + _ROW, left, top + _ROW, "axis")
    return canvas.figure(page, bottom + MARGIN, title, description)


def _draw_answer(canvas: Canvas, x: float, y: float, cell: str, good: bool) -> None:
    role = "right" if good else "wrong"
    canvas.text(x, y, cell, size=_SIZE)
    mark = x + 52
    if good:
        canvas.path(f"M{mark:.1f} {y:.1f}l3.5 4l6.5 -8", f"mark stroke-{role}")
    else:
        canvas.path(f"M{mark + 1:.1f} {y - 4:.1f}l8 8m0 -8l-8 8", f"mark stroke-{role}")
    canvas.text(mark + 16, y, role, size=11, classes=f"fill-{role}")


def _answer(value: float) -> str:
    return f"{value:.3f}".replace("-", "−") if math.isfinite(value) else format_value(value)


def _columns(name: str, value: Any) -> Floats:
    array = as_floats(f"truth_table({name})", value, 1, 2, expected="(rows, columns)")
    return array[:, None] if array.ndim == 1 else array


def _subscript(number: int) -> str:
    return "".join("₀₁₂₃₄₅₆₇₈₉"[int(digit)] for digit in str(number))
