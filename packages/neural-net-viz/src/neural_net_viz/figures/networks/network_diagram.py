"""A network of dense layers as nodes and lines: every weight's size and sign at a glance."""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from neural_net_core.tensor import TensorLike
from neural_net_viz.drawing.axes import MARGIN, draw_title
from neural_net_viz.drawing.canvas import Anchor, Canvas
from neural_net_viz.drawing.inputs import (
    Floats,
    as_labels,
    check_at_least,
    checked,
)
from neural_net_viz.drawing.legend import LegendEntry, draw_legend, legend_height
from neural_net_viz.drawing.number_text import format_value
from neural_net_viz.drawing.ramps import ramp_role, text_class
from neural_net_viz.drawing.text import listed, text_width
from neural_net_viz.figure import Figure
from neural_net_viz.figures.networks._network import Network, read_network, without_middle

__all__ = ["network_diagram"]

_RADIUS = 20.0
_ROW = 62.0
_COLUMN = 190.0
_SMALL = 10.5
_WIDEST_LINE = 5.0
_NEGATIVE_DASH = "6 3"
# With more weights than this their numbers would cover the lines; they show under the pointer.
_MOST_LABELS = 24
_MOST_LAYERS = 8  # of nodes


@checked
def network_diagram(
    network: Any,
    biases: Sequence[Any] | None = None,
    *,
    values: Sequence[Any] | None = None,
    inputs: TensorLike | None = None,
    activations: Sequence[object] | None = None,
    input_names: Iterable[object] | None = None,
    output_names: Iterable[object] | None = None,
    max_nodes: int = 8,
    weight_labels: bool | None = None,
    title: str = "Network",
    description: str | None = None,
) -> Figure:
    """Draw the nodes of a network, their biases and values, and its weights as lines.

    A line's width is the weight's size; positive and negative weights differ in colour and in
    dash. A node's shade is its value. A layer with more than `max_nodes` nodes shows some and says
    how many more there are, and so does a network of more layers than fit a page.

    Args:
        network: A Module with Dense layers that follow each other, or a list of weights, each
            (out, in).
        biases: With a list of weights: a bias (out,) or None for each.
        values: What stands in the nodes: one array per layer of nodes, inputs first.
        inputs: With a Module: one sample (n,); the values are then what it computes.
        activations: A name for each layer of weights; None finds them where it can.
        input_names: A name for each input.
        output_names: A name for each output.
        max_nodes: The most nodes to draw in a layer, 2 to 40.
        weight_labels: Whether numbers stand on the lines; None decides by how many there are.
        title: The figure's title.
        description: What it shows, in words; None makes one.

    Returns:
        The figure.

    Raises:
        ShapeError: If the layers do not fit each other, or names or values do not fit them.
        ValueError: If a Module has no Dense layer, or max_nodes is not in its range.

    Examples:
        >>> network_diagram([[[1.0, -2.0]]], [[0.5]], title="One neuron").description
        'A network of 2 and 1 nodes with 2 weights from −2 to 1.'
    """
    check_at_least("network_diagram(max_nodes)", max_nodes, 2, 40)
    net = read_network(network, biases, values, inputs, activations)
    sizes = [net.weights[0].shape[1], *(len(w) for w in net.weights)]
    names_in = as_labels("network_diagram(input_names)", input_names, sizes[0])
    names_out = as_labels("network_diagram(output_names)", output_names, sizes[-1])
    every = np.concatenate([w.ravel() for w in net.weights])
    words = description or _describe(sizes, every)
    most = max(float(np.nanmax(np.abs(w[np.isfinite(w)]), initial=0)) for w in net.weights)
    heads = _headings(sizes, net.activations)
    gap, left_out = _too_many(len(sizes))
    if left_out:
        net, sizes, heads = without_middle(net, sizes, heads, gap, left_out)
    shown = [_shown_nodes(size, max_nodes) for size in sizes]

    left = MARGIN + _RADIUS + 4 + _longest(names_in, shown[0])
    right = MARGIN + _RADIUS + 4 + _longest(names_out, shown[-1])
    left, right = max(left, 62.0), max(right, 62.0)
    page = max(left + _COLUMN * (len(sizes) - 1) + right, 320.0)
    canvas = Canvas()
    top = draw_title(canvas, title, page)
    rows = max(len(nodes) + (len(nodes) < size) for nodes, size in zip(shown, sizes, strict=True))
    xs = [left + (page - left - right) * i / (len(sizes) - 1) for i in range(len(sizes))]
    ys = [_heights(nodes, size, rows, top + 34)
          for nodes, size in zip(shown, sizes, strict=True)]  # fmt: skip
    for x, head in zip(xs, heads, strict=True):
        room = 2 * min(x - 4, page - 4 - x, _COLUMN / 2 - 4)
        canvas.text(x, top + 8, head, size=11, anchor="middle", classes="muted", max_width=room)

    if left_out:
        x, y = (xs[gap - 1] + xs[gap]) / 2, top + 26 + rows * _ROW / 2
        canvas.text(x, y - 12, "…", size=16, anchor="middle", classes="muted")
        canvas.text(x, y + 6, f"{left_out} more layers", anchor="middle")
    count = sum(len(a) * len(b) for a, b in pairwise(shown))
    labelled = count <= _MOST_LABELS if weight_labels is None else weight_labels
    taken = [(x - _RADIUS - 2, y - _RADIUS - 2, x + _RADIUS + 2, y + _RADIUS + 17)
             for x, column in zip(xs, ys, strict=True) for y in column.values()]  # fmt: skip
    lines = _lines(net, shown, xs, ys)
    for x1, y1, x2, y2, weight, tip in lines:
        _draw_weight(canvas, x1, y1, x2, y2, weight, most, tip)
    if labelled:
        for x1, y1, x2, y2, weight, _ in lines:
            _draw_number(canvas, x1, y1, x2, y2, weight, taken)
    for layer, (nodes, size) in enumerate(zip(shown, sizes, strict=True)):
        for node in nodes:
            _draw_node(canvas, net, layer, node, xs[layer], ys[layer][node])
        if len(nodes) < size:
            middle = (ys[layer][nodes[len(nodes) // 2 - 1]] + ys[layer][nodes[len(nodes) // 2]]) / 2
            _write_on_patch(canvas, xs[layer], middle + 3, f"… {size - len(nodes)} more", 12)
    _draw_names(canvas, names_in, shown[0], xs[0] - _RADIUS - 6, ys[0], "end")
    _draw_names(canvas, names_out, shown[-1], xs[-1] + _RADIUS + 6, ys[-1], "start")

    legend = [
        LegendEntry("positive weight", "positive", "line", width=3),
        LegendEntry("negative weight", "negative", "line", _NEGATIVE_DASH, width=3),
    ]
    below = top + 34 + rows * _ROW + 4
    draw_legend(canvas, legend, MARGIN, below, page - 2 * MARGIN)
    below += legend_height(legend, page - 2 * MARGIN)
    note = f"widest line: {format_value(most)}"
    if any(b is not None for b in net.biases):
        note += "; b: bias"
    canvas.text(MARGIN, below + 10, note, size=11, classes="muted", max_width=page - 2 * MARGIN)
    return canvas.figure(page, below + 20 + MARGIN / 2, title, words)


def _describe(sizes: list[int], weights: Floats) -> str:
    layers = listed([str(size) for size in sizes[:-1]], ", ")
    words = f"A network of {layers} and {sizes[-1]} nodes with {weights.size} weights"
    finite = weights[np.isfinite(weights)]
    if finite.size:
        words += f" from {format_value(finite.min())} to {format_value(finite.max())}"
    broken = weights.size - finite.size
    return words + (f", {broken} of them not finite." if broken else ".")


def _too_many(layers: int) -> tuple[int, int]:
    """Return after how many layers some are left out, and how many, so that the rest fit a page."""
    if layers <= _MOST_LAYERS:
        return 0, 0
    return _MOST_LAYERS // 2, layers - _MOST_LAYERS


def _shown_nodes(size: int, most: int) -> list[int]:
    """Return the nodes to draw: all, or the first and the last few, with a gap for the words."""
    if size <= most:
        return list(range(size))
    half = most // 2
    return [*range(half), *range(size - (most - half), size)]


def _heights(nodes: list[int], size: int, rows: int, top: float) -> dict[int, float]:
    """Centre a column of nodes, leaving out a row where nodes are left out."""
    gap = len(nodes) < size
    first = top + _ROW * (rows - len(nodes) - gap) / 2 + _ROW / 2 - 8
    half = len(nodes) // 2
    return {node: first + _ROW * (i + (gap and i >= half)) for i, node in enumerate(nodes)}


def _headings(sizes: list[int], activations: list[str]) -> list[str]:
    heads = [f"input ({sizes[0]})"]
    for i, (size, activation) in enumerate(zip(sizes[1:], activations, strict=True), 1):
        name = "output" if i == len(sizes) - 1 else "hidden" if len(sizes) == 3 else f"hidden {i}"
        heads.append(f"{name} ({size}{', ' + activation if activation else ''})")
    return heads


def _longest(names: list[str] | None, nodes: list[int]) -> float:
    return min(max((text_width(names[i], 13) for i in nodes), default=0.0), 120.0) if names else 0.0


_Line = tuple[float, float, float, float, float, str]


def _lines(
    net: Network, shown: list[list[int]], xs: list[float], ys: list[dict[int, float]]
) -> list[_Line]:
    lines = []
    for layer, weight in enumerate(net.weights):
        for i in shown[layer] if weight.size else []:
            for j in shown[layer + 1]:
                tip = f"weight from {i + 1} to {j + 1}: {format_value(weight[j, i])}"
                ends = xs[layer], ys[layer][i], xs[layer + 1], ys[layer + 1][j]
                lines.append((*ends, float(weight[j, i]), tip))
    # The strongest last, so that they lie on top.
    return sorted(lines, key=lambda line: abs(line[4]) if math.isfinite(line[4]) else 0.0)


def _draw_weight(
    canvas: Canvas, x1: float, y1: float, x2: float, y2: float, weight: float, most: float, tip: str
) -> None:
    if not math.isfinite(weight):
        canvas.line(x1, y1, x2, y2, "thin stroke-wrong", dash="1 3", tip=tip)
        return
    width = 0.5 + (_WIDEST_LINE - 0.5) * (abs(weight) / most if most else 0.0)
    role, dash = ("positive", "") if weight >= 0 else ("negative", _NEGATIVE_DASH)
    canvas.line(x1, y1, x2, y2, f"thin stroke-{role}", width=width, dash=dash, tip=tip)


def _draw_number(
    canvas: Canvas,
    x1: float,
    y1: float,
    x2: float,
    y2: float,
    weight: float,
    taken: list[tuple[float, float, float, float]],
) -> None:
    """Write a weight on its line, at the first place where it covers nothing written before."""
    text = format_value(weight)
    half = text_width(text, _SMALL) / 2 + 2
    for t in (0.3, 0.7, 0.4, 0.6, 0.5, 0.22, 0.78, 0.35, 0.65, 0.45, 0.55, 0.26, 0.74, 0.18, 0.82):
        x, y = x1 + t * (x2 - x1), y1 + t * (y2 - y1)
        box = (x - half, y - 7, x + half, y + 7)
        if not any(_overlap(box, other) for other in taken):
            taken.append(box)
            _write_on_patch(canvas, x, y, text, _SMALL)
            return


def _write_on_patch(canvas: Canvas, x: float, y: float, text: str, size: float) -> None:
    """Write on a patch of the page's colour: a line through a minus sign would hide it."""
    wide = text_width(text, size) + 4
    canvas.rect(x - wide / 2, y - 0.57 * size, wide, 1.14 * size, "surface", radius=2)
    canvas.text(x, y, text, size=size, anchor="middle")


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _draw_node(canvas: Canvas, net: Network, layer: int, node: int, x: float, y: float) -> None:
    bias = net.biases[layer - 1] if layer else None
    value = None if net.values is None else float(net.values[layer][node])
    parts = [f"node {node + 1}"]
    parts += [] if value is None else [f"value {format_value(value)}"]
    parts += [] if bias is None else [f"bias {format_value(bias[node])}"]
    if value is None or not math.isfinite(value):
        style, text = "node", "text"
    else:
        role = ramp_role("signed", 0.5 + 0.4 * value / _largest(net.values))
        style, text = f"fill-{role} stroke-axis", text_class(role)
    canvas.circle(x, y, _RADIUS, style, tip=", ".join(parts))
    if value is not None:
        canvas.text(
            x, y, _short(value), size=11, anchor="middle", classes=text, max_width=2 * _RADIUS - 3
        )
    if bias is not None:
        _write_on_patch(canvas, x, y + _RADIUS + 9, f"b {format_value(bias[node])}", _SMALL)


def _largest(values: list[Floats] | None) -> float:
    """Return the largest size among all finite values, the one of full colour."""
    sizes = [float(np.abs(v[np.isfinite(v)]).max(initial=0.0)) for v in values or []]
    return max(sizes, default=0.0) or 1.0


def _short(value: float) -> str:
    """Write a value so that it fits into a node."""
    if value == round(value, 0) or not 0.01 <= abs(value) < 10:
        return format_value(value, 2)
    return f"{value:.2f}".replace("-", "−")


def _draw_names(
    canvas: Canvas,
    names: list[str] | None,
    nodes: list[int],
    x: float,
    heights: dict[int, float],
    anchor: Anchor,
) -> None:
    if names is None:
        return
    for node in nodes:
        canvas.text(x, heights[node], names[node], size=13, anchor=anchor, bold=True, max_width=120)
