"""Losses over training: one curve per run, or a median with a band over seeds."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from neural_net_core import ShapeError
from neural_net_core.checks import check_word
from neural_net_core.tensor import TensorLike
from neural_net_viz.drawing.axes import Plot
from neural_net_viz.drawing.inputs import Floats, as_floats, as_named, checked
from neural_net_viz.drawing.legend import LegendEntry
from neural_net_viz.drawing.number_text import format_value
from neural_net_viz.drawing.scales import make_scale
from neural_net_viz.drawing.text import listed
from neural_net_viz.drawing.theme import DASHES, series_role
from neural_net_viz.figure import Figure

__all__ = ["training_curves"]


@checked
def training_curves(
    runs: Mapping[str, Any] | Sequence[float],
    *,
    x: TensorLike | None = None,
    x_label: str = "epoch",
    y_label: str = "loss",
    log_x: bool = False,
    log_y: bool = False,
    band: Literal["range", "quartiles", "none"] = "range",
    title: str = "Training",
    description: str | None = None,
) -> Figure:
    """Draw how a quantity went over training.

    Several seeds of one run are drawn as their median and a band: a single lucky seed says little.

    Args:
        runs: Name -> (steps,), or (seeds, steps) for a median with a band. NaN and infinities
            leave gaps, so a run that diverged ends where it did.
        x: (steps,) positions; None counts from 1.
        x_label: What the steps are.
        y_label: What the values are.
        log_x: Whether the horizontal axis is logarithmic.
        log_y: Whether the vertical axis is logarithmic.
        band: What the band spans: all seeds, the middle half, or nothing.
        title: The figure's title.
        description: What it shows, in words; None makes one.

    Returns:
        The figure.

    Raises:
        ShapeError: If a run is neither (steps,) nor (seeds, steps), or does not fit `x`.

    Examples:
        >>> training_curves({"SGD": [1.0, 0.5, 0.25]}, log_y=True).title
        'Training'
    """
    check_word("training_curves", "band", band, ("range", "quartiles", "none"))
    named = as_named("training_curves(runs)", runs, "")
    seeds = {name: _seeds(name, value) for name, value in named.items()}
    at = {name: _positions(name, values, x) for name, values in seeds.items()}
    several = any(len(values) > 1 for values in seeds.values()) and band != "none"
    entries = [
        LegendEntry(name, series_role(i), "line", DASHES[i % len(DASHES)])
        for i, name in enumerate(seeds)
    ]
    shown = [np.zeros(0), *(_spread(v, band)[i] for v in seeds.values() for i in range(3))]
    every_x = np.concatenate([np.zeros(0), *at.values()])
    whole = not log_x and bool(np.all(every_x == np.floor(every_x)))
    plot = Plot(
        make_scale(every_x, log=log_x, whole=whole, padding=0),
        make_scale(np.concatenate(shown), log=log_y),
        title=title,
        x_label=x_label,
        y_label=y_label,
        legend=[entry for entry in entries if entry.label],
        notes=[_BAND_NOTE[band]] if several else [],
        curves=len(seeds),
    )
    if not any(np.isfinite(values).any() for values in seeds.values()):
        plot.message("no data")
    spreads = {name: _spread(values, band) for name, values in seeds.items()}
    for entry in entries:  # bands first, so that no band covers a curve
        if len(seeds[entry.label]) > 1 and band != "none":
            low, _, high = spreads[entry.label]
            plot.band(at[entry.label], low, high, entry.role)
    for entry in entries:
        median = spreads[entry.label][1]
        plot.line(at[entry.label], median, entry.role, dash=entry.dash, tip=entry.label or None)
    words = description or _describe(seeds, x_label, y_label)
    return plot.figure(words)


_BAND_NOTE = {
    "range": "Line: median over seeds; band: lowest to highest.",
    "quartiles": "Line: median over seeds; band: the middle half.",
}


def _seeds(name: str, value: Any) -> Floats:
    where = f"training_curves(runs[{name!r}])"
    values = as_floats(where, value, 1, 2, expected="(steps,) or (seeds, steps)")
    return values[None] if values.ndim == 1 else values


def _positions(name: str, values: Floats, x: Any) -> Floats:
    steps = values.shape[1]
    if x is None:
        return np.arange(1.0, steps + 1)
    at = as_floats("training_curves(x)", x, 1, expected="(steps,)")
    if len(at) != steps:
        raise ShapeError(f"training_curves(runs[{name!r}]): expected {len(at)} steps, got {steps}")
    return at


def _spread(
    values: Floats, band: Literal["range", "quartiles", "none"]
) -> tuple[Floats, Floats, Floats]:
    """Return lower edge, median and upper edge; NaN where a seed is not finite."""
    if not values.size:
        return (np.full(values.shape[1], np.nan),) * 3
    safe = np.where(np.isfinite(values), values, np.nan)
    low, high = (25, 75) if band == "quartiles" else (0, 100)
    edges = np.percentile(safe, [low, 50, high], axis=0)  # NaN wherever a seed is NaN
    return edges[0], edges[1], edges[2]


def _describe(seeds: Mapping[str, Floats], x_label: str, y_label: str) -> str:
    sentences = []
    for name, values in seeds.items():
        median = _spread(values, "range")[1]
        median = median[np.isfinite(median)]
        if not median.size:
            sentences.append(f"{name or 'The run'}: no finite values.")
            continue
        over = f", median of {len(values)} seeds" if len(values) > 1 else ""
        first, last = format_value(median[0]), format_value(median[-1])
        sentences.append(f"{name or 'The run'}: from {first} to {last}{over}.")
    head = f"{y_label.capitalize()} over {x_label}, {len(seeds)} runs."
    return f"{head} {listed(sentences, ' ')}".rstrip()
