"""An LSTM cell: what it forgets, what it takes in, and what it shows."""

from collections.abc import Mapping
from typing import Any

from neural_net_viz.drawing.inputs import checked
from neural_net_viz.figure import Figure
from neural_net_viz.figures.networks._cell import MEMORY, READ, STATE, Cell, described, step_values

__all__ = ["lstm_diagram"]

_LETTERS = ("x", "h_before", "c_before", "f", "i", "g", "o", "c", "h")
_GATES = {
    "f": (200.0, "forget gate", "σ", "sequential-6"),
    "i": (286.0, "input gate", "σ", "sequential-6"),
    "g": (372.0, "candidate", "tanh", "signed-12"),
    "o": (458.0, "output gate", "σ", "sequential-6"),
}
_CELL, _MIX, _GATE, _BUS = 44.0, 108.0, 192.0, 254.0  # heights below the frame's top
_TALL = 290.0


@checked
def lstm_diagram(
    values: Mapping[str, Any] | None = None,
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
        values: The values of one step, to be written beside their letters: some of `x`,
            `h_before`, `c_before`, `f`, `i`, `g`, `o`, `c` and `h`, each a number or a vector
            with one for each unit.
        title: The figure's title.
        description: What it shows, in words; None makes one.

    Returns:
        The figure.

    Raises:
        ValueError: If there is a value for another letter, or one is neither number nor vector.

    References:
        Hochreiter & Schmidhuber (1997), Long short-term memory; Gers, Schmidhuber & Cummins
        (2000), Learning to forget, which added the forget gate.

    Examples:
        >>> lstm_diagram().title
        'An LSTM cell'
    """
    numbers = step_values("lstm_diagram", values, _LETTERS)
    cell = Cell(title, _TALL, numbers)
    left, right = cell.left, cell.right
    f, i, g, o = (place for place, *_ in _GATES.values())
    times = plus = (i + g) / 2
    # The cell state, from left to right.
    cell.state(left - 14, _CELL, "cₜ₋₁", "c_before", "end")
    cell.state(right + 14, _CELL, "cₜ", "c", "start")
    cell.path([(left - 10, _CELL), (f - 11, _CELL)], MEMORY)
    cell.path([(f + 10, _CELL), (plus - 11, _CELL)], MEMORY)
    cell.path([(plus + 10, _CELL), (right + 10, _CELL)], MEMORY)
    # What the gates read, along the bottom.
    cell.state(left - 14, _BUS, "hₜ₋₁", "h_before", "end")
    cell.state(166, _TALL + 18, "xₜ", "x", "start")
    cell.path([(left - 10, _BUS), (o, _BUS), (o, _GATE + 20)], STATE)
    cell.path([(150, _TALL + 26), (150, _BUS + 1)], READ)
    for place in (f, i, g):
        cell.path([(place, _BUS), (place, _GATE + 20)], STATE)
        cell.fork(place, _BUS, STATE)
    # From the gates to the cell state.
    cell.path([(f, _GATE - 19), (f, _CELL + 11)])
    cell.path([(i, _GATE - 19), (i, _MIX), (times - 11, _MIX)])
    cell.path([(g, _GATE - 19), (g, _MIX), (times + 11, _MIX)])
    cell.path([(times, _MIX - 10), (plus, _CELL + 11)])
    # From the cell state to what the cell shows.
    out = o + 42
    cell.path([(out, _CELL), (out, _MIX - 30)], MEMORY)
    cell.fork(out, _CELL, MEMORY)
    cell.path([(out, _MIX - 4), (out, _MIX + 23)])
    cell.path([(o, _GATE - 19), (o, _MIX + 34), (out - 11, _MIX + 34)])
    cell.path([(out, _MIX + 44), (out, _BUS), (right + 10, _BUS)], STATE)
    cell.state(right + 14, _BUS, "hₜ", "h", "start")
    cell.box(out, _MIX - 17, "tanh")
    cell.sign(out, _MIX + 34, "×", "the output gate lets through")
    cell.sign(f, _CELL, "×", "the forget gate keeps a part")
    cell.sign(plus, _CELL, "+", "what is new comes to what was kept")
    cell.sign(times, _MIX, "×", "the input gate lets a part of the candidate in")
    for letter, (place, name, rule, role) in _GATES.items():
        cell.gate(place, _GATE, letter, rule, name, role)
        cell.name(place - 5, _GATE - 28, name)  # beside the arrow that leaves upwards
    words = described(
        "The cell state runs from left to right: the forget gate f keeps a part of it, then the "
        "input gate i times the candidate g is added. Its tanh, times the output gate o, is the "
        "hidden state. All four read the input and the last hidden state.",
        numbers,
    )
    formulas = cell.sums(
        ("c = f ⊙ c₋₁ + i ⊙ g", "{f} · {c_before} + {i} · {g}", "c"),
        ("h = o ⊙ tanh c", "{o} · tanh {c}", "h"),
    )
    return cell.figure(formulas, description or words)
