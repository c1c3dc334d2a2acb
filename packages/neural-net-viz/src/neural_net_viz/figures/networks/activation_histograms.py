"""How the activations of each layer are distributed: dead, saturated, exploding or healthy."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from neural_net_viz.drawing.axes import AROUND, TALLEST, Plot
from neural_net_viz.drawing.inputs import Floats, as_floats, as_named, check_at_least, checked
from neural_net_viz.drawing.number_text import coordinate, format_value
from neural_net_viz.drawing.scales import Scale, make_scale
from neural_net_viz.drawing.text import listed
from neural_net_viz.figure import Figure

__all__ = ["activation_histograms"]

_ROW = 62.0
_HEAD = 20.0


@checked
def activation_histograms(
    activations: Mapping[str, Any],
    *,
    bins: int = 40,
    value_range: tuple[float, float] | None = None,
    value_label: str = "activation",
    title: str = "Activations",
    description: str | None = None,
) -> Figure:
    """Draw one histogram per layer over a common axis, with mean, spread and share of zeros.

    Each histogram fills its own height, since what matters is the shape: all at 0 is a dead ReLU,
    heaps at both ends are a saturated tanh, wider and wider layers explode. Of more layers than fit
    a page the first ones are drawn, and a note says how many more there are.

    Args:
        activations: Layer -> its activations, any shape. Weights and gradients work as well.
        bins: How many bars each histogram has, 1 to 1,000.
        value_range: The axis; None takes all layers' values but the outermost 0.5 % on each side.
        value_label: What the values are.
        title: The figure's title.
        description: What it shows, in words; None makes one.

    Returns:
        The figure.

    Raises:
        ValueError: If there are no bars, or the range is empty.

    Examples:
        >>> activation_histograms({"layer 1": [0.0, 0.0, 1.0, 3.0]}).description
        'Activation of 1 layers. layer 1: mean 1, standard deviation 1.22, 50 % zero.'
    """
    check_at_least("activation_histograms(bins)", bins, 1, 1000)
    layers = {
        name: _values(name, array)
        for name, array in as_named("activation_histograms(activations)", activations).items()
    }
    low, high = _range(layers, value_range)
    drawn = dict(list(layers.items())[: int((TALLEST - AROUND) // _ROW)])
    rows = max(len(drawn), 1)
    left_out = len(layers) - len(drawn)
    beyond = any(((v < low) | (v > high)).any() for v in layers.values())
    plot = Plot(
        make_scale([low, high], padding=0),
        Scale(0.0, rows * _ROW),
        title=title,
        x_label=value_label,
        height=rows * _ROW,
        y_ticks=[],
        grid="",
        notes=[
            *(["The outermost bars hold what lies beyond the axis."] if beyond else []),
            *([f"… {left_out} more, not drawn."] if left_out else []),
        ],
    )
    if not layers:
        plot.message("no data")
    said = {name: _facts(values) for name, values in layers.items()}
    sentences = [f"{name}: {facts}." for name, facts in said.items()]
    for row, (name, values) in enumerate(drawn.items()):
        top = plot.top + row * _ROW
        room = plot.right - plot.left
        used = plot.canvas.text(
            plot.left + 6, top + 11, name, size=12, bold=True, max_width=room * 0.4
        )
        plot.canvas.text(
            plot.left + used + 16, top + 11, said[name], size=11, classes="muted",
            max_width=room - used - 22,
        )  # fmt: skip
        _draw_bars(plot, values, low, high, bins, top + _HEAD, top + _ROW - 2, name)
    head = f"{value_label.capitalize()} of {len(layers)} layers."
    return plot.figure(description or f"{head} {listed(sentences, ' ')}".rstrip())


def _values(name: str, array: Any) -> Floats:
    where = f"activation_histograms(activations[{name!r}])"
    return as_floats(where, array, *range(10), expected="an array").ravel()


def _range(layers: Mapping[str, Floats], given: tuple[float, float] | None) -> tuple[float, float]:
    if given is not None:
        low, high = float(given[0]), float(given[1])
        if not low < high:
            raise ValueError(
                f"activation_histograms(value_range): expected low < high, got {given}"
            )
        return low, high
    ends = [
        end
        for values in layers.values()
        if np.isfinite(values).any()
        for end in np.percentile(values[np.isfinite(values)], [0.5, 99.5])
    ]
    scale = make_scale(ends, padding=0.02)
    return scale.low, scale.high


def _facts(values: Floats) -> str:
    """Say in words what a glance at the histogram may miss."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return "no finite values"
    with np.errstate(over="ignore"):
        mean, spread = finite.mean(), finite.std()
    facts = [f"mean {format_value(mean)}", f"standard deviation {format_value(spread)}"]
    zero = float((finite == 0).mean())
    if zero >= 0.01:
        facts.append(f"{zero:.0%} zero".replace("%", " %"))
    broken = values.size - finite.size
    if broken:
        facts.append(f"{broken} not finite")
    return ", ".join(facts)


def _draw_bars(
    plot: Plot,
    values: Floats,
    low: float,
    high: float,
    bins: int,
    top: float,
    bottom: float,
    name: str,
) -> None:
    """Draw a histogram as one outline, the tallest bar as high as the room."""
    inside = np.clip(values[np.isfinite(values)], low, high)
    counts, _ = np.histogram(inside, bins=bins, range=(low, high))
    plot.canvas.line(plot.left, bottom, plot.right, bottom, "grid")
    if not counts.any():
        return
    edges = np.linspace(plot.left, plot.right, bins + 1)
    heights = bottom - (bottom - top) * counts / counts.max()
    steps = "".join(
        f"V{coordinate(y)}H{coordinate(x)}" for y, x in zip(heights, edges[1:], strict=True)
    )
    data = f"M{coordinate(edges[0])} {coordinate(bottom)}{steps}V{coordinate(bottom)}Z"
    plot.canvas.path(data, "fill-series-0", tip=f"{name}: {len(values)} values")
    if low < 0 < high:
        zero = float(plot.px(0.0))
        plot.canvas.line(zero, top, zero, bottom, "rule")
