"""A GRU cell: a state that is mixed with a candidate, and two gates that say how."""

from collections.abc import Mapping
from typing import Any

from neural_net_viz.drawing.inputs import checked
from neural_net_viz.figure import Figure
from neural_net_viz.figures.networks._cell import MEMORY, READ, STATE, Cell, described, step_values

__all__ = ["gru_diagram"]

_LETTERS = ("x", "h_before", "r", "z", "n", "h")
_STATE, _MIX, _GATE, _READ_H, _READ_X = 44.0, 104.0, 178.0, 232.0, 262.0  # below the frame's top
_TALL = 290.0


@checked
def gru_diagram(
    values: Mapping[str, Any] | None = None,
    *,
    title: str = "A GRU cell",
    description: str | None = None,
) -> Figure:
    r"""Draw the gates of a gated recurrent unit and the path of its one state.

    $$ r, z = \sigma(\cdot) \qquad n = \tanh(W x_t + r \odot U h_{t-1}) \qquad
    h_t = z \odot h_{t-1} + (1 - z) \odot n $$

    Where the update gate z is 1 the state is carried on untouched; where it is 0 the candidate
    takes its place. The biases are left out of the drawing.

    Args:
        values: The values of one step, to be written beside their letters: some of `x`,
            `h_before`, `r`, `z`, `n` and `h`, each a number or a vector with one for each unit.
        title: The figure's title.
        description: What it shows, in words; None makes one.

    Returns:
        The figure.

    Raises:
        ValueError: If there is a value for another letter, or one is neither number nor vector.

    References:
        Cho et al. (2014), Learning phrase representations using RNN encoder-decoder,
        arXiv:1406.1078; the reset gate stands after the product with U, as in PyTorch.

    Examples:
        >>> gru_diagram().title
        'A GRU cell'
    """
    numbers = step_values("gru_diagram", values, _LETTERS)
    cell = Cell(title, _TALL, numbers)
    left, right = cell.left, cell.right
    z, r, reset, n = 204.0, 302.0, 376.0, 466.0
    cell.state(left - 14, _STATE, "hₜ₋₁", "h_before", "end")
    cell.state(right + 14, _STATE, "hₜ", "h", "start")
    cell.state(166, _TALL + 18, "xₜ", "x", "start")
    # The state, from left to right.
    cell.path([(left - 10, _STATE), (z - 11, _STATE)], MEMORY)
    cell.path([(z + 10, _STATE), (n - 11, _STATE)], MEMORY)
    cell.path([(n + 10, _STATE), (right + 10, _STATE)], MEMORY)
    # What the gates read: the last state and the input.
    cell.path([(128, _STATE), (128, _READ_H), (reset, _READ_H), (reset, _GATE + 11)], STATE)
    cell.path([(150, _TALL + 26), (150, _READ_X), (n, _READ_X), (n, _GATE + 20)], READ)
    cell.fork(128, _STATE, MEMORY)
    for place in (z, r):
        cell.path([(place - 12, _READ_H), (place - 12, _GATE + 20)], STATE)
        cell.path([(place + 12, _READ_X), (place + 12, _GATE + 20)], READ)
        cell.fork(place - 12, _READ_H, STATE)
        cell.fork(place + 12, _READ_X, READ)
    # From the gates to the state.
    cell.path([(z, _GATE - 19), (z, _STATE + 11)])
    cell.path([(z, _MIX), (r - 27, _MIX)])
    cell.fork(z, _MIX, "stroke-muted")
    cell.path([(r + 26, _MIX), (n - 11, _MIX)])
    cell.path([(r + 36, _GATE), (reset - 11, _GATE)])
    cell.path([(reset + 10, _GATE), (n - 37, _GATE)])
    cell.path([(n, _GATE - 19), (n, _MIX + 11)])
    cell.path([(n, _MIX - 10), (n, _STATE + 11)])
    cell.box(r, _MIX, "1 − z")
    cell.sign(z, _STATE, "×", "the update gate keeps a part of the state")
    cell.sign(n, _STATE, "+", "the candidate comes to what was kept")
    cell.sign(n, _MIX, "×", "as much of the candidate as was not kept of the state")
    cell.sign(reset, _GATE, "×", "the reset gate lets a part of U h through")
    cell.gate(z, _GATE, "z", "σ", "update gate", "sequential-6")
    cell.gate(r, _GATE, "r", "σ", "reset gate", "sequential-6")
    cell.gate(n, _GATE, "n", "tanh", "candidate", "signed-12")
    for place, name in ((z, "update gate"), (n, "candidate")):
        cell.name(place - 6, _GATE - 28, name)
    cell.name(r, _GATE - 28, "reset gate", "middle")
    words = described(
        "The hidden state runs from left to right: the update gate z keeps a part of it, and "
        "1 − z times the candidate n is added. The candidate reads the input and as much of the "
        "last hidden state as the reset gate r lets through.",
        numbers,
    )
    formulas = cell.sums(
        ("n = tanh(W x + r ⊙ U h₋₁)", "", "n"),
        ("h = z ⊙ h₋₁ + (1 − z) ⊙ n", "{z} · {h_before} + (1 − {z}) · {n}", "h"),
    )
    return cell.figure(formulas, description or words)
