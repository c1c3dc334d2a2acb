"""Memory against length, with the slopes that tell a line from a square."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from neural_net_core import ShapeError
from neural_net_viz.drawing.inputs import Floats, as_floats, as_named, checked
from neural_net_viz.drawing.number_text import format_value
from neural_net_viz.figure import Figure
from neural_net_viz.figures.charts.line_plot import line_plot

__all__ = ["memory_plot"]


@checked
def memory_plot(
    measured: Mapping[str, Any],
    *,
    x_label: str = "length",
    y_label: str = "memory in MiB",
    title: str = "Memory against length",
    description: str | None = None,
) -> Figure:
    """Draw what was measured on two logarithmic axes, where a power of the length is straight.

    Two more lines, from where the first curve begins, grow with the length and with its square.

    Args:
        measured: Name -> a pair (lengths, amounts), each (N,) and positive.
        x_label: What the lengths count.
        y_label: What the amounts are.
        title: The figure's title.
        description: What it shows, in words; None makes one.

    Returns:
        The figure.

    Raises:
        ShapeError: If lengths and amounts differ in number.

    Examples:
        >>> memory_plot({"all pairs": ([10, 20, 40], [1, 4, 16])}).description
        'Memory in MiB against length. all pairs: 1 at 10, 16 at 40, growing with power 2.'
    """
    lines: dict[str, Any] = {}
    for name, pair in as_named("memory_plot(measured)", measured).items():
        where = f"memory_plot(measured[{name!r}])"
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise ShapeError(f"{where}: expected a pair (lengths, amounts), got {pair!r}")
        at, amounts = (as_floats(where, part, 1, expected="(N,)") for part in pair)
        if len(at) != len(amounts):
            raise ShapeError(f"{where}: expected {len(at)} amounts, got {len(amounts)}")
        lines[name] = at, amounts
    said = f"{y_label[:1].upper()}{y_label[1:]} against {x_label}."
    said += "".join(_describe(name, *line) for name, line in lines.items())
    guides = _guides(lines)
    return line_plot(
        {**lines, **guides},
        x_label=x_label,
        y_label=y_label,
        log_x=True,
        log_y=True,
        markers=True,
        title=title,
        description=description or said,
    )


def _usable(at: Floats, amounts: Floats) -> tuple[Floats, Floats]:
    """Return the points that logarithmic axes can show."""
    shown = np.isfinite(at) & np.isfinite(amounts) & (at > 0) & (amounts > 0)
    return at[shown], amounts[shown]


def _guides(lines: Mapping[str, tuple[Floats, Floats]]) -> dict[str, tuple[Floats, Floats]]:
    """Return lines of slope 1 and 2 from the first point of the first curve."""
    for at, amounts in lines.values():
        at, amounts = _usable(at, amounts)
        if len(at) > 1:
            ends = np.array([at.min(), at.max()])
            start = amounts[at.argmin()]
            ratio = ends / ends[0]
            return {
                "as the length": (ends, start * ratio),
                "as its square": (ends, start * ratio**2),
            }
    return {}


def _describe(name: str, at: Floats, amounts: Floats) -> str:
    """Say where a curve begins and ends, and which power of the length joins the two."""
    at, amounts = _usable(at, amounts)
    if len(at) < 2 or at[0] == at[-1]:
        return f" {name}: {len(at)} measured."
    power = math.log(amounts[-1] / amounts[0]) / math.log(at[-1] / at[0])
    ends = (f"{format_value(amounts[i])} at {format_value(at[i])}" for i in (0, -1))
    return f" {name}: {', '.join(ends)}, growing with power {format_value(round(power, 2))}."
