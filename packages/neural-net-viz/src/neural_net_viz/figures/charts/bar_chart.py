"""Level bars: a number for each name, the names written out beside them."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from neural_net_core import ShapeError
from neural_net_viz.drawing.axes import AROUND, TALLEST, Plot
from neural_net_viz.drawing.inputs import as_floats, as_named, checked
from neural_net_viz.drawing.legend import LegendEntry, legend_height
from neural_net_viz.drawing.number_text import format_value
from neural_net_viz.drawing.ramps import ramp_role
from neural_net_viz.drawing.scales import Scale, Tick, make_scale
from neural_net_viz.drawing.text import listed, text_width
from neural_net_viz.drawing.theme import series_role
from neural_net_viz.figure import Figure

__all__ = ["bar_chart"]

_BAR = 18.0
_SPACE = 12.0
_VALUE = 11.0
_MOST_BARS = 200
_MOST_SERIES = 60
# The least width that the names leave to the bars.
_PLOT = 380.0


@checked
def bar_chart(
    values: Mapping[str, Any],
    *,
    value_label: str = "",
    errors: Mapping[str, Any] | None = None,
    log: bool = False,
    ordered: bool = False,
    title: str = "Bars",
    description: str | None = None,
) -> Figure:
    """Draw a bar for each name, or a group of bars.

    Args:
        values: Name -> a number; or name -> {series: number} for groups. Of more bars than
            fit a page, of more than 200 and of more than 60 series the first ones are drawn, and a
            note says how many more there are.
        value_label: What the bars measure.
        errors: Name -> half the spread, drawn as a whisker; not for groups.
        log: Whether the axis is logarithmic; values of 0 and less are then left out.
        ordered: Whether the series of the groups have an order, such as time, which their colours
            then show from first to last.
        title: The figure's title.
        description: What it shows, in words; None makes one.

    Returns:
        The figure.

    Raises:
        ShapeError: If a value is not one number.

    Examples:
        >>> bar_chart({"MLP": 9610, "CNN": 1210}, value_label="parameters").title
        'Bars'
    """
    groups = {n: _group(n, v) for n, v in as_named("bar_chart(values)", values).items()}
    series = list(dict.fromkeys(key for group in groups.values() for key in group))
    roles = {
        key: ramp_role("sequential", 0.42 + 0.5 * i / max(len(series) - 1, 1))
        if ordered
        else series_role(i)
        for i, key in enumerate(series)
    }
    spread = _spreads(dict(zip(values, groups, strict=True)), errors or {})
    said = [f"{n}: " + ", ".join(f"{k} {format_value(v)}".strip() for k, v in g.items())
            for n, g in groups.items()]  # fmt: skip
    words = f"{value_label or 'Values'} of {len(groups)} bars. {listed(said)}"
    unseen = series[_MOST_SERIES:]
    series = series[:_MOST_SERIES]
    legend = [LegendEntry(key, roles[key], "fill") for key in series if key]
    tall = _BAR * max(len(series), 1) + _SPACE
    room = TALLEST - AROUND - legend_height(legend, _PLOT)
    most = max(1, min(_MOST_BARS // max(len(series), 1), int(room // tall)))
    more = len(groups) - most
    groups = {
        name: {key: value for key, value in group.items() if key not in unseen}
        for name, group in list(groups.items())[:most]
    }
    numbers = [v for group in groups.values() for v in group.values()]
    reach = [v + d for n, s in spread.items() for v in groups.get(n, {}).values() for d in (-s, s)]
    include = () if log else (0.0,)
    height = max(len(groups) * tall, tall)
    ticks = [Tick((i + 0.5) * tall, name) for i, name in enumerate(reversed(groups))]
    widest = max((text_width(format_value(v), _VALUE) for v in numbers), default=0.0)
    plot = Plot(
        _with_room(make_scale([*numbers, *reach], log=log, include=include), widest + 10),
        Scale(0.0, height),
        title=title,
        x_label=value_label,
        height=height,
        y_ticks=ticks,
        grid="x",
        legend=legend,
        notes=[
            *([f"… {more} more, not drawn."] if more > 0 else []),
            *([f"… {len(unseen)} more series, not drawn."] if unseen else []),
        ],
    )
    if not numbers:
        plot.message("no data")
    base = plot.x.low if log else 0.0
    zero = float(plot.px(base))
    for row, (name, group) in enumerate(groups.items()):
        top = plot.top + row * tall + _SPACE / 2
        for i, (key, value) in enumerate(group.items()):
            y = top + series.index(key) * _BAR
            end = float(plot.px(value))
            shown = f"{name}{', ' if key else ''}{key}: {format_value(value)}"
            if not np.isfinite(end):
                word = format_value(value)
                plot.canvas.text(plot.left + 6, y + _BAR / 2, word, classes="muted halo")
                continue
            left, width = min(zero, end), max(abs(end - zero), 1.0)
            plot.canvas.rect(left, y + 1, width, _BAR - 2, f"fill-{roles[key]}", tip=shown)
            beside = max(end, zero) + 5
            if name in spread and i == 0:
                low, high = (float(plot.px(value + d * spread[name])) for d in (-1, 1))
                low = low if np.isfinite(low) else plot.left
                plot.canvas.line(low, y + _BAR / 2, high, y + _BAR / 2, "edge")
                beside = max(beside, high + 5)
            plot.canvas.text(beside, y + _BAR / 2, format_value(value), size=_VALUE)
    return plot.figure(description or words.strip() + ("." if said else ""))


def _with_room(scale: Scale, pixels: float) -> Scale:
    """Lengthen a scale so that the numbers have their place to the right of the bars."""
    more = pixels / (_PLOT - pixels)
    if scale.log:
        decades = math.log10(scale.high / scale.low)
        return replace(scale, high=scale.high * 10 ** min(decades * more, 5))
    return replace(scale, high=scale.high + more * (scale.high - scale.low))


def _group(name: str, value: Any) -> dict[str, float]:
    if isinstance(value, Mapping):
        named = as_named("bar_chart(values)", value)
        return {key: _number(f"{name}, {key}", item) for key, item in named.items()}
    return {"": _number(name, value)}


def _spreads(names: Mapping[Any, str], errors: Mapping[Any, Any]) -> dict[str, float]:
    """Return half the spread of each bar, found by its key or by its name, where it is known."""
    found = {names.get(key, str(key)): value for key, value in errors.items()}
    spreads = {name: _number(name, value, "errors") for name, value in found.items()}
    return {name: spread for name, spread in spreads.items() if np.isfinite(spread)}


def _number(name: str, value: Any, argument: str = "values") -> float:
    where = f"bar_chart({argument}[{name!r}])"
    array = as_floats(where, value, 0, 1, expected="a number")
    if array.size != 1:
        raise ShapeError(f"{where}: expected one number, got {array.shape}")
    return float(array.reshape(-1)[0])
