"""Attention step by step: queries meet keys, scores become weights, weights mix values."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from neural_net_core import ShapeError
from neural_net_core.tensor import TensorLike
from neural_net_viz.drawing.arrows import draw_arrow
from neural_net_viz.drawing.axes import MARGIN, draw_title
from neural_net_viz.drawing.canvas import Canvas
from neural_net_viz.drawing.inputs import Floats, as_floats, as_labels, check_at_least, checked
from neural_net_viz.drawing.matrix_panel import MatrixPanel
from neural_net_viz.drawing.number_text import format_value
from neural_net_viz.drawing.pixels import data_range
from neural_net_viz.figure import Figure
from neural_net_viz.figures.attention._attend import attend

__all__ = ["attention_diagram"]

_CELL = 36.0, 26.0
_GAP = 62.0  # between two matrices, for the sign
_MOST = 8


@checked
def attention_diagram(
    queries: TensorLike,
    keys: TensorLike,
    values: TensorLike,
    *,
    causal: bool = False,
    query_labels: Iterable[object] | None = None,
    key_labels: Iterable[object] | None = None,
    title: str = "Attention, step by step",
    description: str | None = None,
) -> Figure:
    r"""Draw how attention is computed, with the numbers of a small example in every matrix.

    $$ S = \frac{Q K^\top}{\sqrt d} \qquad P = \mathrm{softmax}(S) \qquad Y = P V $$

    Args:
        queries: (T, d), at most 8 × 8 as all three.
        keys: (S, d).
        values: (S, D).
        causal: Whether a query sees the keys up to its own place only; the others' scores are −∞.
        query_labels: The token at each query; None numbers them.
        key_labels: The token at each key; None takes the queries' if there are as many.
        title: The figure's title.
        description: What it shows, in words; None makes one.

    Returns:
        The figure.

    Raises:
        ShapeError: If queries, keys and values do not fit each other, or labels do not fit them.
        ValueError: If a matrix has more than 8 rows or columns, or none.

    References:
        Vaswani et al. (2017), Attention is all you need, arXiv:1706.03762, equation 1.

    Examples:
        >>> q = k = [[2.0, 0.0], [0.0, 2.0]]
        >>> attention_diagram(q, k, [[1.0, 0.0], [0.0, 1.0]]).description
        'Attention of 2 queries to 2 keys of 2 numbers. 1: most to 1 (0.944). 2: most to 2 (0.944).'
    """
    q = as_floats("attention_diagram(queries)", queries, 2, expected="(T, d)")
    k = as_floats("attention_diagram(keys)", keys, 2, expected="(S, d)")
    v = as_floats("attention_diagram(values)", values, 2, expected="(S, D)")
    if q.shape[1] != k.shape[1] or len(k) != len(v):
        raise ShapeError(
            "attention_diagram: expected queries (T, d), keys (S, d) and values (S, D), "
            f"got {q.shape}, {k.shape} and {v.shape}"
        )
    for side in (*q.shape, *k.shape, *v.shape):
        check_at_least("attention_diagram(queries, keys, values)", side, 1, _MOST)
    down = as_labels("attention_diagram(query_labels)", query_labels, len(q))
    across = as_labels("attention_diagram(key_labels)", key_labels, len(k))
    if across is None and down is not None and len(q) == len(k):
        across = down
    down = down or [str(i + 1) for i in range(len(q))]
    across = across or [str(i + 1) for i in range(len(k))]
    scores, weights = attend(q, k, causal)
    known = np.nan_to_num(weights)
    with np.errstate(invalid="ignore", over="ignore"):
        output = known @ v
    features = [str(i + 1) for i in range(q.shape[1])]
    ends = data_range(np.concatenate([q.ravel(), k.ravel()]), "signed")
    mixed = data_range(np.concatenate([v.ravel(), output.ravel()]), "signed")

    def panel(values: Floats, name: str, rows: list[str], columns: list[str], **shades: Any) -> Any:
        span, colors = shades.get("span", ends), shades.get("colors", "signed")
        return MatrixPanel(
            values, _CELL, span, colors, name=name, rows=rows, columns=columns, numbers=True
        )

    outputs = [str(i + 1) for i in range(v.shape[1])]
    first = [
        panel(q, "Q: queries", down, features),
        panel(k.T, "Kᵀ: keys", features, across),
        panel(scores, "S: scores", down, across, span=data_range(scores, "signed")),
    ]
    second = [
        panel(weights, "P: weights", down, across, span=(0.0, 1.0), colors="sequential"),
        panel(v, "V: values", across, outputs, span=mixed),
        panel(output, "Y: output", down, outputs, span=mixed),
    ]
    page = max(2 * MARGIN + _width(row) for row in (first, second))
    page = max(page, 320.0)
    canvas = Canvas()
    top = draw_title(canvas, title, page) + 6
    scale = f"÷ √{q.shape[1]}"
    below = _draw_row(canvas, first, top, ("·", "="), ("", scale))
    middle = below + 30
    x = MARGIN + first[0].left + 12
    draw_arrow(canvas, [(x, below + 8), (x, middle + 20)])
    rule = "softmax over each row" + (", later keys hidden" if causal else "")
    canvas.text(x + 12, below + 24, rule, classes="muted", max_width=page - x - 12 - MARGIN)
    below = _draw_row(canvas, second, middle + 28, ("·", "="), ("", ""))
    words = description or _describe(weights, down, across, q.shape[1], causal)
    return canvas.figure(page, below + MARGIN, title, words)


def _width(panels: list[MatrixPanel]) -> float:
    return float(sum(panel.width for panel in panels)) + _GAP * (len(panels) - 1)


def _draw_row(
    canvas: Canvas,
    panels: list[MatrixPanel],
    top: float,
    signs: tuple[str, str],
    notes: tuple[str, str],
) -> float:
    """Draw three matrices with signs between them, their middles level; return the y below."""
    above = max(panel.above for panel in panels)
    tall = max(panel.inner_height for panel in panels)
    middle = top + above + tall / 2
    x = MARGIN
    for i, panel in enumerate(panels):
        panel.draw(canvas, x, middle - panel.inner_height / 2 - panel.above)
        x += panel.width
        if i < len(signs):
            place = x + _GAP / 2
            canvas.text(place, middle, signs[i], size=20, anchor="middle")
            if notes[i]:
                canvas.text(place, middle - 22, notes[i], anchor="middle", classes="muted")
            x += _GAP
    return float(top + above + tall)


def _describe(w: Floats, down: list[str], across: list[str], features: int, causal: bool) -> str:
    words = f"Attention of {len(down)} queries to {len(across)} keys of {features} numbers"
    words += ", each to those up to its own place." if causal else "."
    for name, row in zip(down, w, strict=True):
        if np.isfinite(row).any():
            j = int(np.where(np.isfinite(row), row, -1.0).argmax())
            words += f" {name}: most to {across[j]} ({format_value(row[j])})."
    return words
