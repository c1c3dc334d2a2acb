"""Which pixels the answer hangs on: the gradient of the answer, beside the image."""

from typing import Any

import numpy as np

from neural_net_core import ShapeError
from neural_net_core.checks import check_word
from neural_net_core.tensor import TensorLike
from neural_net_viz.drawing.axes import MARGIN, draw_title
from neural_net_viz.drawing.canvas import Canvas
from neural_net_viz.drawing.color_bar import COLOR_BAR_HEIGHT, draw_color_bar
from neural_net_viz.drawing.inputs import Floats, as_floats, checked
from neural_net_viz.drawing.number_text import format_value
from neural_net_viz.drawing.pixels import data_range, draw_pixels
from neural_net_viz.drawing.ramps import RAMPS, Ramp
from neural_net_viz.figure import Figure

__all__ = ["saliency_map"]

_SIDE = 170.0
_GAP = 18.0


@checked
def saliency_map(
    image: TensorLike,
    gradient: TensorLike,
    *,
    caption: str = "",
    colors: Ramp = "ink",
    title: str = "Saliency",
    description: str | None = None,
) -> Figure:
    """Draw an image, the gradient of a score with respect to its pixels, and its strength.

    A pixel with a large gradient is one whose change would change the score most; the sign tells
    in which direction (Simonyan et al. 2014, arXiv:1312.6034, section 3).

    Args:
        image: (H, W), (1, H, W) or (C, H, W); channels are averaged.
        gradient: The score's gradient, of the image's shape; of several channels the strongest
            counts at each pixel.
        caption: What the score is, such as "the logit of 7".
        colors: The image's colours, "ink" or "grey".
        title: The figure's title.
        description: What it shows, in words; None makes one.

    Returns:
        The figure.

    Raises:
        ShapeError: If image and gradient differ in shape.

    Examples:
        >>> saliency_map([[0, 1], [0, 1]], [[0.0, -2.0], [0.5, 0.0]]).description
        'An image of 2 × 2 pixels; the gradient is strongest at row 1, column 2, with −2.'
    """
    check_word("saliency_map", "colors", colors, RAMPS)
    picture = _stack("image", image)
    slopes = _stack("gradient", gradient)
    if picture.shape != slopes.shape:
        raise ShapeError(
            f"saliency_map: expected a gradient of the image's shape {picture.shape}, "
            f"got {slopes.shape}"
        )
    slope = _strongest(slopes)
    strength = np.abs(slope)
    rows, columns = slope.shape
    pixel = _SIDE / max(rows, columns, 1)
    wide, tall = pixel * columns, pixel * rows
    page = 2 * MARGIN + 3 * _SIDE + 2 * _GAP
    canvas = Canvas()
    top = draw_title(canvas, title, page)
    if caption:
        canvas.text(MARGIN, top + 6, caption, classes="muted", max_width=page - 2 * MARGIN)
        top += 20
    low, high = data_range(slope, "signed")
    panels: list[tuple[str, Floats, Ramp, tuple[float, float]]] = [
        ("image", picture.mean(axis=0), colors, data_range(picture.mean(axis=0), colors)),
        ("gradient", slope, "signed", (low, high)),
        ("strength of the gradient", strength, "sequential", (0.0, high)),
    ]
    for i, (name, values, ramp, ends) in enumerate(panels):
        x = MARGIN + i * (_SIDE + _GAP)
        canvas.text(x, top + 8, name, size=12, max_width=_SIDE)
        draw_pixels(canvas, values, x, top + 20, wide, tall, *ends, ramp)
        canvas.rect(x, top + 20, wide, tall, "frame")
    below = top + 20 + tall + 6
    bars: list[tuple[Ramp, float]] = [("signed", low), ("sequential", 0.0)]
    for i, (ramp, start) in enumerate(bars, 1):
        x = MARGIN + i * (_SIDE + _GAP)
        draw_color_bar(canvas, x, below, start, high, ramp, width=_SIDE)
    words = description or _describe(slope)
    return canvas.figure(page, below + COLOR_BAR_HEIGHT + MARGIN - 6, title, words)


def _stack(name: str, value: Any) -> Floats:
    array = as_floats(f"saliency_map({name})", value, 2, 3, expected="(H, W) or (C, H, W)")
    array = array[None] if array.ndim == 2 else array
    if not array.size:
        raise ShapeError(f"saliency_map({name}): expected at least one pixel, got {array.shape}")
    return array


def _strongest(slopes: Floats) -> Floats:
    """Return, for each pixel, the channel's gradient that is farthest from 0."""
    size = np.where(np.isfinite(slopes), np.abs(slopes), -1.0)
    channel = size.argmax(axis=0)
    strongest: Floats = np.take_along_axis(slopes, channel[None], axis=0)[0]
    return strongest


def _describe(slope: Floats) -> str:
    words = f"An image of {slope.shape[0]} × {slope.shape[1]} pixels; the gradient is "
    safe = np.abs(np.where(np.isfinite(slope), slope, 0.0))
    if not safe.any():
        return words + "0 everywhere or not finite."
    row, column = np.unravel_index(int(safe.argmax()), safe.shape)
    value = format_value(slope[row, column])
    return words + f"strongest at row {row + 1}, column {column + 1}, with {value}."
