"""A small network while it learns: weights, answers and loss, as an animation that stands alone."""

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np

from neural_net_core import Dense, Module, ShapeError, Tensor, no_grad
from neural_net_core.tensor import TensorLike
from neural_net_viz.drawing.axes import MARGIN, apart, draw_title
from neural_net_viz.drawing.canvas import Canvas
from neural_net_viz.drawing.contours import (
    carried_on,
    contour_lines,
    empty_note,
    lines_path,
    region_path,
)
from neural_net_viz.drawing.film import check_film, draw_loss_curve, film_rules, frames
from neural_net_viz.drawing.inputs import Floats, as_floats, checked
from neural_net_viz.drawing.legend import LegendEntry, draw_legend, legend_height
from neural_net_viz.drawing.number_text import format_value
from neural_net_viz.drawing.ramps import ramp_role
from neural_net_viz.drawing.theme import MARKERS
from neural_net_viz.figure import Figure

__all__ = ["training_animation"]

_PAGE = 640.0
_SIDE = 232.0  # of the map, and the network's height
_CURVE = 84.0
_RADIUS = 11.0
_WIDEST_LINE = 7.0
_MOST_NODES = 12
_POINTS = 28
_MOST_POINTS = 1000  # of each class
_LEVELS = 3  # shades on each side: an animation holds them once for every frame


@checked
def training_animation(
    model: Module,
    snapshots: Mapping[int, Mapping[str, Any]],
    points: TensorLike,
    labels: TensorLike,
    losses: Any,
    *,
    seconds: float = 10.0,
    title: str = "Training",
    description: str | None = None,
) -> Figure:
    """Show a network of two inputs and one output at several steps of its training, one by one.

    On the left the weights (as wide as they are large, negative ones dashed), on the right the
    probability that the network gives to class 1 all over the plane, below the loss. Readers who
    ask for less motion, and viewers without animation, see the last step. Where the network
    answers NaN the map stays empty, and the frame says so.

    Args:
        model: A module of Dense layers that follow each other, from 2 inputs to 1 output. Its
            answers are probabilities if they all lie in [0, 1], else logits. It is not changed.
        snapshots: Steps -> the state dict after that many steps; copy it when you take it, as
            training changes the arrays. Of more than 60 as many are shown, evenly chosen.
        points: (N, 2) the data; of thousands those that stand apart are drawn.
        labels: (N,) classes 0 and 1.
        losses: (steps,) the loss after 0, 1, … steps.
        seconds: How long one run of the animation takes.
        title: The figure's title.
        description: What it shows, in words; None makes one.

    Returns:
        The figure.

    Raises:
        ShapeError: If points, labels or the model's layers have other shapes.
        ValueError: If there is no snapshot, one lies beyond the losses, a layer is too wide to be
            drawn, or seconds is not above 0.

    Examples:
        >>> from neural_net_core import FeedForward
        >>> model = FeedForward((2, 2, 1))
        >>> x = np.array([[0, 0], [1, 1]])
        >>> training_animation(model, {0: model.state_dict()}, x, [0, 1], [0.7]).title
        'Training'
    """
    steps, curve = check_film("training_animation", snapshots, losses, seconds)
    data = as_floats("training_animation(points)", points, 2, expected="(N, 2)")
    classes = as_floats("training_animation(labels)", labels, 1, expected="(N,)")
    if data.shape[1] != 2 or classes.shape != data.shape[:1]:
        raise ShapeError(
            "training_animation: expected points (N, 2) and labels (N,), got "
            f"{data.shape} and {classes.shape}"
        )
    for step in steps:
        if not isinstance(snapshots[step], Mapping):
            kind = type(snapshots[step]).__name__
            raise ValueError(
                f"training_animation(snapshots[{step}]): expected a state dict, got {kind}"
            )
    films = [_Frame(copy.deepcopy(model), snapshots[step], data) for step in steps]

    shown = np.isfinite(data).all(axis=1)
    canvas = Canvas()
    top = draw_title(canvas, title, _PAGE) + 4
    sizes = [np.abs(w[np.isfinite(w)]) for film in films for w in film.weights]
    largest = max(float(size.max(initial=0)) for size in sizes)
    right = _PAGE - MARGIN - _SIDE
    lower = top + _SIDE + 18
    spots = draw_loss_curve(canvas, curve, lower, _PAGE, _CURVE)
    for k, _ in frames(canvas, steps, spots):
        _draw_weights(canvas, films[k], top, right, largest)
        _draw_map(canvas, films[k], right, top)
    _draw_nodes(canvas, films[0], top, right)
    left_out = 0
    for k, role in enumerate(("negative", "positive")):
        places = [films[0].place(x, y) for x, y in data[shown & (np.rint(classes) == k)]]
        px, py = np.array([right, top])[:, None] + np.reshape(places, (-1, 2)).T * _SIDE
        kept = apart(px, py, _MOST_POINTS)
        left_out += len(px) - len(kept)
        for i in kept:
            canvas.marker(MARKERS[k], float(px[i]), float(py[i]), 5, role)
    canvas.rect(right, top, _SIDE, _SIDE, "frame")

    legend = [
        LegendEntry("positive weight", "positive", "line", width=3),
        LegendEntry("negative weight", "negative", "line", "5 3", width=3),
        LegendEntry("class 0", "negative", "mark", marker=MARKERS[0]),
        LegendEntry("class 1", "positive", "mark", marker=MARKERS[1]),
    ]
    below = lower + _CURVE + 26
    draw_legend(canvas, legend, MARGIN, below, _PAGE - 2 * MARGIN)
    below += legend_height(legend, _PAGE - 2 * MARGIN)
    words = description or (
        f"A network of {', '.join(map(str, films[0].sizes))} nodes at {len(films)} steps of its "
        f"training. Loss {format_value(curve[steps[0]])} at step {steps[0]}, "
        f"{format_value(curve[steps[-1]])} at step {steps[-1]}."
        + "".join(
            f" At step {step}: {empty_note(film.unknown)}"
            for step, film in zip(steps, films, strict=True)
            if film.unknown.any()
        )
        + (f" Points left out, near those that are drawn: {left_out:,}." if left_out else "")
    )
    return canvas.figure(_PAGE, below + MARGIN - 4, title, words, *film_rules(len(steps), seconds))


class _Frame:
    """What the network is after some steps: its weights, and its answers over the plane."""

    def __init__(self, model: Module, state: Mapping[str, Any], data: Floats) -> None:
        model.load_state_dict(state)
        layers = [module for module in model.modules() if isinstance(module, Dense)]
        self.weights = [layer.weight.data.astype(np.float64) for layer in layers]
        if not layers:
            raise ValueError(f"training_animation: {type(model).__name__} has no Dense layer")
        self.sizes = [self.weights[0].shape[1], *(len(w) for w in self.weights)]
        if self.sizes[0] != 2 or self.sizes[-1] != 1:
            raise ShapeError(
                f"training_animation: expected 2 inputs and 1 output, got {self.sizes}"
            )
        if max(self.sizes) > _MOST_NODES:
            raise ValueError(
                f"training_animation: expected at most {_MOST_NODES} nodes in a layer, "
                f"got {max(self.sizes)}"
            )
        data = data[np.isfinite(data).all(axis=1)]
        low, high = data.min(axis=0, initial=np.inf), data.max(axis=0, initial=-np.inf)
        low, high = np.where(low < high, low, 0.0), np.where(low < high, high, 1.0)
        room = 0.25 * (high - low)
        self.low, self.high = low - room, high + room
        axes = [np.linspace(self.low[i], self.high[i], _POINTS) for i in (0, 1)]
        grid = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
        with no_grad(), np.errstate(over="ignore", invalid="ignore"):
            y = model.eval()(Tensor(grid, layers[0].weight.dtype)).numpy().astype(np.float64)
        known = y[~np.isnan(y)]
        p = y if ((known >= 0) & (known <= 1)).all() else (1 + np.tanh(y / 2)) / 2
        self.scores = p.reshape(_POINTS, _POINTS) - 0.5
        self.unknown = np.isnan(self.scores)

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point lies in the map, from 0 to 1, from the left and from the top."""
        u, v = (np.array([x, y]) - self.low) / (self.high - self.low)
        return float(u), float(1 - v)


def _node(sizes: list[int], layer: int, node: int, top: float, right: float) -> tuple[float, float]:
    left, wide = MARGIN + 24, right - MARGIN - 72
    x = left + wide * layer / (len(sizes) - 1)
    return x, top + _SIDE * (node + 0.5) / sizes[layer]


def _draw_weights(canvas: Canvas, film: _Frame, top: float, right: float, largest: float) -> None:
    for layer, matrix in enumerate(film.weights):
        for (j, i), weight in np.ndenumerate(matrix):
            if not np.isfinite(weight):
                start = _node(film.sizes, layer, i, top, right)
                end = _node(film.sizes, layer + 1, j, top, right)
                canvas.line(*start, *end, "thin stroke-wrong", dash="1 3")
                continue
            width = 0.4 + (_WIDEST_LINE - 0.4) * abs(weight) / (largest or 1.0)
            role, dash = ("positive", "") if weight >= 0 else ("negative", "5 3")
            start = _node(film.sizes, layer, i, top, right)
            end = _node(film.sizes, layer + 1, j, top, right)
            canvas.line(*start, *end, f"thin stroke-{role}", width=width, dash=dash)


def _draw_nodes(canvas: Canvas, film: _Frame, top: float, right: float) -> None:
    radius = min(_RADIUS, 0.42 * _SIDE / max(film.sizes))
    for layer, size in enumerate(film.sizes):
        for node in range(size):
            canvas.circle(*_node(film.sizes, layer, node, top, right), radius, "node")


def _draw_map(canvas: Canvas, film: _Frame, left: float, top: float) -> None:
    xs = left + np.linspace(0, _SIDE, _POINTS)
    ys = top + np.linspace(_SIDE, 0, _POINTS)
    scores = carried_on(film.scores)
    for k in range(-_LEVELS, _LEVELS):
        side = k + 1 if k >= 0 else k
        style = f"fill-{ramp_role('signed', 0.5 + 0.3 * side / _LEVELS)}"
        if k == -_LEVELS:
            canvas.rect(left, top, _SIDE, _SIDE, style)
        else:
            canvas.path(region_path(scores, xs, ys, 0.5 * k / _LEVELS), style)
    if film.unknown.any():
        canvas.path(region_path(film.unknown.astype(float), xs, ys, 0.5), "surface")
        note = "NaN everywhere" if film.unknown.all() else "empty: NaN"
        canvas.text(left + 8, top + _SIDE - 12, note, size=11, classes="muted halo")
    canvas.path(lines_path(contour_lines(film.scores, xs, ys)), "line stroke-text")
