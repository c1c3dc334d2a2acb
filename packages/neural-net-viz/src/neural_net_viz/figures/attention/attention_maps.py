"""Who looks at whom: the attention weights of every head, with the tokens beside them."""

import math
from collections.abc import Iterable

import numpy as np

from neural_net_core import ShapeError
from neural_net_core.tensor import TensorLike
from neural_net_viz.drawing.axes import AROUND, MARGIN, TALLEST, WIDEST, draw_title
from neural_net_viz.drawing.canvas import Canvas
from neural_net_viz.drawing.color_bar import COLOR_BAR_HEIGHT, draw_color_bar
from neural_net_viz.drawing.inputs import Floats, as_floats, as_labels, check_at_least, checked
from neural_net_viz.drawing.matrix_panel import MatrixPanel, cell_size
from neural_net_viz.drawing.number_text import format_value, missing
from neural_net_viz.drawing.pixels import affordable
from neural_net_viz.figure import Figure

__all__ = ["attention_maps"]

_GAP = 22.0
_PAGE = 860.0
_MOST_HEADS = 64


@checked
def attention_maps(
    weights: TensorLike,
    *,
    query_labels: Iterable[object] | None = None,
    key_labels: Iterable[object] | None = None,
    head_names: Iterable[object] | None = None,
    columns: int | None = None,
    title: str = "Attention",
    description: str | None = None,
) -> Figure:
    """Draw one matrix per head: rows are the queries, columns the keys that they attend to.

    Args:
        weights: (heads, queries, keys), or (queries, keys) for one head; rows that sum to 1. Of
            more than 64 heads (fewer if they are large) the first ones are drawn, and the title
            says how many more there are.
        query_labels: The token at each query; None numbers them.
        key_labels: The token at each key; None takes the queries' if there are as many.
        head_names: A name per head; None numbers them.
        columns: Heads in a row, at most as many as fit a page; None chooses.
        title: The figure's title.
        description: What it shows, in words; None makes one.

    Returns:
        The figure.

    Raises:
        ShapeError: If the weights have another shape, or labels do not fit them.
        ValueError: If columns is less than 1.

    Examples:
        >>> figure = attention_maps([[[0.9, 0.1], [0.5, 0.5]]], query_labels=["x", "y"])
        >>> figure.description
        'Attention of 1 heads from 2 queries to 2 keys. head 1: strongest from x to x, 0.9.'
    """
    w = as_floats("attention_maps(weights)", weights, 2, 3, expected="(heads, queries, keys)")
    if columns is not None:
        check_at_least("attention_maps(columns)", columns, 1)
    w = w[None] if w.ndim == 2 else w
    heads, queries, keys = w.shape
    down = as_labels("attention_maps(query_labels)", query_labels, queries)
    across = as_labels("attention_maps(key_labels)", key_labels, keys)
    if across is None and down is not None:
        if queries != keys:
            raise ShapeError(
                f"attention_maps: give key_labels for weights from {queries} queries to {keys} keys"
            )
        across = down
    down = down or [str(i + 1) for i in range(queries)]
    across = across or [str(i + 1) for i in range(keys)]
    names = as_labels("attention_maps(head_names)", head_names, heads)
    names = names or [f"head {i + 1}" for i in range(heads)]
    finite = w[np.isfinite(w)]
    ends = (0.0, max(float(finite.max()), 1e-9) if finite.size else 1.0)
    words = description or _describe(w, names, down, across)
    most = min(_MOST_HEADS, affordable(queries * keys))
    heads = min(heads, most)
    per_row = columns or min(max(heads, 1), {1: 1, 2: 2, 4: 2}.get(heads, 3 if heads < 7 else 4))
    side = cell_size(max(queries, keys), (_PAGE / per_row) - 100, 2, 26)
    panels = [
        MatrixPanel(
            w[i], (side, side), ends, "sequential", name=names[i] if heads > 1 else "", rows=down,
            columns=across,
        )
        for i in range(heads)
    ]  # fmt: skip
    wide = max((panel.width for panel in panels), default=200.0)
    tall = max((panel.height for panel in panels), default=0.0)
    per_row = max(1, min(per_row, int((WIDEST - 2 * MARGIN + _GAP) // (wide + _GAP))))
    heads = min(heads, per_row * max(1, int((TALLEST - AROUND) // (tall + 16))))
    panels = panels[:heads]
    if heads < len(w):
        title = f"{title} (… {len(w) - heads} more)"
    page = max(2 * MARGIN + per_row * (wide + _GAP) - _GAP, 320.0)
    canvas = Canvas()
    top = draw_title(canvas, title, page)
    note = "rows: queries; columns: keys"
    canvas.text(MARGIN, top + 6, note, size=11, classes="muted", max_width=page - 2 * MARGIN)
    top += 22
    for i, panel in enumerate(panels):
        panel.draw(
            canvas, MARGIN + (i % per_row) * (wide + _GAP), top + (i // per_row) * (tall + 16)
        )
    below = top + math.ceil(heads / per_row) * (tall + 16) - 6
    room = page - 2 * MARGIN
    draw_color_bar(canvas, MARGIN, below, *ends, "sequential", label="weight", width=room)
    return canvas.figure(page, below + COLOR_BAR_HEIGHT + MARGIN - 6, title, words)


def _describe(w: Floats, names: list[str], down: list[str], across: list[str]) -> str:
    words = (
        f"Attention of {len(w)} heads from {len(down)} queries to {len(across)} keys{missing(w)}."
    )
    for name, weights in list(zip(names, w, strict=True))[:_MOST_HEADS]:
        safe = np.where(np.isfinite(weights), weights, -np.inf)
        if not safe.size or safe.max() == -np.inf:
            continue
        i, j = np.unravel_index(int(safe.argmax()), safe.shape)
        words += f" {name}: strongest from {down[i]} to {across[j]}, {format_value(safe[i, j])}."
    return words
