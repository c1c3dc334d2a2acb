"""The legend of a colour ramp: a strip of its colours with the values at its ends."""

from neural_net_viz.drawing.canvas import Canvas
from neural_net_viz.drawing.number_text import format_value
from neural_net_viz.drawing.ramps import STEPS, Ramp, ramp_role
from neural_net_viz.drawing.text import text_width

__all__ = ["COLOR_BAR_HEIGHT", "draw_color_bar"]

COLOR_BAR_HEIGHT = 26.0
_SIZE = 11.0
_STRIP = 132.0


def draw_color_bar(
    canvas: Canvas,
    x: float,
    y: float,
    low: float,
    high: float,
    colors: Ramp,
    *,
    label: str = "",
    width: float = 600,
) -> None:
    """Draw the strip, its ends' values on both sides and what they measure after them.

    Args:
        canvas: Where to draw.
        x: Left.
        y: Top; the bar takes `COLOR_BAR_HEIGHT`.
        low: The value at the start of the colours.
        high: The value at their end.
        colors: A name of `RAMPS`.
        label: What the values are.
        width: The room there is.
    """
    middle = y + COLOR_BAR_HEIGHT / 2
    first, last = format_value(low), format_value(high)
    left = x + text_width(first, _SIZE) + 6
    strip = min(_STRIP, max(width - text_width(first + last, _SIZE) - 14, 33.0))
    canvas.text(x, middle, first, size=_SIZE, classes="muted")
    for step in range(STEPS):
        role = ramp_role(colors, step / (STEPS - 1))
        wide = strip / STEPS
        canvas.rect(left + step * wide, middle - 5, wide, 10, f"fill-{role} crisp")
    end = left + strip + 6
    end += canvas.text(end, middle, last, size=_SIZE, classes="muted")
    room = x + width - end - 14
    if label and room > 20:
        canvas.text(end + 14, middle, label, size=_SIZE, classes="muted", max_width=room)
