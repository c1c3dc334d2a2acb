"""Several settings side by side, every seed a dot, the median a line."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from neural_net_viz.drawing.axes import AROUND, TALLEST, Plot
from neural_net_viz.drawing.inputs import Floats, as_floats, as_named, checked
from neural_net_viz.drawing.legend import LegendEntry
from neural_net_viz.drawing.number_text import format_value
from neural_net_viz.drawing.scales import Scale, Tick, make_scale
from neural_net_viz.drawing.text import listed
from neural_net_viz.drawing.theme import series_role
from neural_net_viz.figure import Figure

__all__ = ["run_comparison"]

_ROW = 30.0


@checked
def run_comparison(
    runs: Mapping[str, Any],
    *,
    value_label: str = "",
    log: bool = False,
    title: str = "Runs",
    description: str | None = None,
) -> Figure:
    """Draw the results of every seed of every run, and the median of each run.

    Args:
        runs: Name -> (seeds,) results; a run may have failed seeds as NaN or infinity, which are
            counted in its label.
        value_label: What the results are.
        log: Whether the axis is logarithmic.
        title: The figure's title.
        description: What it shows, in words; None makes one.

    Returns:
        The figure.

    Examples:
        >>> run_comparison({"SGD": [3.0, 4.0, 8.0]}, value_label="steps").description
        'Steps of 1 runs. SGD: median 4, from 3 to 8, 3 seeds.'
    """
    results = {
        n: as_floats(f"run_comparison(runs[{n!r}])", v, 1, expected="(seeds,)")
        for n, v in as_named("run_comparison(runs)", runs).items()
    }
    every = np.concatenate([np.zeros(0), *results.values()])
    drawn = dict(list(results.items())[: int((TALLEST - AROUND) // _ROW)])
    left_out = len(results) - len(drawn)
    height = max(len(drawn), 1) * _ROW
    rows = [_row_label(name, values) for name, values in drawn.items()]
    ticks = [Tick((i + 0.5) * _ROW, label) for i, label in enumerate(reversed(rows))]
    plot = Plot(
        make_scale(every, log=log),
        Scale(0.0, height),
        title=title,
        x_label=value_label,
        height=height,
        y_ticks=ticks,
        grid="xy",
        curves=len(results),
        notes=[f"… {left_out} more, not drawn."] if left_out else [],
        legend=[
            LegendEntry("one seed", "series-0", "mark", marker="ring"),
            LegendEntry(_median_label(results), "series-1", "mark", marker="diamond"),
        ],
    )
    if not np.isfinite(every).any():
        plot.message("no data")
    sentences = []
    for row, (name, values) in enumerate(results.items()):
        y = height - (row + 0.5) * _ROW
        good = values[np.isfinite(values)]
        failed = len(values) - len(good)
        if name in drawn:
            plot.points(good, np.full(len(good), y), series_role(0), marker="ring", radius=4)
        said = f"{name}: "
        if good.size:
            middle = float(np.median(good))
            tip = f"{name}: median {format_value(middle)}"
            if name in drawn:
                plot.points([middle], [y], series_role(1), marker="diamond", radius=6, tips=[tip])
            said += f"median {format_value(middle)}, from {format_value(good.min())} to "
            said += f"{format_value(good.max())}, "
        said += f"{len(values)} seeds" + (f", {failed} failed" if failed else "")
        sentences.append(said + ".")
    head = f"{value_label.capitalize() or 'Results'} of {len(results)} runs."
    return plot.figure(description or f"{head} {listed(sentences, ' ')}".rstrip())


def _row_label(name: str, values: Floats) -> str:
    failed = int((~np.isfinite(values)).sum())
    # The count goes first where the name is so long that its end is cut.
    return f"{failed} failed: {name}" if failed else name


def _median_label(results: Mapping[str, Any]) -> str:
    whole = all(np.isfinite(values).all() for values in results.values())
    return "median" if whole else "median of those that did not fail"
