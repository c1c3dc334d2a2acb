"""A plot: two scales with axes, grid and ticks, a title above and a legend below."""

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from neural_net_viz.drawing.canvas import Canvas, polyline
from neural_net_viz.drawing.legend import LegendEntry, draw_legend, legend_height
from neural_net_viz.drawing.number_text import exact_text, format_value
from neural_net_viz.drawing.scales import Scale, Tick
from neural_net_viz.drawing.text import text_width, wrap_text
from neural_net_viz.figure import Figure

__all__ = [
    "AROUND",
    "MARGIN",
    "TALLEST",
    "WIDEST",
    "Plot",
    "apart",
    "draw_note",
    "draw_title",
    "title_height",
]

MARGIN = 16.0
# No page is wider or taller, however much there is to show: figures then leave out words, or parts.
WIDEST = 1600.0
TALLEST = 2800.0
# What titles, labels and notes around a figure's own part may need of it.
AROUND = 300.0
# A legend of hundreds of curves leaves some out, so that the page stays that low.
_TALLEST_LEGEND = 1000.0
_TITLE = 15.0
_TITLE_LINE = 20.0
_LABEL = 12.0
_TICK = 11.0
_NOTE = 11.0
_NOTE_LINE = 15.0
# A curve never needs more corners than pixels; more would only make the file larger.
_MOST_POINTS = 1200
# Markers cost ten times what a corner does, and more of them cover each other.
_MOST_MARKERS = 2000

Floats = npt.NDArray[np.float64]


def title_height(title: str, width: float) -> float:
    """Return the height of a title wrapped to the page's width, with the space below it."""
    lines = wrap_text(title, width - 2 * MARGIN, _TITLE, bold=True)
    return len(lines) * _TITLE_LINE + (8 if lines else 0)


def draw_title(canvas: Canvas, title: str, width: float) -> float:
    """Write a title at the top of the page; return the y below it.

    Args:
        canvas: Where to draw.
        title: The title, in as many lines as it needs, at most three.
        width: The page's width.
    """
    for i, line in enumerate(wrap_text(title, width - 2 * MARGIN, _TITLE, bold=True)):
        canvas.text(MARGIN, MARGIN + (i + 0.5) * _TITLE_LINE, line, size=_TITLE, bold=True)
    return MARGIN + title_height(title, width)


def draw_note(canvas: Canvas, note: str, top: float, width: float) -> float:
    """Write small text below the title; return the y below it.

    Args:
        canvas: Where to draw.
        note: The text, in as many lines as it needs, at most three.
        top: The y above it.
        width: The page's width.
    """
    lines = wrap_text(note, width - 2 * MARGIN, _NOTE)
    for i, line in enumerate(lines):
        canvas.text(MARGIN, top + 8 + i * _NOTE_LINE, line, size=_NOTE, classes="muted")
    return top + (len(lines) - 1) * _NOTE_LINE + 24 if lines else top


def _shortened_legend(
    legend: Sequence[LegendEntry], width: float
) -> tuple[Sequence[LegendEntry], int]:
    """Return as much of a legend as fits a page, and how many entries are left out."""
    count = len(legend)
    while count and legend_height(legend[:count], width) > _TALLEST_LEGEND:
        count = count * 9 // 10
    return legend[:count], len(legend) - count


class Plot:
    """A page with one plot on it, into which a figure draws in units of its data.

    Args:
        x: The horizontal scale.
        y: The vertical scale.
        title: The figure's title.
        x_label: What the horizontal axis shows, below it.
        y_label: What the vertical axis shows; written above it, level, to be read easily.
        legend: Entries of the legend, below the plot.
        notes: Lines of small text below the legend.
        width: Width of the page.
        height: Height of the plot's area, without title, labels and legend.
        x_ticks: Ticks, instead of the scale's own.
        y_ticks: Ticks, instead of the scale's own.
        grid: Which axes' ticks have grid lines: `"xy"`, `"x"`, `"y"` or `""`.
        curves: How many curves or groups of points there will be; of very many each is drawn with
            fewer corners and markers, so that the file stays small.
    """

    def __init__(
        self,
        x: Scale,
        y: Scale,
        *,
        title: str,
        x_label: str = "",
        y_label: str = "",
        legend: Sequence[LegendEntry] = (),
        notes: Sequence[str] = (),
        width: float = 640,
        height: float = 280,
        x_ticks: Sequence[Tick] | None = None,
        y_ticks: Sequence[Tick] | None = None,
        grid: Literal["xy", "x", "y", ""] = "xy",
        curves: int = 1,
    ) -> None:
        self.canvas = Canvas()
        self.x, self.y = x, y
        self.title = title
        x_label, y_label = _with_offset(x_label, x), _with_offset(y_label, y)
        self._message = ""
        self._left_out = 0
        self._corners = max(40, _MOST_POINTS * 16 // max(curves, 16))
        self._markers = max(20, _MOST_MARKERS // max(curves, 1))
        self.width = width
        top = draw_title(self.canvas, title, width)
        if y_label:
            self.canvas.text(
                MARGIN, top + 7, y_label, size=_LABEL, classes="muted", max_width=width - 32
            )
            top += 22
        down = list(y_ticks) if y_ticks is not None else y.ticks(max(2, int(height // 50)))
        widest = max((text_width(tick.label, _TICK) for tick in down), default=0.0)
        self.left = MARGIN + min(widest, width / 3) + 8
        self.top = top + 6
        self.bottom = self.top + height
        self.right = width - MARGIN
        across = list(x_ticks) if x_ticks is not None else self._fitting_ticks()
        if across and across[0].label:
            at = float(x.fraction(across[0].value))
            over = text_width(across[0].label, _TICK) / 2
            self.left += max(0.0, over + 6 - self.left - at * (self.right - self.left))
        if across and across[-1].label:
            # The last label too is centred on its tick and may reach beyond the page.
            at = float(x.fraction(across[-1].value))
            over = text_width(across[-1].label, _TICK) / 2
            beyond = self.left + at * (self.right - self.left) + over - (width - 6)
            self.right -= max(0.0, beyond)
        self._draw_axes(across, down, grid)
        below = self.bottom + (24 if any(tick.label for tick in across) else 8)
        if x_label:
            middle = (self.left + self.right) / 2
            room = 2 * min(middle - MARGIN, width - MARGIN - middle)
            style = {"size": _LABEL, "anchor": "middle", "classes": "muted", "max_width": room}
            self.canvas.text(middle, below + 8, x_label, **style)  # type: ignore[arg-type]
            below += 22
        legend, unnamed = _shortened_legend(legend, width - 2 * MARGIN)
        if legend:
            below += 6
            draw_legend(self.canvas, legend, MARGIN, below, width - 2 * MARGIN)
            below += legend_height(legend, width - 2 * MARGIN)
        self.height = below + MARGIN - 4
        for note in notes:
            self.note(note)
        if unnamed:
            self.note(f"… {unnamed} more, not in the legend.")
        self._clip: str | None = None
        if x.empty or y.empty:
            self.message(x.empty or y.empty)

    def px(self, values: npt.ArrayLike) -> Floats:
        """Return horizontal positions in pixels; NaN for what cannot be shown."""
        return self.left + self.x.fraction(values) * (self.right - self.left)

    def py(self, values: npt.ArrayLike) -> Floats:
        """Return vertical positions in pixels; NaN for what cannot be shown."""
        return self.bottom - self.y.fraction(values) * (self.bottom - self.top)

    def line(
        self,
        xs: npt.ArrayLike,
        ys: npt.ArrayLike,
        role: str,
        *,
        dash: str = "",
        width: float | None = None,
        tip: str | None = None,
    ) -> None:
        """Draw a curve; it has a gap wherever a value is NaN or infinite.

        Args:
            xs: (N,) in data units.
            ys: (N,) in data units.
            role: Colour role.
            dash: Dash pattern.
            width: Stroke width, 2 if None.
            tip: Text shown when the pointer rests on it.
        """
        px, py = self.px(xs), self.py(ys)
        data = ""
        for start, stop in _finite_stretches(px, py):
            if stop - start == 1:
                self.canvas.circle(px[start], py[start], 2.2, f"fill-{role}", tip=tip)
                continue
            data += polyline(_thinned(px[start:stop], py[start:stop], self._corners))
        self.canvas.path(
            data, f"line stroke-{role}", dash=dash, width=width, clip=self.clip(), tip=tip
        )

    def band(self, xs: npt.ArrayLike, low: npt.ArrayLike, high: npt.ArrayLike, role: str) -> None:
        """Fill the area between two curves over the same xs, lightly, in a series's colour."""
        self.area(xs, low, high, f"band fill-{role}")

    def area(
        self, xs: npt.ArrayLike, low: npt.ArrayLike, high: npt.ArrayLike, classes: str
    ) -> None:
        """Fill the area between two curves, with gaps where one of them is not finite."""
        px, bottom, top = self.px(xs), self.py(low), self.py(high)
        data = ""
        for start, stop in _finite_stretches(px, bottom + top):
            if stop - start < 2:
                continue
            there = _thinned(px[start:stop], top[start:stop], self._corners)
            back = _thinned(px[start:stop], bottom[start:stop], self._corners)
            data += polyline(there + back[::-1]) + "Z"
        self.canvas.path(data, classes, clip=self.clip())

    def points(
        self,
        xs: npt.ArrayLike,
        ys: npt.ArrayLike,
        role: str,
        *,
        marker: str = "circle",
        radius: float = 4,
        tips: Sequence[str] | None = None,
        name: str | None = None,
    ) -> None:
        """Draw markers where both coordinates are finite; of very many, some that stand apart.

        Args:
            xs: (N,) in data units.
            ys: (N,) in data units.
            role: Colour role.
            marker: One of `MARKERS`.
            radius: Half the marker's size in pixels.
            tips: One text per point, shown when the pointer rests on it.
            name: What the points are called; the texts then say where each lies.
        """
        at, values = np.asarray(xs), np.asarray(ys)
        px, py = self.px(xs), self.py(ys)
        finite = np.flatnonzero(np.isfinite(px) & np.isfinite(py))
        kept = finite[apart(px[finite], py[finite], self._markers)]
        self._left_out += len(finite) - len(kept)
        for i in kept:
            tip = tips[i] if tips else None
            if name is not None:
                tip = f"{name}: {format_value(at[i])}, {format_value(values[i])}"
            self.canvas.marker(marker, float(px[i]), float(py[i]), radius, role, tip)

    def note(self, text: str) -> None:
        """Add a line of small text at the foot of the page."""
        for line in wrap_text(text, self.width - 2 * MARGIN, _TICK):
            y = self.height - MARGIN + 14
            self.canvas.text(MARGIN, y, line, size=_TICK, classes="muted")
            self.height += 17

    def message(self, text: str) -> None:
        """Write a word in the middle of the empty plot, such as "no data"; the first one stays."""
        if self._message:
            return
        self._message = text
        self.canvas.text(
            (self.left + self.right) / 2,
            (self.top + self.bottom) / 2,
            text,
            anchor="middle",
            classes="muted",
        )

    def clip(self) -> str:
        """Return the plot's area for `Canvas.path(clip=...)`."""
        if self._clip is None:
            width, height = self.right - self.left, self.bottom - self.top
            self._clip = self.canvas.clip(self.left, self.top - 2, width, height + 4)
        return self._clip

    def figure(self, description: str, css: str = "", motion: str = "") -> Figure:
        """Finish the page; why it is empty, or what is left out, is said in words too."""
        if self._left_out:
            left_out = f"Points left out, near those that are drawn: {self._left_out:,}."
            self.note(left_out)
            description = f"{description.rstrip()} {left_out}"
        if self._message not in ("", "no data"):
            description = f"{description.rstrip()} {self._message.capitalize()}."
        return self.canvas.figure(self.width, self.height, self.title, description, css, motion)

    def _fitting_ticks(self) -> list[Tick]:
        """Choose as many horizontal ticks as have room for their labels."""
        room = self.right - self.left
        for count in (8, 6, 5, 4, 3, 2):
            ticks = self.x.ticks(count)
            if _labels_fit(ticks, self.x, room):
                return ticks
        return [ticks[0]] if ticks else []

    def _draw_axes(
        self, across: Sequence[Tick], down: Sequence[Tick], grid: Literal["xy", "x", "y", ""]
    ) -> None:
        canvas = self.canvas
        for tick, x in zip(across, self.px([t.value for t in across]), strict=True):
            if not self.left - 0.5 <= x <= self.right + 0.5:
                continue
            if "x" in grid and tick.label:
                canvas.line(x, self.top, x, self.bottom, "grid")
            canvas.line(x, self.bottom, x, self.bottom + (5 if tick.label else 3), "axis")
            canvas.text(
                x, self.bottom + 15, tick.label, size=_TICK, anchor="middle", classes="muted"
            )
        for tick, y in zip(down, self.py([t.value for t in down]), strict=True):
            if not self.top - 0.5 <= y <= self.bottom + 0.5:
                continue
            if "y" in grid and tick.label:
                canvas.line(self.left, y, self.right, y, "grid")
            canvas.line(self.left - (5 if tick.label else 3), y, self.left, y, "axis")
            canvas.text(
                self.left - 8,
                y,
                tick.label,
                size=_TICK,
                anchor="end",
                classes="muted",
                max_width=self.width / 3,
            )
        canvas.path(
            polyline([(self.left, self.top), (self.left, self.bottom), (self.right, self.bottom)]),
            "axis",
        )


def _with_offset(label: str, scale: Scale) -> str:
    """Say on an axis's label what its ticks are counted from, if that is not 0."""
    if not scale.offset:
        return label
    counted = f"counted from {exact_text(scale.offset)}"
    return f"{label}, {counted}" if label else counted


def _labels_fit(ticks: Sequence[Tick], scale: Scale, room: float) -> bool:
    """Tell whether the labels, centred on their ticks, leave space between each other."""
    end = -math.inf
    for tick in ticks:
        if tick.label:
            half = text_width(tick.label, _TICK) / 2
            middle = float(scale.fraction(tick.value)) * room
            if middle - half < end + 10:
                return False
            end = middle + half
    return True


def apart(xs: Floats, ys: Floats, most: int) -> npt.NDArray[np.intp]:
    """Return which points to draw: all, or of more than `most` one in each square of a grid.

    The grid is as fine as it can be with so few points; of each square the first point stays.
    """
    side = 1.0
    keep = np.arange(len(xs))
    while len(keep) > most:
        cells = np.stack([xs // side, ys // side], axis=1)
        keep = np.sort(np.unique(cells, axis=0, return_index=True)[1])
        side *= 1.3
    return keep


def _finite_stretches(xs: Floats, ys: Floats) -> list[tuple[int, int]]:
    """Return the ranges [start, stop) in which both are finite."""
    finite = np.isfinite(xs) & np.isfinite(ys)
    steps = np.flatnonzero(np.diff(np.concatenate([[False], finite, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(steps[::2], steps[1::2], strict=True)]


def _thinned(xs: Floats, ys: Floats, most: int) -> list[tuple[float, float]]:
    """Keep the lowest and the highest point of every stretch, if there are too many points."""
    if len(xs) <= most:
        return list(zip(xs.tolist(), ys.tolist(), strict=True))
    keep = {0, len(xs) - 1}
    for part in np.array_split(np.arange(len(xs)), most // 2):
        keep |= {int(part[np.argmin(ys[part])]), int(part[np.argmax(ys[part])])}
    return [(float(xs[i]), float(ys[i])) for i in sorted(keep)]
