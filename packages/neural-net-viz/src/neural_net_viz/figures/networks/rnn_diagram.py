"""The cell of a plain recurrent network: input and last state, weighed, added, bent."""

from collections.abc import Mapping
from typing import Any

from neural_net_viz.drawing.inputs import checked
from neural_net_viz.figure import Figure
from neural_net_viz.figures.networks._cell import READ, STATE, Cell, described, step_values

__all__ = ["rnn_diagram"]

_LETTERS = ("x", "h_before", "z", "h")
_MIDDLE, _TALL = 62.0, 164.0  # how far below the frame's top the state runs, and its height


@checked
def rnn_diagram(
    values: Mapping[str, Any] | None = None,
    *,
    title: str = "A recurrent cell",
    description: str | None = None,
) -> Figure:
    r"""Draw the cell of a vanilla recurrent network and the path of its one state.

    $$ z_t = W x_t + U h_{t-1} + b \qquad h_t = \tanh z_t $$

    At every step the whole state goes through the matrix and the tanh: a gradient that comes back
    over many steps is multiplied by both each time.

    Args:
        values: The values of one step, to be written beside their letters: some of `x`,
            `h_before`, `z` and `h`, each a number or a vector with one for each unit.
        title: The figure's title.
        description: What it shows, in words; None makes one.

    Returns:
        The figure.

    Raises:
        ValueError: If there is a value for another letter, or one is neither number nor vector.

    References:
        Elman (1990), Finding structure in time.

    Examples:
        >>> rnn_diagram({"h": 0.5}).description.rpartition(". ")[2]
        'First unit: h = 0.50.'
    """
    numbers = step_values("rnn_diagram", values, _LETTERS)
    cell = Cell(title, _TALL, numbers)
    left, right, x, total, bend = cell.left, cell.right, 246.0, 330.0, 414.0
    cell.state(left - 14, _MIDDLE, "hₜ₋₁", "h_before", "end")
    cell.state(right + 14, _MIDDLE, "hₜ", "h", "start")
    cell.state(x + 16, _TALL + 18, "xₜ", "x", "start")
    cell.path([(left - 10, _MIDDLE), (x - 27, _MIDDLE)], STATE)
    cell.path([(x + 26, _MIDDLE), (total - 11, _MIDDLE)], STATE)
    cell.path([(x, _TALL + 26), (x, 133)], READ)
    cell.path([(x + 26, 120), (total, 120), (total, _MIDDLE + 11)], READ)
    cell.path([(total + 10, _MIDDLE), (bend - 31, _MIDDLE)])
    cell.path([(bend + 30, _MIDDLE), (right + 10, _MIDDLE)], STATE)
    cell.box(x, _MIDDLE, "U", tip="the weights of the state")
    cell.box(x, 120, "W", tip="the weights of the input")
    cell.box(bend, _MIDDLE, "tanh", 60)
    cell.sign(total, _MIDDLE, "+", "the sum, with the bias b")
    cell.name(total + 16, _MIDDLE + 26, "+ b", "start")
    z = cell.number("z")
    cell.name(total + 10, _MIDDLE - 22, f"z = {z}" if z else "z", "start")
    words = described(
        "The last hidden state times U and the input times W are added, with the bias; the tanh "
        "of the sum is the new hidden state.",
        numbers,
    )
    formulas = cell.sums(
        ("z = W x + U h₋₁ + b", "", "z"),
        ("h = tanh z", "tanh {z}", "h"),
    )
    return cell.figure(formulas, description or words)
