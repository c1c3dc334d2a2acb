"""The labels around a matrix: rows on the left, columns above, turned if they are long."""

import math
from collections.abc import Sequence

from neural_net_viz.drawing.canvas import Canvas
from neural_net_viz.drawing.text import fit_text, text_width

__all__ = ["ColumnLabels", "RowLabels"]

_SIZE = 11.0
_LINE = 13.0
_SLANT = math.sqrt(0.5)


class RowLabels:
    """Labels that end at the left edge of a matrix, one per row.

    Args:
        labels: The labels.
        cell: Height of a row; where rows are lower than a line of text, only every second, third,
            … label is written.
        most: The widest that a label may be.
    """

    def __init__(self, labels: Sequence[str], cell: float, most: float = 130.0) -> None:
        self.every = max(1, math.ceil(_LINE / cell))
        self.labels = [fit_text(label, most, _SIZE) for label in labels]
        self.full = list(labels)
        self.cell = cell
        self.most = most
        self.width = max((text_width(t, _SIZE) for t in self.labels[:: self.every]), default=0.0)

    def draw(self, canvas: Canvas, right: float, top: float) -> None:
        """Write the labels so that they end at `right`."""
        for i in range(0, len(self.full), self.every):
            y = top + (i + 0.5) * self.cell
            canvas.text(right, y, self.full[i], size=_SIZE, anchor="end", max_width=self.most)


class ColumnLabels:
    """Labels above a matrix, one per column, slanted where they are wider than their column.

    Args:
        labels: The labels.
        cell: Width of a column; where columns are narrower than a line of text is high, only every
            second, third, … label is written.
        most: The longest that a slanted label may be.
    """

    def __init__(self, labels: Sequence[str], cell: float, most: float = 110.0) -> None:
        self.full = list(labels)
        self.cell = cell
        widest = max((text_width(label, _SIZE) for label in labels), default=0.0)
        self.slanted = widest > cell - 4
        # Slanted lines stand closer than level ones: their distance shrinks by the slant.
        needed = _LINE / _SLANT if self.slanted else 0.0
        self.every = max(1, math.ceil(needed / cell))
        self.most = most
        longest = min(widest, most)
        self.height = (longest + _LINE) * _SLANT + 2 if self.slanted else _LINE + 4
        self.overhang = 0.0
        if self.slanted:
            for i in range(0, len(self.full), self.every):
                reach = min(text_width(self.full[i], _SIZE), most) * _SLANT + 8
                self.overhang = max(self.overhang, reach - (len(self.full) - i - 0.5) * cell)

    def draw(self, canvas: Canvas, left: float, bottom: float) -> None:
        """Write the labels above `bottom`."""
        for i in range(0, len(self.full), self.every):
            x = left + (i + 0.5) * self.cell
            if self.slanted:
                canvas.text(
                    x, bottom - 7, self.full[i], size=_SIZE, max_width=self.most, rotate=-45
                )
            else:
                canvas.text(x, bottom - 9, self.full[i], size=_SIZE, anchor="middle")
