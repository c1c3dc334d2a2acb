"""Any number of curves over a common axis."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neural_net_core.errors import ShapeError
from neural_net_core.tensor import TensorLike
from neural_net_viz.drawing.axes import Plot
from neural_net_viz.drawing.inputs import Floats, as_floats, as_named, checked
from neural_net_viz.drawing.legend import LegendEntry
from neural_net_viz.drawing.number_text import format_value
from neural_net_viz.drawing.scales import make_scale
from neural_net_viz.drawing.text import listed
from neural_net_viz.drawing.theme import DASHES, MARKERS, series_role
from neural_net_viz.figure import Figure

__all__ = ["line_plot"]


@checked
def line_plot(
    lines: Mapping[str, Any] | Sequence[float],
    *,
    x: TensorLike | None = None,
    x_label: str = "",
    y_label: str = "",
    log_x: bool = False,
    log_y: bool = False,
    markers: bool = False,
    title: str = "Line plot",
    description: str | None = None,
) -> Figure:
    """Draw curves, told apart by colour, dash and (if asked for) marker.

    Args:
        lines: Name -> (N,) values, or name -> a pair (x values, y values); one sequence alone is
            drawn without a legend. NaN and infinities leave gaps.
        x: (N,) positions that the lines share; None counts 0, 1, 2, ….
        x_label: What the horizontal axis shows.
        y_label: What the vertical axis shows.
        log_x: Whether the horizontal axis is logarithmic.
        log_y: Whether the vertical axis is logarithmic; values of 0 and less are left out.
        markers: Whether every point has a marker, which suits few points; of thousands some have.
        title: The figure's title.
        description: What it shows, for readers who do not see it; None makes one.

    Returns:
        The figure.

    Raises:
        ShapeError: If positions and values have different lengths.

    Examples:
        >>> line_plot({"square": [0, 1, 4], "cube": [0, 1, 8]}, title="Powers")
        Figure('Powers', 640 × 392)
    """
    named = as_named("line_plot(lines)", lines, "")
    curves = {name: _curve(name, value, x) for name, value in named.items()}
    xs = np.concatenate([curve[0] for curve in curves.values()] or [np.zeros(0)])
    ys = np.concatenate([curve[1] for curve in curves.values()] or [np.zeros(0)])
    whole = x is None and not log_x and bool(np.all(xs == np.floor(xs)))
    kinds = {
        name: LegendEntry(
            name, series_role(i), "line", DASHES[i % len(DASHES)],
            MARKERS[i % len(MARKERS)] if markers else "",
        )
        for i, name in enumerate(curves)
    }  # fmt: skip
    plot = Plot(
        make_scale(xs, log=log_x, whole=whole, padding=0.03 if markers else 0),
        make_scale(ys, log=log_y),
        title=title,
        x_label=x_label,
        y_label=y_label,
        legend=[entry for name, entry in kinds.items() if name],
        curves=len(curves),
    )
    if not (np.isfinite(xs) & np.isfinite(ys)).any():
        plot.message("no data")
    for name, (at, values) in curves.items():
        entry = kinds[name]
        plot.line(at, values, entry.role, dash=entry.dash, tip=name or None)
        if entry.marker:
            plot.points(at, values, entry.role, marker=entry.marker, name=name)
    return plot.figure(description or _describe(curves, x_label, y_label))


def _curve(name: str, value: Any, x: Any) -> tuple[Floats, Floats]:
    """Return a line's positions and values."""
    where = f"line_plot(lines[{name!r}])"
    if isinstance(value, tuple) and len(value) == 2 and np.ndim(value[0]) == 1:
        at = as_floats(where, value[0], 1, expected="(N,) positions")
        values = as_floats(where, value[1], 1, expected="(N,) values")
    else:
        values = as_floats(where, value, 1, expected="(N,) values")
        at = np.arange(len(values), dtype=np.float64)
        if x is not None:
            at = as_floats("line_plot(x)", x, 1, expected="(N,) positions")
    if len(at) != len(values):
        raise ShapeError(f"{where}: expected {len(at)} values, one per position, got {len(values)}")
    return at, values


def _describe(curves: Mapping[str, tuple[Floats, Floats]], x_label: str, y_label: str) -> str:
    """Say in words what the curves do."""
    over = f" over {x_label}" if x_label else ""
    sentences = []
    for name, (_, values) in curves.items():
        finite = values[np.isfinite(values)]
        if not finite.size:
            sentences.append(f"{name or 'The line'}: no finite values.")
            continue
        first, last = format_value(finite[0]), format_value(finite[-1])
        low, high = format_value(finite.min()), format_value(finite.max())
        sentences.append(f"{name or 'The line'}: from {first} to {last}, between {low} and {high}.")
    head = f"{y_label.capitalize() or 'Values'}{over}, {len(curves)} lines."
    return f"{head} {listed(sentences, ' ')}".rstrip()
