"""Vectors as points in the plane, each with its name: a map of an embedding."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from neural_net_core import ShapeError
from neural_net_core.tensor import TensorLike
from neural_net_viz.drawing.axes import Plot
from neural_net_viz.drawing.canvas import Anchor
from neural_net_viz.drawing.inputs import Floats, as_floats, as_labels, checked
from neural_net_viz.drawing.legend import LegendEntry
from neural_net_viz.drawing.number_text import format_value
from neural_net_viz.drawing.scales import make_scale
from neural_net_viz.drawing.text import fit_text, text_width
from neural_net_viz.drawing.theme import MARKERS, series_role
from neural_net_viz.figure import Figure

__all__ = ["principal_components", "scatter_map"]

_SIZE = 11.0
_MOST_LABEL = 120.0
_MOST_POINTS = 5000


@checked
def scatter_map(
    points: TensorLike,
    labels: Iterable[object] | None = None,
    *,
    groups: Iterable[object] | None = None,
    title: str = "Map",
    description: str | None = None,
) -> Figure:
    """Draw points with their names; vectors of more than two numbers are projected by PCA.

    A name is written where it covers nothing else; where there is no such place it shows under
    the pointer, and a note counts those names.

    Args:
        points: (N, 2), or (N, D) to be projected onto the two directions of greatest variance.
        labels: N texts.
        groups: N group names; each group has its own colour and marker.
        title: The figure's title.
        description: What it shows, in words; None makes one.

    Returns:
        The figure.

    Raises:
        ShapeError: If the points are no matrix, or labels or groups do not fit them.
        ValueError: If there are more than 5,000 points, which no page shows.

    Examples:
        >>> scatter_map([[0, 0], [1, 1]], ["def", "class"]).description
        '2 points in the plane: def at (0, 0), class at (1, 1).'
    """
    v = as_floats("scatter_map(points)", points, 2, expected="(N, 2) or (N, D)")
    if v.shape[1] < 2:
        raise ShapeError(f"scatter_map(points): expected (N, 2) or (N, D), got {v.shape}")
    if len(v) > _MOST_POINTS:
        raise ValueError(f"scatter_map(points): expected at most {_MOST_POINTS}, got {len(v)}")
    names = as_labels("scatter_map(labels)", labels, len(v))
    kinds = as_labels("scatter_map(groups)", groups, len(v)) or [""] * len(v)
    x_label = y_label = ""
    if v.shape[1] > 2:
        v, shares = principal_components(v)
        x_label, y_label = (
            f"component {i + 1} ({share:.0%} of the variance)".replace("%", " %")
            for i, share in enumerate(shares)
        )
    order = list(dict.fromkeys(kinds))
    entries = [
        LegendEntry(kind, series_role(i), "mark", marker=MARKERS[i % len(MARKERS)])
        for i, kind in enumerate(order)
    ]
    plot = Plot(
        make_scale(v[:, 0], padding=0.08),
        make_scale(v[:, 1], padding=0.08),
        title=title,
        x_label=x_label,
        y_label=y_label,
        legend=[entry for entry in entries if entry.label],
        height=420,
    )
    shown = np.asarray(np.isfinite(v).all(axis=1))
    places = _place(plot, v, names or [])
    crowded = sum(place is None for place, finite in zip(places, shown, strict=False) if finite)
    if crowded:
        plot.note(f"Names without room, shown under the pointer: {crowded}.")
    if not shown.all():
        plot.note(f"Points that are not finite, not drawn: {int((~shown).sum())}.")
    if not shown.any():
        plot.message("no data")
    for i, (x, y) in enumerate(zip(plot.px(v[:, 0]), plot.py(v[:, 1]), strict=True)):
        if np.isfinite(x) and np.isfinite(y):
            entry = entries[order.index(kinds[i])]
            tip = ", ".join(t for t in (names[i] if names else "", kinds[i]) if t)
            plot.canvas.marker(entry.marker, x, y, 4.5, entry.role, tip or None)
    for name, place in zip(names or [], places, strict=True):
        if place is not None:
            x, y, anchor = place
            plot.canvas.text(
                x, y, name, size=_SIZE, anchor=anchor, classes="text halo", max_width=_MOST_LABEL
            )
    return plot.figure(description or _describe(v, names))


def principal_components(vectors: Floats) -> tuple[Floats, list[float]]:
    """Project vectors onto the two directions in which they vary most.

    Args:
        vectors: (N, D); rows that are not finite stay out of the computation.

    Returns:
        (N, 2) coordinates, and the share of the variance along each. A direction's sign is
        free; here the entry of largest size is positive, so that the same data give one picture.

    Examples:
        >>> places, shares = principal_components(np.array([[0.0, 0, 0], [2, 0, 0], [4, 0, 0]]))
        >>> places[:, 0].tolist(), shares
        ([-2.0, 0.0, 2.0], [1.0, 0.0])
    """
    good = np.isfinite(vectors).all(axis=1)
    places = np.full((len(vectors), 2), np.nan)
    if not good.any():
        return places, [0.0, 0.0]
    # Halves of the largest: squares of huge numbers must not overflow.
    largest_of_all = float(np.abs(vectors[good]).max(initial=0.0))
    scale = largest_of_all if largest_of_all > 1e100 else 1.0
    centred = vectors[good] / scale - (vectors[good] / scale).mean(axis=0)
    _, sizes, directions = np.linalg.svd(centred, full_matrices=False)
    directions, sizes = directions[:2], sizes**2
    if len(directions) < 2:  # a single point
        directions = np.vstack([directions, np.zeros((2 - len(directions), vectors.shape[1]))])
        sizes = np.append(sizes, 0.0)
    largest = np.abs(directions).argmax(axis=1)
    signs = np.where(np.take_along_axis(directions, largest[:, None], axis=1) < 0, -1.0, 1.0)
    places[good] = (centred @ (directions * signs).T) * scale
    total = float(sizes.sum()) or 1.0
    return places + 0.0, [float(size / total) for size in sizes[:2]]


def _place(plot: Plot, v: Floats, names: list[str]) -> list[tuple[float, float, Anchor] | None]:
    """Find a free place beside each point for its name, or None."""
    px, py = plot.px(v[:, 0]), plot.py(v[:, 1])
    finite = np.isfinite(px) & np.isfinite(py)
    points = np.stack([px[finite], py[finite]], axis=1)
    taken = np.empty((len(points) + len(names), 4))  # left, top, right, bottom
    count = len(points)
    taken[:count] = np.concatenate([points - 6, points + 6], axis=1)
    places: list[tuple[float, float, Anchor] | None] = []
    for i, name in enumerate(names):
        place = None
        if np.isfinite(px[i]) and np.isfinite(py[i]):
            width = text_width(fit_text(name, _MOST_LABEL, _SIZE), _SIZE)
            for dx, dy, anchor in _AROUND:
                x, y = px[i] + dx, py[i] + dy
                left = x - {"start": 0.0, "middle": width / 2, "end": width}[anchor]
                box = (left - 1, y - 7, left + width + 1, y + 7)
                inside = plot.left < box[0] and box[2] < plot.right
                inside = inside and plot.top < box[1] and box[3] < plot.bottom
                if inside and not _overlap(box, taken[:count]).any():
                    taken[count] = box
                    count += 1
                    place = (float(x), float(y), anchor)
                    break
        places.append(place)
    return places


_AROUND: tuple[tuple[float, float, Anchor], ...] = (
    (9.0, 0.0, "start"),
    (-9.0, 0.0, "end"),
    (0.0, -14.0, "middle"),
    (0.0, 14.0, "middle"),
    (7.0, -12.0, "start"),
    (7.0, 12.0, "start"),
    (-7.0, -12.0, "end"),
    (-7.0, 12.0, "end"),
)


def _overlap(a: tuple[float, float, float, float], b: Floats) -> npt.NDArray[np.bool_]:
    """Tell which boxes a box covers."""
    across = (a[0] < b[:, 2]) & (b[:, 0] < a[2])
    return across & (a[1] < b[:, 3]) & (b[:, 1] < a[3])


def _describe(v: Floats, names: list[str] | None) -> str:
    words = f"{len(v)} points in the plane"
    if not names:
        return f"{words}."
    said = [
        f"{name} at ({format_value(x, 2)}, {format_value(y, 2)})"
        for name, (x, y) in zip(names[:20], v[:20], strict=True)
    ]
    more = f", and {len(names) - 20} more" if len(names) > 20 else ""
    return f"{words}: {', '.join(said)}{more}." if said else f"{words}."
