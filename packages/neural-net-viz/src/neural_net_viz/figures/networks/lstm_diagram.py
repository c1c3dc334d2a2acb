"""An LSTM cell: what it forgets, what it takes in, and what it shows."""

from neural_net_viz.drawing.arrows import draw_arrow, draw_box, draw_sign
from neural_net_viz.drawing.axes import MARGIN, draw_title
from neural_net_viz.drawing.canvas import Canvas
from neural_net_viz.drawing.inputs import checked
from neural_net_viz.figure import Figure

__all__ = ["lstm_diagram"]

_PAGE = 640.0
_GATES = {
    "f": (200.0, "forget gate", "σ", "sequential-6"),
    "i": (286.0, "input gate", "σ", "sequential-6"),
    "g": (372.0, "candidate", "tanh", "signed-12"),
    "o": (458.0, "output gate", "σ", "sequential-6"),
}
_CELL, _MIX, _GATE, _BUS = 58.0, 122.0, 206.0, 268.0  # heights below the frame's top
_TALL = 300.0


@checked
def lstm_diagram(
    *,
    title: str = "An LSTM cell",
    description: str | None = None,
) -> Figure:
    r"""Draw the gates of a long short-term memory and the two states that it hands on.

    $$ f, i, o = \sigma(\cdot) \qquad g = \tanh(\cdot) \qquad c_t = f \odot c_{t-1} + i \odot g
    \qquad h_t = o \odot \tanh(c_t) $$

    The cell state runs along the top, only scaled and added to: that is why a gradient comes back
    over many steps. The four gates read the input and the last hidden state.

    Args:
        title: The figure's title.
        description: What it shows, in words; None makes one.

    Returns:
        The figure.

    References:
        Hochreiter & Schmidhuber (1997), Long short-term memory; Gers, Schmidhuber & Cummins
        (2000), Learning to forget, which added the forget gate.

    Examples:
        >>> lstm_diagram().title
        'An LSTM cell'
    """
    canvas = Canvas()
    top = draw_title(canvas, title, _PAGE) + 30
    left, right = 104.0, _PAGE - 104.0
    canvas.rect(left, top, right - left, _TALL, "raised", radius=12)
    canvas.rect(left, top, right - left, _TALL, "frame", radius=12)
    cell, mix, gate, bus = (top + level for level in (_CELL, _MIX, _GATE, _BUS))
    f, i, g, o = (place for place, *_ in _GATES.values())
    times, plus = (i + g) / 2, (i + g) / 2
    memory, reading = "stroke-series-1", "stroke-series-0"

    # The cell state, from left to right.
    canvas.text(left - 14, cell, "cₜ₋₁", size=14, anchor="end")
    canvas.text(right + 14, cell, "cₜ", size=14)
    draw_arrow(canvas, [(left - 10, cell), (f - 11, cell)], memory)
    draw_arrow(canvas, [(f + 10, cell), (plus - 11, cell)], memory)
    draw_arrow(canvas, [(plus + 10, cell), (right + 10, cell)], memory)
    # What the gates read, along the bottom.
    canvas.text(left - 14, bus, "hₜ₋₁", size=14, anchor="end")
    canvas.text(150, top + _TALL + 28, "xₜ", size=14, anchor="middle")
    draw_arrow(canvas, [(left - 10, bus), (o, bus), (o, gate + 18)], reading)
    draw_arrow(canvas, [(150, top + _TALL + 18), (150, bus + 1)], reading)
    for place in (f, i, g):
        draw_arrow(canvas, [(place, bus), (place, gate + 18)], reading)
    # From the gates to the cell state.
    draw_arrow(canvas, [(f, gate - 17), (f, cell + 11)])
    draw_arrow(canvas, [(i, gate - 17), (i, mix), (times - 11, mix)])
    draw_arrow(canvas, [(g, gate - 17), (g, mix), (times + 11, mix)])
    draw_arrow(canvas, [(times, mix - 10), (plus, cell + 11)])
    # From the cell state to what the cell shows.
    out = o + 42
    draw_arrow(canvas, [(out, cell), (out, mix - 30)], memory)
    draw_arrow(canvas, [(out, mix - 4), (out, mix + 25)])
    draw_arrow(canvas, [(o, gate - 17), (o, mix + 36), (out - 11, mix + 36)])
    draw_arrow(canvas, [(out, mix + 46), (out, bus), (right + 10, bus)], reading)
    canvas.text(right + 14, bus, "hₜ", size=14)
    draw_box(canvas, (out, mix - 17), (52, 26), "tanh")
    draw_sign(canvas, (out, mix + 36), "×", "the output gate lets through")
    draw_sign(canvas, (f, cell), "×", "the forget gate keeps a part")
    draw_sign(canvas, (plus, cell), "+", "what is new comes to what was kept")
    draw_sign(canvas, (times, mix), "×", "the input gate lets a part of the candidate in")
    for letter, (place, name, rule, role) in _GATES.items():
        canvas.rect(place - 34, gate - 17, 68, 34, f"fill-{role} stroke-axis", radius=6, tip=name)
        canvas.text(place, gate, f"{letter} = {rule}", anchor="middle", classes=f"fill-{role}-on")
        # Beside the arrow that leaves upwards.
        canvas.text(
            place - 5, gate - 27, name, size=10, anchor="end", classes="muted", max_width=80
        )
    words = description or (
        "The cell state runs from left to right: the forget gate f keeps a part of it, then the "
        "input gate i times the candidate g is added. Its tanh, times the output gate o, is the "
        "hidden state. All four read the input and the last hidden state."
    )
    return canvas.figure(_PAGE, top + _TALL + 40 + MARGIN / 2, title, words)
