"""Spikes of many neurons over time: when each one fired, how often, and how many at once."""

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from neural_net_core.tensor import TensorLike
from neural_net_viz.drawing.axes import MARGIN, Plot
from neural_net_viz.drawing.inputs import Floats, as_floats, as_labels, checked
from neural_net_viz.drawing.number_text import coordinate, format_value
from neural_net_viz.drawing.pixels import draw_pixels
from neural_net_viz.drawing.scales import Scale, Tick
from neural_net_viz.drawing.text import text_width
from neural_net_viz.figure import Figure

__all__ = ["raster_plot"]

_PAGE = 560.0  # of the raster; the rates stand to the right of it
_BARS = 112.0
_CURVE = 64.0
_BINS = 60
_MOST_MARKS = 8000
_MOST_ROWS = 500

Flags = npt.NDArray[np.bool_]


@checked
def raster_plot(
    spikes: TensorLike,
    *,
    neuron_labels: Iterable[object] | None = None,
    step: float = 1.0,
    x_label: str = "step",
    title: str = "Spikes",
    description: str | None = None,
) -> Figure:
    """Draw a mark where a neuron fired, each neuron's rate beside it, and that of all below.

    Args:
        spikes: (T, N) ones where a neuron fired and zeros where it did not, as a spiking layer
            gives them for one sample; NaN is not known.
        neuron_labels: N texts; None numbers them.
        step: How long a step is, in the unit of `x_label`; rates are spikes in that unit.
        x_label: What the time is measured in.
        title: The figure's title.
        description: What it shows, in words; None makes one.

    Returns:
        The figure.

    Raises:
        ShapeError: If the spikes are not (T, N), or labels are too many or too few.
        ValueError: If they are other numbers than 0 and 1, or `step` is not above 0.

    Examples:
        >>> raster_plot([[1, 0], [0, 0], [1, 0], [1, 1]]).description
        '2 neurons over 4 steps, 4 spikes. Most often: neuron 1, 0.75 per step; least: 2, 0.25.'
    """
    s = as_floats("raster_plot(spikes)", spikes, 2, expected="(T, N)")
    if not np.isin(s[~np.isnan(s)], (0.0, 1.0)).all():
        raise ValueError("raster_plot(spikes): expected 0 and 1 only")
    if not step > 0:
        raise ValueError(f"raster_plot(step): expected more than 0, got {step}")
    steps, neurons = s.shape
    names = as_labels("raster_plot(neuron_labels)", neuron_labels, neurons)
    names = names or [str(i + 1) for i in range(neurons)]
    fired = s == 1
    known = ~np.isnan(s)
    counts = known.sum(axis=0)
    rates = np.where(counts > 0, fired.sum(axis=0) / (np.maximum(counts, 1) * step), np.nan)
    unit = f"per {x_label}" if x_label else "per unit of time"
    row = min(18.0, max(240.0 / max(neurons, 1), 420.0 / max(neurons, 28)))
    every = max(1, int(np.ceil(13 / row)))
    ticks = [Tick(neurons - i - 0.5, names[i]) for i in range(0, neurons, every)]
    plot = Plot(
        Scale(0.0, max(steps, 1) * step),
        Scale(0.0, float(max(neurons, 1))),
        title=title,
        x_label=x_label,
        width=_PAGE,
        height=max(neurons, 1) * row,
        y_ticks=ticks,
        grid="",
    )
    if not fired.any():
        plot.message("no spikes")
    _draw_spikes(plot, fired, row, step)
    plot.width += _BARS
    _draw_rates(plot, rates, row, names, unit)
    _draw_population(plot, fired, known, step, unit)
    return plot.figure(description or _describe(s, rates, names, unit))


def _draw_spikes(plot: Plot, fired: Flags, row: float, step: float) -> None:
    times, neurons = np.nonzero(fired)
    if len(times) > _MOST_MARKS:
        shades = _pooled(_pooled(fired).T).astype(np.float64)
        wide, tall = plot.right - plot.left, plot.bottom - plot.top
        draw_pixels(plot.canvas, shades, plot.left, plot.top, wide, tall, 0.0, 1.0, "ink")
        return
    half = max(0.5, min(0.38 * row, 7.0))
    xs = plot.px((times + 0.5) * step)
    data = "".join(
        f"M{coordinate(x)} {coordinate(plot.top + (i + 0.5) * row - half)}v{coordinate(2 * half)}"
        for x, i in zip(xs, neurons, strict=True)
    )
    plot.canvas.path(data, "line stroke-text", width=1.4)


def _pooled(fired: Flags) -> Flags:
    """Join stretches of time, or neighbours, of which a page shows no more: one fired, all did."""
    if len(fired) <= _MOST_ROWS:
        return fired
    starts = np.arange(_MOST_ROWS) * len(fired) // _MOST_ROWS
    return np.asarray(np.logical_or.reduceat(fired, starts, axis=0))


def _draw_rates(plot: Plot, rates: Floats, row: float, names: list[str], unit: str) -> None:
    """Draw a bar for each neuron, to the right of its row; of thousands, for the first ones."""
    left = plot.right + 28
    room = _BARS - 34
    most = float(np.nanmax(rates, initial=0.0)) or 1.0
    canvas = plot.canvas
    canvas.line(left, plot.top, left, plot.bottom, "axis")
    thick = max(row - max(1.0, 0.25 * row), 0.4)
    for i, rate in enumerate(rates[:2000]):
        if np.isfinite(rate):
            y = plot.top + (i + 0.5) * row
            tip = f"{names[i]}: {format_value(rate)} {unit}"
            canvas.rect(left, y - thick / 2, room * rate / most, thick, "fill-series-0", tip=tip)
    text = format_value(most)
    canvas.text(left + room, plot.bottom + 15, text, size=11, anchor="end", classes="muted")
    free = room - text_width(text, 11) - 6
    canvas.text(left, plot.bottom + 15, "rate", size=11, classes="muted", max_width=free)


def _draw_population(
    plot: Plot,
    fired: Flags,
    known: Flags,
    step: float,
    unit: str,
) -> None:
    """Draw below how often all neurons fired on average, in up to sixty stretches of time."""
    steps = len(fired)
    top = plot.height + 4
    plot.canvas.text(
        plot.left, top, f"mean rate of all, {unit}", size=11, classes="muted",
        max_width=plot.right - plot.left,
    )  # fmt: skip
    bottom = top + 14 + _CURVE
    edges = np.unique(np.linspace(0, steps, min(steps, _BINS) + 1).astype(int))
    parts = list(pairwise(edges))
    rates = [fired[a:b].sum() / (max(known[a:b].sum(), 1) * step) for a, b in parts]
    most = max(rates, default=0.0) or 1.0
    data = f"M{coordinate(plot.left)} {coordinate(bottom)}"
    for (_, end), rate in zip(parts, rates, strict=True):
        data += f"V{coordinate(bottom - _CURVE * rate / most)}"
        data += f"H{coordinate(float(plot.px(end * step)))}"
    plot.canvas.path(f"{data}V{coordinate(bottom)}Z" if parts else "", "fill-series-0")
    plot.canvas.line(plot.left, bottom, plot.right, bottom, "axis")
    for place, text in ((bottom, "0"), (bottom - _CURVE, format_value(most))):
        plot.canvas.text(plot.right + 8, place, text, size=11, classes="muted")
    plot.height = bottom + MARGIN


def _describe(s: Floats, rates: Floats, names: list[str], unit: str) -> str:
    steps, neurons = s.shape
    total = int((s == 1).sum())
    words = f"{neurons} neurons over {steps} steps, {total} spikes."
    if np.isfinite(rates).any():
        most, least = int(np.nanargmax(rates)), int(np.nanargmin(rates))
        words += f" Most often: neuron {names[most]}, {format_value(rates[most])} {unit}; "
        words += f"least: {names[least]}, {format_value(rates[least])}."
    missing = int(np.isnan(s).sum())
    return words + (f" Not known: {missing}." if missing else "")
