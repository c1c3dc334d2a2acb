"""Which class was taken for which: actual classes down, predicted ones across."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from neural_net_core import ShapeError
from neural_net_core.tensor import TensorLike
from neural_net_viz.drawing.axes import MARGIN, WIDEST, draw_title
from neural_net_viz.drawing.canvas import Canvas
from neural_net_viz.drawing.inputs import Floats, as_floats, as_labels, checked
from neural_net_viz.drawing.number_text import format_value
from neural_net_viz.drawing.ramps import ramp_role, text_class
from neural_net_viz.drawing.text import text_width
from neural_net_viz.figure import Figure
from neural_net_viz.figures.charts.heat_map import heat_map

__all__ = ["confusion_matrix"]

_LABEL = 12.0
_MOST_LABEL = 110.0
_MOST_COUNTS = 30


@checked
def confusion_matrix(
    matrix: TensorLike,
    *,
    class_names: Iterable[object] | None = None,
    title: str = "Confusion matrix",
    description: str | None = None,
) -> Figure:
    """Draw how often each actual class (row) was predicted as each class (column).

    The shade is the share of the row, so that rare classes show as clearly as frequent ones; the
    number is the count. Right answers are framed. More than 30 classes, or counts too wide for a
    page, are drawn without numbers.

    Args:
        matrix: (K, K) counts, rows actual, columns predicted.
        class_names: K names; None counts from 0.
        title: The figure's title.
        description: What it shows, in words; None makes one.

    Returns:
        The figure.

    Raises:
        ShapeError: If the matrix is not square.

    Examples:
        >>> print(confusion_matrix([[9, 1], [0, 10]]).description)
        Confusion matrix of 2 classes: 19 of 20 right. Most frequent mistake: 0 taken for 1 (1).
    """
    counts = as_floats("confusion_matrix(matrix)", matrix, 2, expected="(K, K)")
    if counts.shape[0] != counts.shape[1]:
        raise ShapeError(f"confusion_matrix(matrix): expected (K, K), got {counts.shape}")
    classes = len(counts)
    names = as_labels("confusion_matrix(class_names)", class_names, classes)
    names = names or [str(i) for i in range(classes)]
    said = description or _describe(counts, names)
    if classes > _MOST_COUNTS:
        return _draw_shares(counts, names, title, said)
    widest = max((text_width(name, _LABEL) for name in names), default=0.0)
    number = max((text_width(format_value(v), _LABEL) for v in counts.ravel()), default=0.0)
    cell = max(30.0, number + 10, min(widest, 64.0) + 8)
    label = min(widest, _MOST_LABEL)
    left = MARGIN + label + 10
    page = max(left + cell * classes + MARGIN, 300.0)
    if page > WIDEST:
        return _draw_shares(counts, names, title, said)
    canvas = Canvas()
    top = draw_title(canvas, title, page)
    canvas.text(MARGIN, top + 8, "rows: actual; columns: predicted", classes="muted", size=_LABEL)
    top += 46
    totals = _known(counts).sum(axis=1)
    for i in range(classes):
        y = top + (i + 0.5) * cell
        canvas.text(left - 8, y, names[i], size=_LABEL, anchor="end", max_width=label)
        canvas.text(
            left + (i + 0.5) * cell, top - 10, names[i], size=_LABEL, anchor="middle",
            max_width=cell - 4,
        )  # fmt: skip
        for j in range(classes):
            count = counts[i, j]
            share = count / totals[i] if totals[i] > 0 and np.isfinite(count) else 0.0
            role = ramp_role("sequential", share)
            x = left + j * cell
            tip = f"{names[i]} taken for {names[j]}: {format_value(count)} ({share:.1%})"
            canvas.rect(x, top + i * cell, cell, cell, f"fill-{role} crisp", tip=tip)
            if count != 0:
                canvas.text(
                    x + cell / 2, y, format_value(count), size=_LABEL, anchor="middle",
                    classes=text_class(role),
                )  # fmt: skip
    for i in range(classes):
        canvas.rect(left + i * cell, top + i * cell, cell, cell, "frame")
    return canvas.figure(page, top + classes * cell + MARGIN, title, said)


def _draw_shares(counts: Floats, names: list[str], title: str, description: str) -> Figure:
    """Draw a matrix of many classes as shades alone."""
    totals = _known(counts).sum(axis=1, keepdims=True)
    shares = counts / np.where(totals > 0, totals, 1.0)
    return heat_map(
        shares, row_labels=names, column_labels=names, row_title="actual",
        column_title="predicted", value_label="share of the row", value_range=(0.0, 1.0),
        title=title, description=description,
    )  # fmt: skip


def _known(counts: Floats) -> Floats:
    """Return the counts with 0 for what is not finite, for sums."""
    return np.where(np.isfinite(counts), counts, 0.0)


def _describe(counts: Any, names: list[str]) -> str:
    total, right = _known(counts).sum(), np.diag(_known(counts)).sum()
    text = f"Confusion matrix of {len(names)} classes: {format_value(right)} of "
    text += f"{format_value(total)} right."
    wrong = np.where(np.eye(len(counts), dtype=bool), 0.0, _known(counts))
    if wrong.size and wrong.max() > 0:
        i, j = np.unravel_index(int(wrong.argmax()), wrong.shape)
        times = format_value(wrong[i, j])
        text += f" Most frequent mistake: {names[i]} taken for {names[j]} ({times})."
    return text
