"""A matrix with its labels as one block, to be set beside or below others of its kind."""

from collections.abc import Sequence

from neural_net_viz.drawing.canvas import Canvas
from neural_net_viz.drawing.inputs import Floats
from neural_net_viz.drawing.matrix import ColumnLabels, RowLabels
from neural_net_viz.drawing.number_text import two_decimals
from neural_net_viz.drawing.pixels import draw_pixels, ramp_steps
from neural_net_viz.drawing.ramps import STEPS, Ramp, ramp_role, text_class
from neural_net_viz.drawing.text import text_width

__all__ = ["MatrixPanel", "cell_size"]

_NAME = 18.0
_NUMBER = 10.0
_MOST_NAME = 160.0
_MOST_SIDE = 800.0


def cell_size(count: int, room: float, least: float, most: float) -> float:
    """Return the side of a cell so that `count` of them fill the room, within limits.

    However many there are, together they are no wider than 800.

    Examples:
        >>> cell_size(10, 300, 4, 40), cell_size(2, 300, 4, 40)
        (30.0, 40)
        >>> cell_size(1000, 300, 4, 40)
        0.8
    """
    count = max(count, 1)
    return min(most, max(min(least, _MOST_SIDE / count), room / count))


class MatrixPanel:
    """One matrix with row labels on the left, column labels above and a name above those.

    Args:
        values: (rows, columns).
        cell: Width and height of a cell.
        ends: The values at the two ends of the colours.
        colors: A name of `RAMPS`.
        name: What this matrix is, empty for none.
        rows: Row labels, empty for none.
        columns: Column labels, empty for none.
        numbers: Whether the cells have their numbers written on them, if there is room.
    """

    def __init__(
        self,
        values: Floats,
        cell: tuple[float, float],
        ends: tuple[float, float],
        colors: Ramp,
        *,
        name: str = "",
        rows: Sequence[str] = (),
        columns: Sequence[str] = (),
        numbers: bool = False,
    ) -> None:
        self.values, self.cell, self.ends, self.colors = values, cell, ends, colors
        self.name = name
        self.rows = RowLabels(rows, cell[1])
        self.columns = ColumnLabels(columns, cell[0])
        self.left = self.rows.width + 6 if rows else 0.0
        self.above = (_NAME if name else 0.0) + (self.columns.height if columns else 0.0)
        self.inner_width = values.shape[1] * cell[0]
        self.inner_height = values.shape[0] * cell[1]
        # A name may be wider than its matrix.
        self.name_room = min(text_width(name, 12, bold=True), _MOST_NAME)
        inner = self.inner_width + max(self.columns.overhang, 0.0)
        self.width = self.left + max(inner, self.name_room)
        self.height = self.above + self.inner_height
        self.numbers = numbers

    def draw(self, canvas: Canvas, x: float, y: float) -> None:
        """Draw the block with its upper left corner at (x, y)."""
        left, top = x + self.left, y + self.above
        if self.name:
            room = self.width - self.left
            canvas.text(left, y + 7, self.name, size=12, bold=True, max_width=room)
        self.rows.draw(canvas, left - 6, top)
        self.columns.draw(canvas, left, top)
        canvas.rect(left, top, self.inner_width, self.inner_height, "raised")
        draw_pixels(
            canvas, self.values, left, top, self.inner_width, self.inner_height, *self.ends,
            self.colors,
        )  # fmt: skip
        canvas.rect(left, top, self.inner_width, self.inner_height, "frame")
        if self.numbers:
            self._draw_numbers(canvas, left, top)

    def _draw_numbers(self, canvas: Canvas, left: float, top: float) -> None:
        wide, tall = self.cell
        texts = [[two_decimals(value) for value in row] for row in self.values]
        widest = max((text_width(text, _NUMBER) for row in texts for text in row), default=0.0)
        if tall < _NUMBER + 4 or widest > wide - 3:
            return  # all numbers or none
        steps = ramp_steps(self.values, *self.ends)
        for i, row in enumerate(texts):
            for j, text in enumerate(row):
                style = "muted"
                if steps[i, j] >= 0:
                    style = text_class(ramp_role(self.colors, steps[i, j] / (STEPS - 1)))
                canvas.text(
                    left + (j + 0.5) * wide, top + (i + 0.5) * tall, text, size=_NUMBER,
                    anchor="middle", classes=style,
                )  # fmt: skip
