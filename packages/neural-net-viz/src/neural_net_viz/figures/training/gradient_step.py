"""The loss over one weight, its slope, and a step down it."""

from collections.abc import Callable
from typing import Any

import numpy as np

from neural_net_core import ShapeError
from neural_net_core.checks import check_callable
from neural_net_core.tensor import Tensor
from neural_net_viz.drawing.arrows import draw_arrow
from neural_net_viz.drawing.axes import Plot
from neural_net_viz.drawing.inputs import Floats, check_at_least, checked
from neural_net_viz.drawing.legend import LegendEntry
from neural_net_viz.drawing.number_text import format_value
from neural_net_viz.drawing.scales import make_scale
from neural_net_viz.drawing.text import text_width
from neural_net_viz.figure import Figure

__all__ = ["gradient_step"]

_POINTS = 241
_MOST = 40


@checked
def gradient_step(
    loss: Callable[..., Any],
    weight: float,
    *,
    lr: float,
    steps: int = 1,
    weight_range: tuple[float, float] | None = None,
    weight_label: str = "w",
    loss_label: str = "loss L",
    title: str = "A slope, and one step down it",
    description: str | None = None,
) -> Figure:
    r"""Draw a loss over one weight, the tangent at a weight, and where a step against it leads.

    $$ w \leftarrow w - \mathrm{lr} \cdot dw \qquad dw = \partial L / \partial w $$

    The slope is measured by central differences, so that any function of arrays will do.

    Args:
        loss: Takes an array of weights and returns as many losses; Tensors will do too.
        weight: Where the first step begins.
        lr: The learning rate.
        steps: How many steps to take, 1 to 40.
        weight_range: The ends of the horizontal axis; None takes what the steps need.
        weight_label: What the weight is called.
        loss_label: What the loss is called.
        title: The figure's title.
        description: What it shows, in words; None makes one.

    Returns:
        The figure.

    Raises:
        ShapeError: If the loss does not return a number for each weight.
        ValueError: If there is no step, or more than 40, or the loss is no function.

    Examples:
        >>> gradient_step(lambda w: (w - 1) ** 2, 3.0, lr=0.25).description.partition("; ")[0]
        'At w = 3 the loss L is 4 and its slope dw = 4'
    """
    check_callable("gradient_step", "loss", loss, "a function of weights")
    check_at_least("gradient_step(steps)", steps, 1, _MOST)
    path, slopes = [weight], []
    for _ in range(steps):
        slopes.append(_slope(loss, path[-1]))
        path.append(path[-1] - lr * slopes[-1])
    ws = np.array(path)
    heights = _evaluate(loss, ws)
    low, high = weight_range or _room(ws)
    xs = np.linspace(low, high, _POINTS)
    curve = _evaluate(loss, xs)
    first, second = (format_value(w) for w in path[:2])
    slope = format_value(slopes[0])
    after = f"{weight_label} − lr · d{weight_label} = {second}"
    legend = [
        LegendEntry(loss_label, "series-0", "line"),
        LegendEntry(f"its slope, d{weight_label} = {slope}", "series-1", "line", "7 3"),
        LegendEntry(f"{weight_label} = {first}", "text", "point", "", "circle"),
        LegendEntry(after if steps == 1 else f"after each of {steps} steps", "series-3", "point",
                    "", "square"),
    ]  # fmt: skip
    plot = Plot(
        make_scale(np.array([low, high])),
        make_scale(np.concatenate([curve, heights]), padding=0.06),
        title=title,
        x_label=weight_label,
        y_label=loss_label,
        legend=legend,
        notes=[f"lr = {format_value(lr)}: {after}"] if steps > 1 else [f"lr = {format_value(lr)}"],
    )
    if not np.isfinite(curve).any():
        plot.message("no data")
    plot.line(xs, curve, "series-0", tip=loss_label)
    _draw_tangent(plot, path[0], float(heights[0]), slopes[0], (low, high))
    _draw_steps(plot, ws, heights, f"− lr · d{weight_label}")
    plot.points(ws[1:], heights[1:], "series-3", marker="square", radius=5, name=weight_label)
    plot.points(ws[:1], heights[:1], "text", radius=6, name=weight_label)
    words = description or (
        f"At {weight_label} = {first} the {loss_label} is {format_value(heights[0])} and its "
        f"slope d{weight_label} = {slope}; a step with lr = {format_value(lr)} leads to {after}, "
        f"where it is {format_value(heights[1])}."
    )
    if steps > 1 and description is None:
        words += f" After {steps} steps it is {format_value(heights[-1])}."
    return plot.figure(words)


def _evaluate(loss: Callable[..., Any], ws: Floats) -> Floats:
    with np.errstate(all="ignore"):
        found = loss(ws)
    found = np.asarray(found.data if isinstance(found, Tensor) else found, dtype=np.float64)
    if found.shape != ws.shape:
        raise ShapeError(
            f"gradient_step(loss): expected {ws.shape} losses for {ws.shape} weights, "
            f"got {found.shape}"
        )
    return found


def _slope(loss: Callable[..., Any], weight: float) -> float:
    step = 1e-5 * max(1.0, abs(weight))
    ends = np.array([weight - step, weight + step])
    low, high = _evaluate(loss, ends)
    with np.errstate(all="ignore"):
        slope = float((high - low) / (ends[1] - ends[0]))
    # What central differences leave of the digits, so that a slope of 4 reads 4.
    return round(slope, 8) if abs(slope) < 1e6 else slope


def _room(ws: Floats) -> tuple[float, float]:
    """Return the ends of an axis on which the steps have room on both sides."""
    known = ws[np.isfinite(ws)]
    if not known.size:
        return -1.0, 1.0
    low, high = float(known.min()), float(known.max())
    span = max(high - low, 1e-6 * max(1.0, abs(high)))
    return low - 1.2 * span, high + 0.6 * span


def _draw_tangent(
    plot: Plot, weight: float, height: float, slope: float, ends: tuple[float, float]
) -> None:
    """Draw the tangent, a hundred pixels to both sides."""
    per_pixel = (ends[1] - ends[0]) / max(plot.right - plot.left, 1.0)
    xs = np.array([weight - 100 * per_pixel, weight + 100 * per_pixel])
    with np.errstate(all="ignore"):
        ys = height + slope * (xs - weight)
    px, py = plot.px(xs), plot.py(ys)
    if np.isfinite(px).all() and np.isfinite(py).all():
        plot.line(xs, ys, "series-1", dash="7 3", tip="the slope")


def _draw_steps(plot: Plot, ws: Floats, heights: Floats, word: str) -> None:
    """Draw each step: level as far as the weight moves, then down (or up) to the curve."""
    px, py = plot.px(ws).tolist(), plot.py(heights).tolist()
    for i in range(len(ws) - 1):
        corners = [(px[i], py[i]), (px[i + 1], py[i]), (px[i + 1], py[i + 1])]
        inside = all(
            plot.left - 1 <= x <= plot.right + 1 and plot.top - 1 <= y <= plot.bottom + 1
            for x, y in corners
        )
        far = abs(px[i + 1] - px[i]) > 14
        if not inside:
            continue
        if far:
            draw_arrow(plot.canvas, corners[:2], "stroke-series-3")
            if not i and abs(px[1] - px[0]) > text_width(word, 12) + 16:
                y = py[0] - 11 if py[0] > plot.top + 20 else py[0] + 11
                middle = (px[0] + px[1]) / 2
                plot.canvas.text(middle, y, word, anchor="middle", classes="text halo")
        plot.canvas.line(*corners[1], *corners[2], "rule")
