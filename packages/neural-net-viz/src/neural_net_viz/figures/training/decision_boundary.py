"""What a model of two inputs answers everywhere: a map, its boundary, and the data on it."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from neural_net_core import Array, Module, ShapeError, Tensor, no_grad
from neural_net_core.checks import check_callable
from neural_net_core.tensor import TensorLike
from neural_net_viz.drawing.axes import Plot
from neural_net_viz.drawing.contours import (
    carried_on,
    contour_lines,
    empty_note,
    lines_path,
    region_path,
)
from neural_net_viz.drawing.inputs import (
    Floats,
    as_floats,
    as_labels,
    check_at_least,
    checked,
    evaluating,
)
from neural_net_viz.drawing.legend import LegendEntry
from neural_net_viz.drawing.number_text import format_value
from neural_net_viz.drawing.ramps import ramp_role
from neural_net_viz.drawing.scales import make_scale
from neural_net_viz.drawing.theme import MARKERS, series_role
from neural_net_viz.figure import Figure

__all__ = ["decision_boundary"]

# With more points than these they are drawn smaller, and the map needs less room around them.
_FEW = 50
# Shades on each side of the boundary: enough to see the slope, few enough to keep the file small.
_LEVELS = 8
_MOST_CLASS = 10**6

Flags = npt.NDArray[np.bool_]
Model = Module | Callable[[Array], Any]


@checked
def decision_boundary(
    model: Model,
    points: TensorLike | None = None,
    labels: TensorLike | None = None,
    *,
    x_range: tuple[float, float] | None = None,
    y_range: tuple[float, float] | None = None,
    threshold: float = 0.5,
    resolution: int = 72,
    names: tuple[str, str] = ("x₁", "x₂"),
    class_names: Iterable[object] | None = None,
    title: str = "Decision boundary",
    description: str | None = None,
) -> Figure:
    """Draw a model's answers over the plane, the line where it changes its mind, and data.

    Where the model answers NaN the plane stays empty, and a note says how much of it that is.

    Args:
        model: A Module, or any function from (N, 2) to (N,) or (N, 1) scores, or to (N, K) scores
            of K classes, of which the largest counts.
        points: (N, 2) data to draw on top; of thousands those that stand apart.
        labels: (N,) classes 0, 1, … of the points.
        x_range: The horizontal range; None takes the points' with some room.
        y_range: The vertical range.
        threshold: The score at which one class becomes the other.
        resolution: Points along each axis at which the model is asked, 2 to 500.
        names: What the two inputs are called.
        class_names: One name per class, for the legend.
        title: The figure's title.
        description: What it shows, in words; None makes one.

    Returns:
        The figure.

    Raises:
        ShapeError: If points are not (N, 2), labels are not (N,), or the model answers neither
            (N,), (N, 1) nor (N, K).
        ValueError: If a range is empty, a label is no class, or resolution is not in its range.

    Examples:
        >>> decision_boundary(lambda x: x[:, 0], [[0, 0], [1, 1]], [0, 1], resolution=8).title
        'Decision boundary'
    """
    check_at_least("decision_boundary(resolution)", resolution, 2, 500)
    data = np.zeros((0, 2))
    if points is not None:
        data = as_floats("decision_boundary(points)", points, 2, expected="(N, 2)")
        if data.shape[1] != 2:
            raise ShapeError(f"decision_boundary(points): expected (N, 2), got {data.shape}")
    classes = _classes(labels, len(data))
    spans = [_span(name, given, data[:, i]) for i, (name, given) in enumerate(
        [("x_range", x_range), ("y_range", y_range)])]  # fmt: skip
    places = [np.linspace(low, high, resolution) for low, high in spans]
    grid = np.stack(np.meshgrid(*places), axis=-1).reshape(-1, 2)
    scores = _answers(model, grid, (resolution, resolution))
    present = sorted(set(classes.tolist())) if classes is not None else []
    called = as_labels("decision_boundary(class_names)", class_names, max(present, default=-1) + 1)
    entries = [
        LegendEntry(called[k] if called else f"class {k}", _role(k), "mark",
                    marker=MARKERS[k % len(MARKERS)]) for k in present
    ]  # fmt: skip
    unknown = np.asarray(np.isnan(scores).reshape(resolution, resolution, -1).any(axis=-1))
    sides = scores > threshold if scores.ndim == 2 else scores.argmax(axis=-1)
    if np.unique(sides[~unknown]).size > 1:  # who answers alike everywhere has no boundary
        entries.append(LegendEntry("boundary", "text", "line"))
    plot = Plot(
        make_scale(spans[0], padding=0),
        make_scale(spans[1], padding=0),
        title=title,
        x_label=names[0],
        y_label=names[1],
        legend=entries,
        notes=[empty_note(unknown)] if unknown.any() else [],
        width=440,
        height=360,
        grid="",
        curves=len(present),
    )
    if scores.ndim == 2:
        _shade(plot, places, scores - threshold, unknown)
        _draw_boundary(plot, places, scores - threshold)
        described = _describe((scores - threshold)[~unknown], data, classes)
    else:
        _shade_classes(plot, places, scores, unknown)
        described = f"The plane split among {scores.shape[-1]} classes; {len(data)} points."
    if unknown.any():
        described = f"{described.strip()} {empty_note(unknown)}"
    for k in present or [0]:
        chosen = data if classes is None else data[classes == k]
        tips = [f"({format_value(u)}, {format_value(v)})" for u, v in chosen]
        role = _role(k) if classes is not None else "text"
        plot.points(
            chosen[:, 0], chosen[:, 1], role, marker=MARKERS[k % len(MARKERS)],
            radius=5 if len(data) <= _FEW else 3, tips=tips,
        )  # fmt: skip
    return plot.figure(description or described)


def _role(k: int) -> str:
    # Two classes take the colours of the two sides of the map.
    return ("negative", "positive")[k] if k < 2 else series_role(k)


def _classes(labels: Any, count: int) -> Any:
    if labels is None:
        return None
    values = as_floats("decision_boundary(labels)", labels, 1, expected="(N,)")
    if len(values) != count:
        raise ShapeError(f"decision_boundary(labels): expected ({count},), got {values.shape}")
    if not ((values >= 0) & (values <= _MOST_CLASS) & (values == np.rint(values))).all():
        raise ValueError("decision_boundary(labels): expected whole numbers from 0 for the classes")
    return values.astype(int)


def _span(name: str, given: tuple[float, float] | None, values: Floats) -> tuple[float, float]:
    if given is not None:
        low, high = map(float, given)
        if not low < high:
            raise ValueError(f"decision_boundary({name}): expected low < high, got {given}")
        return low, high
    finite = values[np.isfinite(values)]
    if not finite.size:
        return -1.0, 1.0
    room = (0.25 if len(values) <= _FEW else 0.1) * (float(finite.max() - finite.min()) or 1.0)
    return float(finite.min()) - room, float(finite.max()) + room


def _answers(model: Model, grid: Floats, shape: tuple[int, int]) -> Floats:
    """Return the scores on the grid, (rows, columns) or (rows, columns, K)."""
    if isinstance(model, Module):
        dtype = next((p.dtype for p in model.parameters()), None)
        with evaluating(model):
            y = model(Tensor(grid, dtype))
    else:
        check_callable("decision_boundary", "model", model, "a Module or a function")
        with no_grad():
            y = model(grid.astype(np.float32))
    scores = as_floats("decision_boundary(model)", y, 1, 2, expected="(N,), (N, 1) or (N, K)")
    if len(scores) != len(grid):
        raise ShapeError(
            f"decision_boundary(model): expected {len(grid)} answers to {len(grid)} points, "
            f"got {scores.shape}"
        )
    if scores.ndim == 1 or scores.shape[1] == 1:
        return scores.reshape(shape)
    return scores.reshape(*shape, -1)


def _shade(plot: Plot, places: list[Floats], scores: Floats, unknown: Flags) -> None:
    """Fill the plane with the signed ramp in a few levels, each painted over the one below it."""
    finite = np.abs(scores[np.isfinite(scores)])
    most = float(finite.max()) if finite.size and finite.max() > 0 else 1.0
    safe = np.clip(np.nan_to_num(carried_on(scores)), -most, most)
    wide, tall = plot.right - plot.left, plot.bottom - plot.top
    xs, ys = plot.px(places[0]), plot.py(places[1])
    for k in range(-_LEVELS, _LEVELS):
        # Half of the ramp's strength: the points must stand out from it.
        side = k + 1 if k >= 0 else k
        style = f"fill-{ramp_role('signed', 0.5 + 0.3 * side / _LEVELS)}"
        if k == -_LEVELS:
            plot.canvas.rect(plot.left, plot.top, wide, tall, style)
            continue
        plot.canvas.path(region_path(safe, xs, ys, most * k / _LEVELS), style)
    plot.canvas.path(region_path(np.where(unknown, 1.0, 0.0), xs, ys, 0.5), "surface")


def _shade_classes(plot: Plot, places: list[Floats], scores: Floats, unknown: Flags) -> None:
    """Fill each class's region and draw its edge."""
    xs, ys = plot.px(places[0]), plot.py(places[1])
    for draw_edges in (False, True):
        for k in range(scores.shape[-1]):
            rest = np.delete(scores, k, axis=-1).max(axis=-1)
            with np.errstate(invalid="ignore"):  # two that are infinite alike: neither leads
                lead = np.where(scores[..., k] == rest, 0.0, scores[..., k] - rest)
            lead[unknown] = np.nan
            if draw_edges:
                _draw_boundary(plot, places, lead)
            else:
                plot.canvas.path(region_path(lead, xs, ys, 0.0), f"soft fill-{_role(k)}")


def _draw_boundary(plot: Plot, places: list[Floats], z: Floats) -> None:
    """Draw the line z = 0."""
    if not np.isfinite(z).any():
        return
    lines = contour_lines(z, plot.px(places[0]), plot.py(places[1]))
    plot.canvas.path(lines_path(lines), "line stroke-text", clip=plot.clip())


def _describe(z: Floats, data: Floats, classes: Any) -> str:
    text = ""
    if z.size:
        share = float((z > 0).mean())
        text = f"The model's answers over the plane: {share:.0%} of it lies above the boundary."
    if classes is not None:
        counts = ", ".join(f"{int((classes == k).sum())} of class {k}" for k in np.unique(classes))
        text += f" {len(data)} points: {counts}."
    return text
