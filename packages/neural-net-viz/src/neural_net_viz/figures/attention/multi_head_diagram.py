"""Attention with several heads: each looks with features of its own."""

from collections.abc import Iterable

import numpy as np

from neural_net_core import ShapeError
from neural_net_core.tensor import TensorLike
from neural_net_viz.drawing.arrows import draw_arrow
from neural_net_viz.drawing.axes import MARGIN, draw_title
from neural_net_viz.drawing.canvas import Canvas
from neural_net_viz.drawing.inputs import Floats, as_floats, as_labels, check_at_least, checked
from neural_net_viz.drawing.matrix import ColumnLabels, RowLabels
from neural_net_viz.drawing.number_text import format_value
from neural_net_viz.drawing.pixels import data_range, draw_pixels
from neural_net_viz.drawing.ramps import Ramp
from neural_net_viz.drawing.text import fit_text
from neural_net_viz.figure import Figure
from neural_net_viz.figures.attention._attend import attend

__all__ = ["multi_head_diagram"]

_WIDE, _TALL = 20.0, 22.0  # of a cell
_GAP, _RISE = 34.0, 26.0
_NAME = 64.0  # the room for the name of a matrix
_MOST = 8


@checked
def multi_head_diagram(
    queries: TensorLike,
    keys: TensorLike,
    values: TensorLike,
    *,
    heads: int = 2,
    causal: bool = False,
    query_labels: Iterable[object] | None = None,
    key_labels: Iterable[object] | None = None,
    title: str = "Queries, keys, values and heads",
    description: str | None = None,
) -> Figure:
    r"""Draw how heads share out the features of queries, keys and values, and where each looks.

    $$ P_k = \mathrm{softmax}\Big(\frac{Q_k K_k^\top}{\sqrt d}\Big) \qquad
    Y = [P_1 V_1, P_2 V_2, \dots] $$

    Head k takes columns of its own from all three matrices and computes its own weights. What the
    heads have mixed stands side by side in the output, each again in its own columns.

    Args:
        queries: (T, D), at most 8 rows and 8 columns as all three; D a multiple of `heads`.
        keys: (S, D).
        values: (S, D).
        heads: How many heads, 1 to 4.
        causal: Whether a query sees the keys up to its own place only.
        query_labels: The token at each query; None numbers them.
        key_labels: The token at each key; None takes the queries' if there are as many.
        title: The figure's title.
        description: What it shows, in words; None makes one.

    Returns:
        The figure.

    Raises:
        ShapeError: If queries, keys and values do not fit each other, or labels do not fit them.
        ValueError: If there are too many rows, columns or heads, or the features cannot be shared
            out evenly.

    References:
        Vaswani et al. (2017), Attention is all you need, arXiv:1706.03762, section 3.2.2.

    Examples:
        >>> q = k = [[2.0, 0.0], [0.0, 2.0]]
        >>> multi_head_diagram(q, k, k, query_labels=["a", "b"]).description.split(". ")[1]
        'Head 1: a looks most at a (0.982), b most at a (0.5)'
    """
    name = "multi_head_diagram"
    q = as_floats(f"{name}(queries)", queries, 2, expected="(T, D)")
    k = as_floats(f"{name}(keys)", keys, 2, expected="(S, D)")
    v = as_floats(f"{name}(values)", values, 2, expected="(S, D)")
    if q.shape[1] != k.shape[1] or k.shape != v.shape:
        raise ShapeError(
            f"{name}: expected queries (T, D), keys (S, D) and values (S, D), "
            f"got {q.shape}, {k.shape} and {v.shape}"
        )
    for side in (*q.shape, *k.shape):
        check_at_least(f"{name}(queries, keys, values)", side, 1, _MOST)
    check_at_least(f"{name}(heads)", heads, 1, 4)
    if q.shape[1] % heads:
        raise ValueError(f"{name}(heads): {q.shape[1]} features cannot be shared by {heads} heads")
    down = as_labels(f"{name}(query_labels)", query_labels, len(q))
    across = as_labels(f"{name}(key_labels)", key_labels, len(k))
    if across is None and down is not None and len(q) == len(k):
        across = down
    down = down or [str(i + 1) for i in range(len(q))]
    across = across or [str(i + 1) for i in range(len(k))]
    size = q.shape[1] // heads
    slices = [slice(i * size, (i + 1) * size) for i in range(heads)]
    weights = [attend(q[:, part], k[:, part], causal)[1] for part in slices]
    with np.errstate(invalid="ignore", over="ignore"):
        mixed = [np.nan_to_num(w) @ v[:, part] for w, part in zip(weights, slices, strict=True)]

    page = _Page(title, down, across, q.shape[1], size, len(q), len(k))
    asked = data_range(np.concatenate([q.ravel(), k.ravel()]), "signed")
    given = data_range(np.concatenate([v.ravel(), np.concatenate(mixed, axis=1).ravel()]), "signed")
    page.whole("Q: queries", 0, q, asked)
    page.whole("K: keys", 1, k, asked)
    page.whole("V: values", 3, v, given)
    for i, part in enumerate(slices):
        page.next_row(f"head {i + 1}")
        page.part(0, q, part, asked)
        page.part(1, k, part, asked)
        page.part(3, v, part, given)
        page.weights(weights[i], i == 0)
        page.answer(mixed[i], part, given)
    page.sum_up(np.concatenate(mixed, axis=1), given)
    return page.figure(description or _describe(weights, down, across, size))


class _Page:
    """The columns of the drawing: queries, keys, weights, values, output; a row for each head."""

    def __init__(
        self,
        title: str,
        down: list[str],
        across: list[str],
        features: int,
        size: int,
        queries: int,
        keys: int,
    ) -> None:
        self.down, self.across, self.size, self.features = down, across, size, features
        self.rows = RowLabels(down, _TALL, 90), RowLabels(across, _TALL, 90)
        self.columns = ColumnLabels(across, _WIDE, 70)
        self.queries, self.keys = queries * _TALL, keys * _TALL
        self.tall = max(self.queries, self.keys)
        wide = features * _WIDE
        x = MARGIN + 56 + self.rows[0].width + 6
        weights = max(keys * _WIDE + max(self.columns.overhang, 0.0), _NAME)
        beside = self.rows[1].width, self.rows[0].width, self.rows[1].width, 0.0
        self.lefts = [x]
        for room, labels in zip((wide, wide, weights, wide), beside, strict=True):
            self.lefts.append(self.lefts[-1] + max(room, _NAME - labels) + _GAP + labels)
        self.width = max(self.lefts[-1] + max(wide, 110.0) + MARGIN, 320.0)
        self.wide = wide
        self.canvas = Canvas()
        self.title = title
        self.top = draw_title(self.canvas, title, self.width) + 26

    def whole(self, name: str, column: int, values: Floats, ends: tuple[float, float]) -> None:
        """Draw one of the three matrices, with lines between the heads' features."""
        left = self.lefts[column]
        self.canvas.text(left, self.top - 12, name, bold=True, max_width=self.wide + _GAP + 20)
        self.rows[min(column, 1)].draw(self.canvas, left - 6, self.top)
        self._matrix(left, values, ends, "signed")
        for i in range(self.size, self.features, self.size):
            x = left + i * _WIDE
            self.canvas.line(x, self.top - 3, x, self.top + len(values) * _TALL + 3, "edge")

    def next_row(self, name: str) -> None:
        """Go down to the next head."""
        above = self.columns.height + 16 if name == "head 1" else 0.0
        self.top += self.tall + _RISE + above
        self.canvas.text(MARGIN, self.top + self.tall / 2, name, bold=True, max_width=54)

    def part(self, column: int, values: Floats, part: slice, ends: tuple[float, float]) -> None:
        """Draw the columns that belong to this head, in their place in the whole matrix."""
        left = self.lefts[column]
        self._outline(left, len(values))
        self._matrix(left + part.start * _WIDE, values[:, part], ends, "signed")

    def weights(self, weights: Floats, first: bool) -> None:
        """Draw where this head looks."""
        left, right = self.lefts[2], self.lefts[2] + weights.shape[1] * _WIDE
        if first:
            above = self.top - self.columns.height - 8
            self.columns.draw(self.canvas, left, self.top)
            self.canvas.text(left, above, "P: weights", bold=True, max_width=110)
            self.canvas.text(self.lefts[4], self.top - 12, "P V", bold=True, max_width=self.wide)
        self.rows[0].draw(self.canvas, left - 6, self.top)
        self._matrix(left, weights, (0.0, 1.0), "sequential")
        middle = self.top + self.queries / 2
        labels = left - self.rows[0].width - 8
        draw_arrow(self.canvas, [(self.lefts[1] + self.wide + 5, middle), (labels, middle)])
        self.canvas.text((right + self.lefts[3]) / 2, middle, "·", size=20, anchor="middle")
        draw_arrow(
            self.canvas, [(self.lefts[3] + self.wide + 5, middle), (self.lefts[4] - 5, middle)]
        )

    def answer(self, values: Floats, part: slice, ends: tuple[float, float]) -> None:
        """Draw what this head has mixed, in its place in the output."""
        left = self.lefts[4]
        self._outline(left, len(values))
        self._matrix(left + part.start * _WIDE, values, ends, "signed")

    def sum_up(self, values: Floats, ends: tuple[float, float]) -> None:
        """Draw the output: the answers side by side."""
        left = self.lefts[4]
        x = left + self.wide / 2
        self.top += self.tall + _RISE + 22
        draw_arrow(self.canvas, [(x, self.top - _RISE - 20), (x, self.top - 24)])
        room = self.width - MARGIN - left
        self.canvas.text(left, self.top - 12, "Y: side by side", bold=True, max_width=room)
        self.rows[0].draw(self.canvas, left - 6, self.top)
        self._matrix(left, values, ends, "signed")
        for i in range(self.size, self.features, self.size):
            at = left + i * _WIDE
            self.canvas.line(at, self.top - 3, at, self.top + self.queries + 3, "edge")

    def figure(self, description: str) -> Figure:
        """Finish."""
        return self.canvas.figure(
            self.width, self.top + self.queries + MARGIN, self.title, description
        )

    def _outline(self, left: float, rows: int) -> None:
        self.canvas.rect(left, self.top, self.wide, rows * _TALL, "raised")

    def _matrix(self, left: float, values: Floats, ends: tuple[float, float], colors: Ramp) -> None:
        wide, tall = values.shape[1] * _WIDE, len(values) * _TALL
        self.canvas.rect(left, self.top, wide, tall, "raised")
        draw_pixels(self.canvas, values, left, self.top, wide, tall, *ends, colors)
        self.canvas.rect(left, self.top, wide, tall, "frame")


def _describe(weights: list[Floats], down: list[str], across: list[str], size: int) -> str:
    words = f"{len(weights)} heads of {size} features over {len(down)} queries"
    words += f" and {len(across)} keys."
    for i, w in enumerate(weights):
        said = []
        for name, row in zip(down, w, strict=True):
            if np.isfinite(row).any():
                j = int(np.where(np.isfinite(row), row, -1.0).argmax())
                share = format_value(row[j])
                said.append(
                    f"{fit_text(name, 90, 11)} most at {fit_text(across[j], 90, 11)} ({share})"
                )
        if said:
            words += f" Head {i + 1}: {', '.join(said).replace(' most', ' looks most', 1)}."
    return words
