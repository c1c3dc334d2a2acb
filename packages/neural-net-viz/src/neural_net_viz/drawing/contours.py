"""Contours: where a function over the plane passes a value, as lines and as filled regions.

Marching squares (Maple 2003 gives its history): in every square of the grid whose corners do not
all lie on one side, the line enters through one edge and leaves through another, at the place
where the value is passed if it changes evenly along the edge.
"""

import numpy as np
import numpy.typing as npt

from neural_net_viz.drawing.inputs import Floats
from neural_net_viz.drawing.number_text import coordinate

__all__ = ["carried_on", "contour_lines", "empty_note", "lines_path", "region_path"]

Point = tuple[float, float]
# An edge of the grid: (row, column, whether it goes down from there instead of right).
_Edge = tuple[int, int, bool]


def contour_lines(
    z: npt.ArrayLike, xs: npt.ArrayLike, ys: npt.ArrayLike, level: float = 0.0
) -> list[list[Point]]:
    """Trace the lines on which z passes a level.

    Args:
        z: (rows, columns) values at the grid's points; no line runs beside NaN.
        xs: (columns,) places of the columns.
        ys: (rows,) places of the rows.
        level: The value to trace.

    Returns:
        Lines as lists of points; a closed one ends where it begins. Values above the level lie on
        the same side all along.

    Examples:
        >>> contour_lines([[0, 1], [0, 1]], [0, 1], [0, 1], 0.5)
        [[(0.5, 1.0), (0.5, 0.0)]]
    """
    values = np.asarray(z, dtype=np.float64)
    across, down = np.asarray(xs, dtype=np.float64), np.asarray(ys, dtype=np.float64)
    onward = _steps(values, level)
    begun = set(onward.values())
    lines = []
    # First the lines that come in from the border, then what is left: loops.
    for start in [edge for edge in onward if edge not in begun] + list(onward):
        if start not in onward:
            continue
        edges = [start]
        while edges[-1] in onward:
            edges.append(onward.pop(edges[-1]))
        lines.append([_crossing(values, across, down, level, edge) for edge in edges])
    return lines


def region_path(z: Floats, xs: Floats, ys: Floats, level: float) -> str:
    """Return path data of the region in which z is above a level, to be filled.

    Args:
        z: (rows, columns) values at the grid's points.
        xs: (columns,) places of the columns.
        ys: (rows,) places of the rows.
        level: The value at the region's edge.
    """
    z = np.where(np.isnan(z), -np.inf, z)  # a region ends where nothing is known
    # A ring of low values around the grid, at the places of its border, closes every line there.
    padded = np.pad(z.astype(np.float64), 1, constant_values=-np.inf)
    across = np.concatenate([xs[:1], xs, xs[-1:]])
    down = np.concatenate([ys[:1], ys, ys[-1:]])
    return lines_path(contour_lines(padded, across, down, level), close=True)


def carried_on(z: Floats) -> Floats:
    """Carry values one step into where they are NaN, so that shades go evenly up to the edge.

    Args:
        z: (rows, columns).
    """
    filled = z
    for _ in range(2):  # from above and below, then from the left and the right
        around = np.pad(filled, 1, constant_values=np.nan)
        for near in (around[:-2, 1:-1], around[2:, 1:-1]):
            filled = np.where(np.isnan(filled), near, filled)
        filled = filled.T
    return filled


def empty_note(unknown: npt.NDArray[np.bool_]) -> str:
    """Say how much of a map stays empty because the model gave no answer there.

    Args:
        unknown: Whether the answer is NaN, for every point of the grid.
    """
    share = f"{max(unknown.mean(), 0.01):.0%}".replace("%", " %")
    return f"Left empty: {share} of the plane, where the model answers NaN."


def lines_path(lines: list[list[Point]], close: bool = False) -> str:
    """Write lines as path data with a tenth of a pixel, leaving out points on a straight line."""
    data = []
    for line in lines:
        points = _simplified([(round(x, 1), round(y, 1)) for x, y in line])
        if close and points[0] == points[-1]:
            points.pop()
        if len(points) < (3 if close else 2):
            continue
        pairs = [f"{coordinate(x)} {coordinate(y)}" for x, y in points]
        data.append("M" + "L".join(pairs) + ("Z" if close else ""))
    return "".join(data)


def _steps(values: Floats, level: float) -> dict[_Edge, _Edge]:
    """Return, for each edge through which a line enters a square, the edge where it leaves."""
    above = values > level
    # Squares whose four corners are not all alike.
    count = above[:-1, :-1].astype(int) + above[:-1, 1:] + above[1:, 1:] + above[1:, :-1]
    unknown = np.isnan(values)
    count[unknown[:-1, :-1] | unknown[:-1, 1:] | unknown[1:, 1:] | unknown[1:, :-1]] = 0
    onward: dict[_Edge, _Edge] = {}
    for i, j in np.argwhere((count > 0) & (count < 4)).tolist():
        corners = [(i, j), (i, j + 1), (i + 1, j + 1), (i + 1, j)]
        sides: list[_Edge] = [(i, j, False), (i, j + 1, True), (i + 1, j, False), (i, j, True)]
        inside = [bool(above[corner]) for corner in corners]
        leaving = [k for k in range(4) if inside[k] and not inside[(k + 1) % 4]]
        entering = [k for k in range(4) if not inside[k] and inside[(k + 1) % 4]]
        if len(leaving) == 1:
            onward[sides[leaving[0]]] = sides[entering[0]]
            continue
        # Opposite corners are alike: the middle decides which of them are joined.
        with np.errstate(invalid="ignore"):
            middle = np.mean([values[corner] for corner in corners])
        joined = 1 if middle > level else -1
        for k in leaving:
            onward[sides[k]] = sides[(k + joined) % 4]
    return onward


def _crossing(values: Floats, xs: Floats, ys: Floats, level: float, edge: _Edge) -> Point:
    """Return where the line passes an edge."""
    i, j, downward = edge
    k, m = (i + 1, j) if downward else (i, j + 1)
    a, b = float(values[i, j]), float(values[k, m])
    t = 0.5
    if np.isfinite(a) and np.isfinite(b):
        span = b / 2 - a / 2  # halves, so that huge values do not overflow
        t = (level / 2 - a / 2) / span if span else 0.5
    x = float(xs[j]) + t * (float(xs[m]) - float(xs[j]))
    y = float(ys[i]) + t * (float(ys[k]) - float(ys[i]))
    return x, y


def _simplified(points: list[Point]) -> list[Point]:
    kept: list[Point] = []
    for point in points:
        if kept and point == kept[-1]:
            continue
        if len(kept) > 1:
            (ax, ay), (bx, by) = kept[-2], kept[-1]
            turn = (bx - ax) * (point[1] - by) - (by - ay) * (point[0] - bx)
            forward = (bx - ax) * (point[0] - bx) + (by - ay) * (point[1] - by)
            if abs(turn) < 1e-6 and forward > 0:
                kept.pop()
        kept.append(point)
    return kept
