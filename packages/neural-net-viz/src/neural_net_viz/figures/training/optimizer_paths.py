"""Optimizers walking down a surface of two parameters, as an animation that stands alone."""

import math
from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np

from neural_net_core import ShapeError
from neural_net_core.checks import check_callable, check_word
from neural_net_viz.drawing.axes import Plot
from neural_net_viz.drawing.canvas import polyline
from neural_net_viz.drawing.contours import region_path
from neural_net_viz.drawing.inputs import Floats, as_floats, as_named, checked
from neural_net_viz.drawing.legend import LegendEntry
from neural_net_viz.drawing.number_text import coordinate, format_value
from neural_net_viz.drawing.ramps import ramp_role
from neural_net_viz.drawing.scales import make_scale
from neural_net_viz.drawing.theme import MARKERS, series_role
from neural_net_viz.figure import Figure

__all__ = ["SURFACES", "optimizer_paths"]

Surface = Callable[[Any, Any], Any]


def rosenbrock(x: Any, y: Any) -> Any:
    """(1 − x)² + 100 (y − x²)²: a bent valley, its floor almost level; least at (1, 1)."""
    return (1 - x) ** 2 + 100 * (y - x * x) ** 2


def beale(x: Any, y: Any) -> Any:
    """Beale's function: plateaus between sharp walls; least at (3, 0.5)."""
    return (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2


def saddle(x: Any, y: Any) -> Any:
    """x² − y²: down along y, up along x, and a gradient of 0 in the middle."""
    return x * x - y * y


# Name -> function, horizontal range, vertical range, place of the minimum.
SURFACES: dict[str, tuple[Surface, tuple[float, float], tuple[float, float], Any]] = {
    "rosenbrock": (rosenbrock, (-2.0, 2.0), (-1.0, 3.0), (1.0, 1.0)),
    "beale": (beale, (-4.5, 4.5), (-4.5, 4.5), (3.0, 0.5)),
    "saddle": (saddle, (-2.0, 2.0), (-2.0, 2.0), None),
}
_SHADES = 14
_POINTS = 72
# More points than this would make the file long and the eye no wiser.
_MOST_POINTS = 100
# The part of a run, in percent, in which the points move.
_MOVING = 88.0


@checked
def optimizer_paths(
    surface: Literal["rosenbrock", "beale", "saddle"] | Surface,
    paths: Mapping[str, Any],
    *,
    seconds: float = 8.0,
    x_range: tuple[float, float] | None = None,
    y_range: tuple[float, float] | None = None,
    title: str | None = None,
    description: str | None = None,
) -> Figure:
    """Draw paths over a surface's level lines, and a point that runs along each.

    All points take their steps at the same time. Readers who ask for less motion, and viewers
    without animation, see the whole paths.

    Args:
        surface: "rosenbrock", "beale", "saddle", or a function of two arrays.
        paths: Name -> (steps, 2); a path ends where it is no longer finite.
        seconds: How long one run of the animation takes.
        x_range: The horizontal range; needed for a surface of your own.
        y_range: The vertical range; needed for a surface of your own.
        title: The figure's title; None names the surface.
        description: What it shows, in words; None makes one.

    Returns:
        The figure.

    Raises:
        ShapeError: If a path is not (steps, 2).
        ValueError: If the surface is unknown or a range is missing.

    Examples:
        >>> optimizer_paths("saddle", {"SGD": [[1.0, 0.1], [0.8, 0.2]]}).title
        'Paths on the saddle surface'
    """
    minimum = None
    name = "given"
    if isinstance(surface, str):
        check_word("optimizer_paths", "surface", surface, tuple(SURFACES))
        name = surface
        function, wide, tall, minimum = SURFACES[surface]
        x_range, y_range = x_range or wide, y_range or tall
    else:
        what = "a name or a function"
        function = check_callable("optimizer_paths", "surface", surface, what)
    if x_range is None or y_range is None:
        raise ValueError("optimizer_paths: give x_range and y_range for a surface of your own")
    if not (x_range[0] < x_range[1] and y_range[0] < y_range[1]):
        raise ValueError(f"optimizer_paths: expected low < high, got {x_range} and {y_range}")
    if not seconds > 0:
        raise ValueError(f"optimizer_paths(seconds): expected more than 0, got {seconds}")
    walks = {n: _walk(n, p) for n, p in as_named("optimizer_paths(paths)", paths).items()}
    entries = [
        LegendEntry(n, series_role(i), "line", marker=MARKERS[i % len(MARKERS)])
        for i, n in enumerate(walks)
    ]
    if minimum:
        entries.append(LegendEntry("minimum", "text", "mark", marker="cross"))
    plot = Plot(
        make_scale(x_range, padding=0),
        make_scale(y_range, padding=0),
        title=title or f"Paths on the {name} surface",
        legend=entries,
        width=520,
        height=400,
        grid="",
    )
    _shade(plot, function, x_range, y_range)
    if minimum:
        plot.points([minimum[0]], [minimum[1]], "text", marker="cross", radius=6)
    longest = max((len(w) for w in walks.values()), default=1)
    rules = [("", "")] + [
        _draw_walk(plot, walk, entry, i, longest, seconds)
        for i, (walk, entry) in enumerate(zip(walks.values(), entries, strict=False))
    ]
    css, motion = ("\n".join(filter(None, kind)) for kind in zip(*rules, strict=True))
    words = description or _describe(name, function, walks)
    return plot.figure(words, css, motion)


def _walk(name: str, path: Any) -> Floats:
    where = f"optimizer_paths(paths[{name!r}])"
    points = as_floats(where, path, 2, expected="(steps, 2)")
    if points.shape[1] != 2:
        raise ShapeError(f"{where}: expected (steps, 2), got {points.shape}")
    broken = ~np.isfinite(points).all(axis=1)
    return points[: int(broken.argmax())] if broken.any() else points


def _shade(
    plot: Plot, function: Surface, x_range: tuple[float, float], y_range: tuple[float, float]
) -> None:
    """Fill the plane in steps of equal ratio of height above the lowest place."""
    xs = np.linspace(*x_range, _POINTS)
    ys = np.linspace(*y_range, _POINTS)
    with np.errstate(over="ignore", invalid="ignore"):
        z = np.asarray(function(*np.meshgrid(xs, ys)), dtype=np.float64)
    finite = np.isfinite(z)
    if not finite.any():
        return
    height = np.where(finite, z - z[finite].min(), z[finite].max() - z[finite].min())
    # The logarithm shows the valley's floor as well as its walls, the more so the steeper they are.
    steep = 20 * (height.max() / (np.median(height) or 1.0) or 1.0)
    level = np.log1p(steep * height / (height.max() or 1.0)) / math.log1p(steep)
    for k in range(_SHADES):
        style = f"fill-{ramp_role('ink', 0.02 + 0.24 * k / _SHADES)}"
        region = region_path(level, plot.px(xs), plot.py(ys), k / _SHADES)
        if k == 0:
            wide, tall = plot.right - plot.left, plot.bottom - plot.top
            plot.canvas.rect(plot.left, plot.top, wide, tall, style)
        else:
            plot.canvas.path(region, f"{style} contour")


def _draw_walk(
    plot: Plot, walk: Floats, entry: LegendEntry, i: int, longest: int, seconds: float
) -> tuple[str, str]:
    """Draw a path, its start and the point that runs along it; return rules of rest and motion."""
    if not len(walk):
        return "", ""
    # Beyond the page a path is only clipped; far beyond it the numbers would be too large.
    px = np.clip(plot.px(walk[:, 0]), -5e3, 5e3)
    py = np.clip(plot.py(walk[:, 1]), -5e3, 5e3)
    keep = _kept(px, py)
    points = list(zip(px[keep].tolist(), py[keep].tolist(), strict=True))
    visible = [plot.left <= x <= plot.right and plot.top <= y <= plot.bottom for x, y in points]
    plot.canvas.path(
        polyline(points), f"line stroke-{entry.role}", clip=plot.clip(), tip=entry.label,
        name=f"path-{i}", pathLength="100",
    )  # fmt: skip
    if visible[0]:
        plot.canvas.circle(*points[0], 3, f"outline fill-{entry.role}", tip="start")
    # Where nothing moves, the point stands at the path's end.
    end_x, end_y = points[-1] if visible[-1] else (plot.left, plot.top)
    plot.canvas.marker(entry.marker, end_x, end_y, 6, entry.role, entry.label, f"point-{i}")
    hidden = "" if visible[-1] else f".nnv #point-{i}{{opacity:0}}"
    if len(points) < 2:
        return hidden, ""
    lengths = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    share = lengths / (lengths[-1] or 1.0)
    # Every step takes the same time, so that long steps are fast, as they were. The last part of
    # a run is rest, for the eye.
    line, point = [], []
    for k, step in enumerate(keep):
        at = coordinate(_MOVING * step / max(longest - 1, 1))
        at += "%,100" if k == len(keep) - 1 else ""
        x, y = points[k][0] - end_x, points[k][1] - end_y
        line.append(f"{at}%{{stroke-dashoffset:{coordinate(100 * (1 - share[k]))}}}")
        shown = "1" if visible[k] else "0"
        place = f"translate({coordinate(x)}px,{coordinate(y)}px)"
        point.append(f"{at}%{{transform:{place};opacity:{shown}}}")
    timing = f"{coordinate(seconds)}s linear infinite"
    return hidden, (
        f"@keyframes line-{i}{{{''.join(line)}}}"
        f"@keyframes move-{i}{{{''.join(point)}}}"
        f".nnv #path-{i}{{stroke-dasharray:100;animation:line-{i} {timing}}}"
        f".nnv #point-{i}{{animation:move-{i} {timing}}}"
    )


def _kept(px: Floats, py: Floats) -> Any:
    """Return the steps to draw: all, or of many those between which the path is nearly straight.

    Every n-th step would cut the corners of a zigzag and draw another one. The time of a step
    counts like a third coordinate, so that a point keeps its pace along a straight line.
    """
    count = len(px)
    if count <= _MOST_POINTS:
        return np.arange(count)
    points = np.stack([px, py, np.linspace(0, 100, count)], axis=1)
    tolerance = 0.25
    while len(keep := _corners(points, tolerance)) > _MOST_POINTS:
        tolerance *= 1.5
    return np.array(keep)


def _corners(points: Floats, tolerance: float) -> list[int]:
    """Return the points to keep so that no other is farther from the lines between them.

    References:
        Douglas & Peucker (1973), Algorithms for the reduction of the number of points required to
        represent a digitized line or its caricature.
    """
    keep = {0, len(points) - 1}
    spans = [(0, len(points) - 1)]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        chord = points[last] - points[first]  # never 0, as the time differs
        rest = points[first + 1 : last] - points[first]
        along = (rest @ chord / (chord @ chord)).clip(0, 1)
        distance = np.linalg.norm(rest - along[:, None] * chord, axis=1)
        if distance.max() > tolerance:
            middle = first + 1 + int(distance.argmax())
            keep.add(middle)
            spans += [(first, middle), (middle, last)]
    return sorted(keep)


def _describe(name: str, function: Surface, walks: Mapping[str, Floats]) -> str:
    sentences = [f"{len(walks)} paths over the level lines of the {name} surface."]
    for label, walk in walks.items():
        if not len(walk):
            sentences.append(f"{label}: no finite step.")
            continue
        x, y = walk[-1]
        with np.errstate(over="ignore", invalid="ignore"):
            value = format_value(float(function(x, y)))
        sentences.append(
            f"{label}: after {len(walk) - 1} steps at ({format_value(x)}, {format_value(y)}), "
            f"height {value}."
        )
    return " ".join(sentences)
