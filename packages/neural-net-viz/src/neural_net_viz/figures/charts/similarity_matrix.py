"""Which vectors point the same way: the cosine of every pair."""

from collections.abc import Iterable

import numpy as np

from neural_net_core.tensor import TensorLike
from neural_net_viz.drawing.axes import MARGIN, draw_title
from neural_net_viz.drawing.canvas import Canvas
from neural_net_viz.drawing.color_bar import COLOR_BAR_HEIGHT, draw_color_bar
from neural_net_viz.drawing.inputs import Floats, as_floats, as_labels, check_at_least, checked
from neural_net_viz.drawing.matrix_panel import MatrixPanel, cell_size
from neural_net_viz.drawing.number_text import format_value
from neural_net_viz.figure import Figure

__all__ = ["similarity_matrix"]

_MOST = 5000


@checked
def similarity_matrix(
    vectors: TensorLike,
    labels: Iterable[object] | None = None,
    *,
    title: str = "Similarity",
    description: str | None = None,
) -> Figure:
    r"""Draw the cosine similarity of every pair of vectors, such as word embeddings.

    $$ s_{ij} = \frac{v_i \cdot v_j}{\lVert v_i \rVert \, \lVert v_j \rVert} $$

    Args:
        vectors: (N, D). A vector of zeros has no direction; its cells stay empty.
        labels: N texts; None numbers them.
        title: The figure's title.
        description: What it shows, in words; None makes one.

    Returns:
        The figure.

    Raises:
        ShapeError: If the vectors are no matrix, or labels are too many or too few.
        ValueError: If there are more than 5,000 vectors, of which no page shows all pairs.

    Examples:
        >>> similarity_matrix([[1, 0], [2, 0], [0, 1]], ["a", "b", "c"]).description
        'Cosine similarity of 3 vectors. Most alike: a and b (1). Least alike: a and c (0).'
    """
    v = as_floats("similarity_matrix(vectors)", vectors, 2, expected="(N, D)")
    check_at_least("similarity_matrix(vectors)", len(v), 0, _MOST)
    names = as_labels("similarity_matrix(labels)", labels, len(v))
    names = names or [str(i + 1) for i in range(len(v))]
    cosines = _cosines(v)
    side = cell_size(len(v), 560, 2, 38)
    panel = MatrixPanel(
        cosines, (side, side), (-1.0, 1.0), "signed", rows=names, columns=names, numbers=True
    )
    page = max(2 * MARGIN + panel.width, 340.0)
    canvas = Canvas()
    top = draw_title(canvas, title, page)
    panel.draw(canvas, MARGIN, top)
    below = top + panel.height + 8
    room = page - 2 * MARGIN
    draw_color_bar(canvas, MARGIN, below, -1, 1, "signed", label="cosine", width=room)
    words = description or _describe(cosines, names)
    return canvas.figure(page, below + COLOR_BAR_HEIGHT + MARGIN - 6, title, words)


def _cosines(v: Floats) -> Floats:
    """Return the cosine of every pair; NaN for vectors without a direction."""
    # Dividing by the largest entry first keeps the squares from overflowing.
    largest = np.abs(v).max(axis=1, keepdims=True, initial=0.0)
    usable = (largest > 0) & np.isfinite(largest)
    unit = np.where(usable, v, 1.0) / np.where(usable, largest, 1.0)
    unit /= np.sqrt((unit * unit).sum(axis=1, keepdims=True, initial=0.0).clip(1e-300))
    cosines = np.clip(unit @ unit.T, -1.0, 1.0)
    cosines[~usable[:, 0]] = np.nan
    cosines[:, ~usable[:, 0]] = np.nan
    return cosines


def _describe(cosines: Floats, names: list[str]) -> str:
    words = f"Cosine similarity of {len(names)} vectors."
    above = np.triu(np.ones(cosines.shape, bool), 1) & np.isfinite(cosines)
    if above.any():
        for word, values in (
            ("Most", np.where(above, cosines, -np.inf)),
            ("Least", np.where(above, -cosines, -np.inf)),
        ):
            i, j = np.unravel_index(int(values.argmax()), values.shape)
            words += f" {word} alike: {names[i]} and {names[j]} ({format_value(cosines[i, j])})."
    return words
