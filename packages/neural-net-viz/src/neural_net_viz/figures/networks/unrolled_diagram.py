"""A recurrent network unrolled in time: one copy of the same cell for every step."""

from collections.abc import Iterable

from neural_net_viz.drawing.axes import AROUND, MARGIN, TALLEST, draw_title
from neural_net_viz.drawing.canvas import Canvas
from neural_net_viz.drawing.inputs import as_labels, check_at_least, checked
from neural_net_viz.drawing.text import listed
from neural_net_viz.figure import Figure

__all__ = ["unrolled_diagram"]

_WIDE, _TALL = 62.0, 32.0
_GAP, _RISE = 32.0, 30.0
_PAIR, _RIM = 6.0, 4.0  # between the two directions of a layer, and around them
_SIDE = 74.0  # room for the initial states
_MOST = 10  # steps that are drawn; of more, the middle ones are left out


@checked
def unrolled_diagram(
    inputs: Iterable[object],
    outputs: Iterable[object] | None = None,
    *,
    layers: int = 1,
    bidirectional: bool = False,
    cell: str = "cell",
    title: str = "Unrolled in time",
    description: str | None = None,
) -> Figure:
    """Draw the same cell once per step, its input below, its output above, its state to the side.

    All copies have the same weights: that is why a gradient is a sum over steps. Arrows show which
    way the state goes; the gradient goes the other way.

    Args:
        inputs: A label for the input of every step, such as the characters of a word.
        outputs: A label for the output of every step, None for a step without one; None numbers
            them.
        layers: How many recurrences stand on each other, 1 to 40.
        bidirectional: Whether each layer also reads from the end to the beginning.
        cell: What is written into the cells, such as `"GRU"`.
        title: The figure's title.
        description: What it shows, in words; None makes one.

    Returns:
        The figure; of more than ten steps, and of more layers than fit a page, the middle ones are
        left out.

    Raises:
        ShapeError: If there are not as many outputs as inputs.
        ValueError: If there are no layers, or too many.

    Examples:
        >>> unrolled_diagram("abc", "bcd", cell="GRU").description
        '3 steps through 1 layer of GRU; inputs a, b, c; outputs b, c, d.'
    """
    check_at_least("unrolled_diagram(layers)", layers, 1, 40)
    below = as_labels("unrolled_diagram(inputs)", inputs, None)
    given = as_labels("unrolled_diagram(outputs)", outputs, len(below))
    above = given or [f"y{i + 1}" for i in range(len(below))]
    shown = _shown(len(below))
    page = max(320.0, 2 * MARGIN + 2 * _SIDE + len(shown) * (_WIDE + _GAP) - _GAP)
    ways = (False, True) if bidirectional else (False,)
    block = len(ways) * _TALL + (_PAIR if bidirectional else 0.0)
    half = int((TALLEST - AROUND) // (block + _RISE)) // 2
    drawn = list(range(layers))
    if layers > 2 * half:
        drawn = [*drawn[:half], *drawn[-half:]]
        title = f"{title} (… {layers - 2 * half} more layers in the middle)"
    canvas = Canvas()
    top = draw_title(canvas, title, page) + 10
    bottom = top + 14 + _RISE + len(drawn) * (block + _RISE)  # where the inputs are written
    lefts = [MARGIN + _SIDE + i * (_WIDE + _GAP) for i in range(len(shown))]
    for left, at in zip(lefts, shown, strict=True):
        if at is not None:
            middle, room = left + _WIDE / 2, _WIDE + _GAP - 6
            canvas.text(middle, bottom, below[at], anchor="middle", max_width=room)
            canvas.text(middle, top, above[at], anchor="middle", max_width=room)
    for place, layer in enumerate(drawn):
        y = bottom - 10 - (place + 1) * (block + _RISE)
        for row, back in enumerate(ways[::-1]):  # the way back stands above the way there
            label = _label(cell, layer, back, layers)
            _draw_row(canvas, lefts, shown, y + row * (_TALL + _PAIR), label, back)
        rim = _RIM if bidirectional else 0.0
        for left, at in zip(lefts, shown, strict=True):
            if at is None:
                continue
            if bidirectional:  # both directions read the same, and both are handed on
                canvas.rect(
                    left - rim, y - rim, _WIDE + 2 * rim, block + 2 * rim, "frame", radius=7
                )
            middle = left + _WIDE / 2
            _arrow(canvas, middle, y + block + _RISE - rim - 1, middle, y + block + rim + 1)
            if layer == layers - 1:
                _arrow(canvas, middle, y - rim, middle, y - _RISE + 9)
    words = description or _describe(below, given, layers, bidirectional, cell)
    return canvas.figure(page, bottom + 10 + MARGIN, title, words)


def _draw_row(
    canvas: Canvas, lefts: list[float], shown: list[int | None], y: float, label: str, back: bool
) -> None:
    """Draw one recurrence: its cells, and the arrows of its state from left to right or back."""
    role = "stroke-series-1" if back else "stroke-series-0"
    middle = y + _TALL / 2
    start, end = lefts[0] if lefts else MARGIN + _SIDE, (lefts[-1] if lefts else MARGIN) + _WIDE
    if back:
        canvas.text(end + _GAP + 6, middle, "h₀", classes="muted")
        _arrow(canvas, end + _GAP, middle, end + 2, middle, role)
        _arrow(canvas, start, middle, start - _GAP + 2, middle, role)
        canvas.text(start - _GAP - 6, middle, "last h", anchor="end", classes="muted", size=11)
    else:
        canvas.text(start - _GAP - 6, middle, "h₀", anchor="end", classes="muted")
        _arrow(canvas, start - _GAP, middle, start - 2, middle, role)
        _arrow(canvas, end, middle, end + _GAP - 2, middle, role)
        canvas.text(end + _GAP + 6, middle, "last h", classes="muted", size=11)
    for i, at in enumerate(shown):
        x = lefts[i]
        if i:
            ends = (lefts[i - 1] + _WIDE, x - 2)
            if back:
                ends = (x, lefts[i - 1] + _WIDE + 2)
            _arrow(canvas, ends[0], middle, ends[1], middle, role)
        if at is None:
            canvas.text(x + _WIDE / 2, middle, "…", anchor="middle", size=16, classes="muted")
        else:
            canvas.rect(x, y, _WIDE, _TALL, "node", radius=5)
            canvas.text(x + _WIDE / 2, middle, label, anchor="middle", size=11, max_width=_WIDE - 8)


def _arrow(
    canvas: Canvas, x1: float, y1: float, x2: float, y2: float, role: str = "stroke-muted"
) -> None:
    """Draw a straight arrow along an axis."""
    canvas.line(x1, y1, x2, y2, f"line {role}", width=1.6)
    dx, dy = (x2 > x1) - (x2 < x1), (y2 > y1) - (y2 < y1)
    back, side = 5.0, 3.5
    a = (x2 - back * dx - side * dy, y2 - back * dy - side * dx)
    b = (x2 - back * dx + side * dy, y2 - back * dy + side * dx)
    canvas.path(
        f"M{a[0]:.1f} {a[1]:.1f}L{x2:.1f} {y2:.1f}L{b[0]:.1f} {b[1]:.1f}", f"line {role}", width=1.6
    )


def _shown(steps: int) -> list[int | None]:
    """Return the steps that are drawn, with None where some are left out."""
    if steps <= _MOST:
        return list(range(steps))
    half = (_MOST - 2) // 2
    return [*range(half + 1), None, *range(steps - half, steps)]


def _label(cell: str, layer: int, back: bool, layers: int) -> str:
    name = f"{cell} {layer + 1}" if layers > 1 else cell
    return f"{name} ←" if back else name


def _describe(
    inputs: list[str], outputs: list[str] | None, layers: int, bidirectional: bool, cell: str
) -> str:
    both = ", in both directions" if bidirectional else ""
    words = f"{len(inputs)} steps through {layers} layer{'s' * (layers > 1)} of {cell}{both}"
    if inputs:
        for kind, labels in (("inputs", inputs), ("outputs", outputs or [])):
            said = listed([label or "none" for label in labels], ", ")
            words += f"; {kind} {said}" if labels else ""
    return words + "."
