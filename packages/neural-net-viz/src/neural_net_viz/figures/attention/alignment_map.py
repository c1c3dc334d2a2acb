"""Which source token each target token was made from, by the attention of a decoder."""

from collections.abc import Iterable

import numpy as np

from neural_net_core.tensor import TensorLike
from neural_net_viz.drawing.axes import MARGIN, draw_title
from neural_net_viz.drawing.canvas import Canvas
from neural_net_viz.drawing.color_bar import COLOR_BAR_HEIGHT, draw_color_bar
from neural_net_viz.drawing.inputs import as_floats, as_labels, checked
from neural_net_viz.drawing.matrix_panel import MatrixPanel, cell_size
from neural_net_viz.drawing.number_text import format_value
from neural_net_viz.drawing.text import listed
from neural_net_viz.figure import Figure

__all__ = ["alignment_map"]


@checked
def alignment_map(
    weights: TensorLike,
    source: Iterable[object],
    target: Iterable[object],
    *,
    title: str = "Alignment",
    description: str | None = None,
) -> Figure:
    """Draw the weight of every source token (column) on every target token (row).

    The strongest source of each target is framed; Bahdanau et al. (2015), arXiv:1409.0473,
    figure 3, made this picture known.

    Args:
        weights: (target steps, source steps).
        source: A token per source step.
        target: A token per target step.
        title: The figure's title.
        description: What it shows, in words; None makes one.

    Returns:
        The figure.

    Raises:
        ShapeError: If the tokens do not fit the weights.

    Examples:
        >>> alignment_map([[0.1, 0.9], [0.8, 0.2]], ["x", "y"], ["b", "a"]).description
        'Alignment of 2 target tokens to 2 source tokens: b from y (0.9), a from x (0.8).'
    """
    w = as_floats("alignment_map(weights)", weights, 2, expected="(target steps, source steps)")
    down = as_labels("alignment_map(target)", target, w.shape[0]) or []
    across = as_labels("alignment_map(source)", source, w.shape[1]) or []
    finite = w[np.isfinite(w)]
    ends = (0.0, max(1.0, float(finite.max())) if finite.size else 1.0)
    side = cell_size(max(w.shape), 560, 10, 38)
    panel = MatrixPanel(
        w, (side, side), ends, "sequential", rows=down, columns=across, numbers=True
    )
    page = max(2 * MARGIN + panel.width, 320.0)
    room = page - 2 * MARGIN
    canvas = Canvas()
    top = draw_title(canvas, title, page)
    note = "rows: target; columns: source"
    canvas.text(MARGIN, top + 6, note, size=11, classes="muted", max_width=room)
    top += 22
    panel.draw(canvas, MARGIN, top)
    said = []
    for i, row in enumerate(w):
        if not np.isfinite(row).any():
            continue
        j = int(np.where(np.isfinite(row), row, -np.inf).argmax())
        said.append(f"{down[i]} from {across[j]} ({format_value(row[j])})")
        x, y = MARGIN + panel.left + j * side, top + panel.above + i * side
        canvas.rect(x + 1, y + 1, side - 2, side - 2, "none edge")
    below = top + panel.height + 8
    draw_color_bar(canvas, MARGIN, below, *ends, "sequential", label="weight", width=room)
    words = f"Alignment of {w.shape[0]} target tokens to {w.shape[1]} source tokens"
    words += f": {listed(said, ', ')}." if said else "."
    return canvas.figure(page, below + COLOR_BAR_HEIGHT + MARGIN - 6, title, description or words)
