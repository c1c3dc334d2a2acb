"""Where a model's parameters are: a bar for each layer."""

from collections.abc import Mapping
from typing import Any

from neural_net_core import Module
from neural_net_viz.drawing.inputs import as_floats, as_named, checked
from neural_net_viz.drawing.text import listed
from neural_net_viz.figure import Figure
from neural_net_viz.figures.charts.bar_chart import bar_chart

__all__ = ["parameter_counts"]

_MOST_BARS = 24


@checked
def parameter_counts(
    counts: Any,
    *,
    log: bool = False,
    title: str = "Parameters",
    description: str | None = None,
) -> Figure:
    """Draw how many parameters each layer has, and say how many there are in all.

    Args:
        counts: A Module, or name -> count to compare several models. A Module with many layers is
            summed up by its outer parts; a tied parameter counts once, where it first appears.
        log: Whether the axis is logarithmic.
        title: The figure's title.
        description: What it shows, in words; None makes one.

    Returns:
        The figure.

    Raises:
        ValueError: If `counts` is neither, or a count is negative.

    Examples:
        >>> from neural_net_core import Dense, ReLU, Sequential
        >>> parameter_counts(Sequential(Dense(64, 10), ReLU(), Dense(10, 1))).description
        'Parameters of 2 bars. 0: 650; 2: 11. In all: 661.'
    """
    if isinstance(counts, Module):
        bars = _of_module(counts)
        label = f"parameters ({sum(bars.values()):,} in all)"
        total = f" In all: {sum(bars.values())}."
    elif isinstance(counts, Mapping):
        bars = {n: _count(n, c) for n, c in as_named("parameter_counts(counts)", counts).items()}
        label, total = "parameters", ""
    else:
        kind = type(counts).__name__
        raise ValueError(f"parameter_counts(counts): expected a Module or a dict, got {kind}")
    for name, count in bars.items():
        if count < 0:
            raise ValueError(f"parameter_counts(counts[{name!r}]): expected 0 or more, got {count}")
    said = listed([f"{name}: {count}" for name, count in bars.items()])
    words = f"Parameters of {len(bars)} bars." + (f" {said}." if said else "") + total
    return bar_chart(
        bars, value_label=label, log=log, title=title, description=description or words
    )


def _count(name: str, value: Any) -> int:
    where = f"parameter_counts(counts[{name!r}])"
    number = float(as_floats(where, value, 0, expected="a number"))
    if not number.is_integer():
        raise ValueError(f"{where}: expected a whole number, got {number}")
    return int(number)


def _of_module(model: Module) -> dict[str, int]:
    """Count by layer; with too many layers, by what their paths have in common."""
    sizes = {name: parameter.size for name, parameter in model.named_parameters()}
    depth = max((name.count(".") for name in sizes), default=0)
    while True:
        bars: dict[str, int] = {}
        for name, size in sizes.items():
            path = name.split(".")
            layer = ".".join(path[:-1][:depth]) if len(path) > 1 else name
            bars[layer or name] = bars.get(layer or name, 0) + size
        if len(bars) <= _MOST_BARS or depth <= 1:
            return bars
        depth -= 1
