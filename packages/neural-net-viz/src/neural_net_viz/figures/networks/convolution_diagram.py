"""A kernel that slides over an image: what it sees at one place, and what comes out there."""

import math
from typing import Any

import numpy as np

from neural_net_core import ShapeError
from neural_net_core.tensor import TensorLike
from neural_net_viz.drawing.axes import MARGIN, draw_title
from neural_net_viz.drawing.canvas import Canvas
from neural_net_viz.drawing.film import film_rules
from neural_net_viz.drawing.inputs import Floats, as_floats, check_at_least, checked
from neural_net_viz.drawing.number_text import factor_text, format_value
from neural_net_viz.drawing.pixels import data_range, draw_pixels, ramp_steps
from neural_net_viz.drawing.ramps import STEPS, Ramp, ramp_role, text_class
from neural_net_viz.drawing.text import text_width, wrap_text
from neural_net_viz.figure import Figure

__all__ = ["convolution_diagram"]

_CELL, _NUMBER = 34.0, 10.0
_GAP = 44.0
_MOST_IMAGE, _MOST_KERNEL = 12, 7


@checked
def convolution_diagram(
    image: TensorLike,
    kernel: TensorLike,
    *,
    row: int = 0,
    column: int = 0,
    stride: int = 1,
    padding: int = 0,
    animated: bool = False,
    seconds: float = 20.0,
    title: str = "A kernel slides over an image",
    description: str | None = None,
) -> Figure:
    r"""Draw an image, the window that a kernel sees in it, the kernel, and what comes out.

    $$ y_{h,v} = \sum_{i,j} w_{i,j}\; x_{s h + i,\; s v + j} $$

    Below stands the sum of the place that is framed, product by product. Animated, the window goes
    from place to place and the output fills up; readers who ask for less motion, and viewers
    without animation, see the last place.

    Args:
        image: (H, W), at most 12 × 12 with its padding.
        kernel: (kH, kW), at most 7 × 7.
        row: The place in the output that is worked out.
        column: The same, from left to right.
        stride: How far the window moves from one place to the next, 1 or more.
        padding: How many rows and columns of zeros are put around the image.
        animated: Whether the window moves over all places, one after the other.
        seconds: How long that takes.
        title: The figure's title.
        description: What it shows, in words; None makes one.

    Returns:
        The figure.

    Raises:
        ShapeError: If image and kernel are no matrices, or the kernel is larger than the image.
        ValueError: If they are too large or empty, or there is no such place.

    References:
        Dumoulin & Visin (2016), A guide to convolution arithmetic for deep learning,
        arXiv:1603.07285.

    Examples:
        >>> convolution_diagram([[1, 2, 0, 3]], [[1, -1]], column=2).description.split(". ")[1]
        'At row 1, column 3: (−1) · 3 = −3.'
    """
    name = "convolution_diagram"
    x = as_floats(f"{name}(image)", image, 2, expected="(H, W)")
    w = as_floats(f"{name}(kernel)", kernel, 2, expected="(kH, kW)")
    check_at_least(f"{name}(stride)", stride, 1)
    for side in w.shape:
        check_at_least(f"{name}(kernel)", side, 1, _MOST_KERNEL)
    for side in x.shape:
        check_at_least(f"{name}(image)", side, 1)
        check_at_least(f"{name}(image with padding)", side + 2 * padding, 1, _MOST_IMAGE)
    padded = np.pad(x, padding)
    if padded.shape[0] < w.shape[0] or padded.shape[1] < w.shape[1]:
        raise ShapeError(
            f"{name}: expected a kernel that fits into the image {padded.shape}, got {w.shape}"
        )
    if animated and not seconds > 0:
        raise ValueError(f"{name}(seconds): expected more than 0, got {seconds}")
    windows = np.lib.stride_tricks.sliding_window_view(padded, w.shape)[::stride, ::stride]
    with np.errstate(invalid="ignore", over="ignore"):
        y = (windows * w).sum(axis=(2, 3))
        # What is left of a sum of 0 by rounding is no number to look at.
        y = np.where(np.abs(y) < 1e-6 * np.abs(windows * w).sum(axis=(2, 3)), 0.0, y)
    check_at_least(f"{name}(row)", row, 0, len(y) - 1)
    check_at_least(f"{name}(column)", column, 0, y.shape[1] - 1)
    places = [(i, j) for i in range(len(y)) for j in range(y.shape[1])]
    shown = places if animated else [(row, column)]
    texts = {place: _sum(w, windows[place], y[place]) for place in shown}

    panels = _panels(padded, w, y)
    page = 2 * MARGIN + sum(p.wide for p in panels) + 2 * _GAP
    page = max(page, 360.0)
    canvas = Canvas()
    top = draw_title(canvas, title, page) + 24
    middle = top + max(p.tall for p in panels) / 2
    left = MARGIN
    for panel, sign in zip(panels, ("·", "=", ""), strict=True):
        panel.place(left, middle - panel.tall / 2)
        left += panel.wide + _GAP
        canvas.text(left - _GAP / 2, middle, sign, size=20, anchor="middle")
    source, weights, out = panels
    source.draw(canvas)
    if padding:
        canvas.rect(
            source.left + padding * _CELL, source.top + padding * _CELL, x.shape[1] * _CELL,
            len(x) * _CELL, "frame",
        )  # fmt: skip
    weights.draw(canvas)
    out.draw(canvas, cells=not animated)
    below = middle + max(p.tall for p in panels) / 2 + 22
    lines = max(len(wrap_text(text, page - 2 * MARGIN, 12)) for text in texts.values())
    with canvas.group("film"):
        for k, place in enumerate(places if animated else []):
            with canvas.group(f"kept-{k}"):
                out.draw_cell(canvas, *place)
        for k, place in enumerate(shown):
            with canvas.group(f"frame-{k}"):
                i, j = place
                source.mark(canvas, i * stride, j * stride, *w.shape)
                out.mark(canvas, i, j, 1, 1)
                _write(canvas, texts[place], below, page)
    words = description or (
        f"A kernel of {_size(w)} on an image of {_size(x)}{_with(padding, stride)} gives "
        f"{_size(y)} values. At row {shown[-1][0] + 1}, column {shown[-1][1] + 1}: "
        f"{texts[shown[-1]]}."
    )
    rules = film_rules(len(shown), seconds, growing=True) if animated else ("", "")
    return canvas.figure(page, below + 17 * lines + MARGIN - 8, title, words, *rules)


class _Panel:
    """A matrix with numbers on its cells and a name above."""

    def __init__(self, values: Floats, name: str, ends: tuple[float, float], colors: Ramp) -> None:
        self.values, self.name, self.ends, self.colors = values, name, ends, colors
        self.wide, self.tall = values.shape[1] * _CELL, len(values) * _CELL
        self.texts = [[_short(v) for v in line] for line in values]
        self.steps = ramp_steps(values, *ends)

    def place(self, left: float, top: float) -> None:
        """Say where its upper left corner is."""
        self.left, self.top = left, top

    def draw(self, canvas: Canvas, cells: bool = True) -> None:
        """Draw it, with its cells or with an empty frame."""
        room = self.wide + _GAP - 6
        canvas.text(self.left, self.top - 12, self.name, bold=True, max_width=room)
        canvas.rect(self.left, self.top, self.wide, self.tall, "raised")
        if cells:
            draw_pixels(
                canvas, self.values, self.left, self.top, self.wide, self.tall, *self.ends,
                self.colors,
            )  # fmt: skip
            for i, line in enumerate(self.texts):
                for j in range(len(line)):
                    self._number(canvas, i, j)
        canvas.rect(self.left, self.top, self.wide, self.tall, "frame")

    def draw_cell(self, canvas: Canvas, i: int, j: int) -> None:
        """Draw one cell with its number."""
        x, y = self.left + j * _CELL, self.top + i * _CELL
        one = self.values[i : i + 1, j : j + 1]
        draw_pixels(canvas, one, x, y, _CELL, _CELL, *self.ends, self.colors)
        self._number(canvas, i, j)

    def mark(self, canvas: Canvas, i: int, j: int, rows: int, columns: int) -> None:
        """Frame some cells, visibly on any colour."""
        box = self.left + j * _CELL, self.top + i * _CELL, columns * _CELL, rows * _CELL
        for role, width in (("surface", 6.0), ("series-1", 3.0)):
            _frame(canvas, box, role, width)

    def _number(self, canvas: Canvas, i: int, j: int) -> None:
        style = "muted"
        if self.steps[i, j] >= 0:
            style = text_class(ramp_role(self.colors, self.steps[i, j] / (STEPS - 1)))
        canvas.text(
            self.left + (j + 0.5) * _CELL, self.top + (i + 0.5) * _CELL, self.texts[i][j],
            size=_NUMBER, anchor="middle", classes=style, max_width=_CELL - 2,
        )  # fmt: skip


def _panels(image: Floats, kernel: Floats, output: Floats) -> tuple[_Panel, _Panel, _Panel]:
    colors: Ramp = "signed" if (image < 0).any() else "ink"
    return (
        _Panel(image, "input", data_range(image, colors), colors),
        _Panel(kernel, "kernel", data_range(kernel, "signed"), "signed"),
        _Panel(output, "output", data_range(output, "signed"), "signed"),
    )


def _frame(canvas: Canvas, box: tuple[float, float, float, float], role: str, width: float) -> None:
    x, y, wide, tall = box
    canvas.path(f"M{x:g} {y:g}h{wide:g}v{tall:g}h{-wide:g}Z", f"mark stroke-{role}", width=width)


def _sum(kernel: Floats, window: Floats, result: Any) -> str:
    """Write the sum of one place; products with a weight or a pixel of 0 are left out."""
    pairs = zip(kernel.ravel(), window.ravel(), strict=True)
    products = [
        " · ".join(factor_text(format_value(v)) for v in pair) for pair in pairs if all(pair)
    ]
    return f"{' + '.join(products) or '0'} = {format_value(result)}"


def _short(value: Any) -> str:
    """Write a number so that it fits a cell, if it can be."""
    value = float(value)
    for digits in (3, 2, 1):
        text = format_value(value, digits)
        if text_width(text, _NUMBER) <= _CELL - 2 or not math.isfinite(value):
            break
    return text


def _write(canvas: Canvas, text: str, top: float, page: float) -> None:
    for i, line in enumerate(wrap_text(text, page - 2 * MARGIN, 12)):
        canvas.text(MARGIN, top + 17 * i, line)


def _size(values: Floats) -> str:
    return f"{values.shape[0]} × {values.shape[1]}"


def _with(padding: int, stride: int) -> str:
    words = f" with {padding} zeros around it" if padding else ""
    return words + (f", {stride} steps apart," if stride > 1 else "")
