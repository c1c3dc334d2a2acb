"""Small images side by side with captions, such as the digits that a network got wrong."""

import math
from collections.abc import Iterable
from itertools import islice

from neural_net_core import ShapeError
from neural_net_core.checks import check_word
from neural_net_core.tensor import TensorLike
from neural_net_viz.drawing.axes import AROUND, MARGIN, TALLEST, WIDEST, draw_title
from neural_net_viz.drawing.canvas import Canvas
from neural_net_viz.drawing.color_bar import COLOR_BAR_HEIGHT, draw_color_bar
from neural_net_viz.drawing.inputs import (
    as_floats,
    as_labels,
    check_at_least,
    checked,
)
from neural_net_viz.drawing.number_text import missing
from neural_net_viz.drawing.pixels import affordable, data_range, draw_pixels
from neural_net_viz.drawing.ramps import RAMPS, Ramp
from neural_net_viz.drawing.text import listed, text_width
from neural_net_viz.figure import Figure

__all__ = ["image_grid"]

_CAPTION = 12.0
_GAP = 14.0
_MOST_IMAGES = 400


@checked
def image_grid(
    images: TensorLike,
    captions: Iterable[object] | None = None,
    *,
    columns: int | None = None,
    correct: Iterable[bool] | None = None,
    colors: Ramp = "ink",
    value_range: tuple[float, float] | None = None,
    value_label: str | None = None,
    title: str = "Images",
    description: str | None = None,
) -> Figure:
    """Draw images in rows, each with a caption below it.

    Args:
        images: (N, H, W), or (N, 1, H, W). Of more than 400 (fewer if they are large) the first
            ones are drawn, and the title says how many more there are.
        captions: N texts; None leaves them out.
        columns: Images in a row, at most as many as fit a page; None chooses.
        correct: N flags; right and wrong captions then carry a mark.
        colors: "ink" (high values are the colour of text), "grey", "sequential", or "signed".
        value_range: The values at the ends of the colours; None takes those of all images
            (symmetric about 0 for "signed").
        value_label: What the pixels measure; the colours then get a legend.
        title: The figure's title.
        description: What it shows, in words; None makes one.

    Returns:
        The figure.

    Raises:
        ShapeError: If the images are no stack of matrices, or captions are too many or too few.
        ValueError: If the colours are unknown or columns is less than 1.

    Examples:
        >>> import numpy as np
        >>> image_grid(np.eye(8)[None], ["a line"]).description
        'A grid of 1 images of 8 × 8 pixels. a line.'
    """
    check_word("image_grid", "colors", colors, RAMPS)
    if columns is not None:
        check_at_least("image_grid(columns)", columns, 1)
    stack = as_floats("image_grid(images)", images, 3, 4, expected="(N, H, W) or (N, 1, H, W)")
    if stack.ndim == 4:
        if stack.shape[1] != 1:
            raise ShapeError(f"image_grid(images): expected (N, 1, H, W), got {stack.shape}")
        stack = stack[:, 0]
    count, height, width = stack.shape
    texts = as_labels("image_grid(captions)", captions, count)
    flags = None if correct is None else [bool(flag) for flag in islice(correct, count + 1)]
    if flags is not None and len(flags) != count:
        raise ShapeError(f"image_grid(correct): expected {count} flags, got {len(flags)}")
    low, high = data_range(stack, colors, value_range)
    if description is None:
        description = f"A grid of {count} images of {height} × {width} pixels{missing(stack)}."
        description += f" {listed(texts)}." if texts else ""
    most = min(_MOST_IMAGES, affordable(height * width))
    count = min(count, most)

    longest = max(height, width, 1)
    pixel = min(10.0, min(max(longest, 72), 240) / longest)
    caption = max((text_width(t, _CAPTION) for t in texts or []), default=0.0)
    mark = 14.0 if flags is not None else 0.0
    cell = max(width * pixel, min(caption + mark, 130.0), 24.0)
    if columns is None:  # as many as fit, shared out so that the last row is not a single one
        fitting = max(1, int((640 - 2 * MARGIN + _GAP) // (cell + _GAP)))
        columns = max(1, math.ceil(count / max(1, math.ceil(count / fitting))))
    columns = max(1, min(columns, int((WIDEST - 2 * MARGIN + _GAP) // (cell + _GAP))))
    below = 22.0 if texts or flags is not None else 0.0
    row = height * pixel + below + _GAP
    count = min(count, columns * max(1, int((TALLEST - AROUND) // row)))
    rows = math.ceil(count / columns)
    if count < len(stack):
        title = f"{title} (… {len(stack) - count} more)"
    page = max(2 * MARGIN + columns * (cell + _GAP) - _GAP, 240.0)
    canvas = Canvas()
    top = draw_title(canvas, title, page)
    for i in range(count):
        x = MARGIN + (i % columns) * (cell + _GAP)
        y = top + (i // columns) * row
        left = x + (cell - width * pixel) / 2
        wide, tall = width * pixel, height * pixel
        draw_pixels(canvas, stack[i], left, y, wide, tall, low, high, colors)
        canvas.rect(left, y, wide, tall, "frame")
        if flags is not None:
            _draw_mark(canvas, x + 2, y + height * pixel + 13, flags[i])
        if texts:
            canvas.text(
                x + (cell + mark) / 2, y + height * pixel + 13, texts[i], size=_CAPTION,
                anchor="middle", max_width=cell - mark,
            )  # fmt: skip
    if not count:
        canvas.text(MARGIN, top + 10, "no images", classes="muted")
    end = top + (rows * row - _GAP if count else 24)
    if value_label is not None:
        end += 6
        draw_color_bar(
            canvas, MARGIN, end, low, high, colors, label=value_label, width=page - 2 * MARGIN
        )
        end += COLOR_BAR_HEIGHT - 8
    return canvas.figure(page, end + MARGIN, title, description)


def _draw_mark(canvas: Canvas, x: float, y: float, good: bool) -> None:
    if good:
        canvas.path(f"M{x:.1f} {y:.1f}l3 3.5l6 -7", "mark stroke-right", tip="right")
    else:
        canvas.path(f"M{x + 1:.1f} {y - 3.5:.1f}l7 7m0 -7l-7 7", "mark stroke-wrong", tip="wrong")
