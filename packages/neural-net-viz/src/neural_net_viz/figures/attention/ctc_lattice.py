"""The lattice of connectionist temporal classification: all alignments of labels with frames."""

import itertools
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from neural_net_core import ShapeError
from neural_net_core.tensor import TensorLike
from neural_net_viz.drawing.axes import MARGIN, draw_note, draw_title
from neural_net_viz.drawing.canvas import Canvas
from neural_net_viz.drawing.color_bar import COLOR_BAR_HEIGHT, draw_color_bar
from neural_net_viz.drawing.inputs import as_floats, as_labels, checked
from neural_net_viz.drawing.matrix import RowLabels
from neural_net_viz.drawing.number_text import format_value, missing, two_decimals
from neural_net_viz.drawing.pixels import data_range, ramp_steps
from neural_net_viz.drawing.ramps import STEPS, ramp_role, text_class
from neural_net_viz.drawing.text import listed, text_width
from neural_net_viz.figure import Figure

__all__ = ["ctc_lattice"]

_WIDE, _TALL, _RADIUS = 74.0, 46.0, 17.0  # between two nodes, and of one
_NARROW = 30.0  # between two nodes without numbers
_ROOM = 1000.0  # for all of them side by side
_MOST = 30  # frames and places that are drawn

Booleans = npt.NDArray[np.bool_]


@checked
def ctc_lattice(
    values: TensorLike,
    labels: Iterable[object],
    *,
    blank: str = "␣",
    value_label: str = "probability",
    title: str = "Paths through the lattice",
    description: str | None = None,
) -> Figure:
    """Draw every path that reads as the labels: from left to right, one node in each frame.

    The rows are the labels with a blank before, between and after them. A path stays, goes down by
    one, or skips a blank between two labels that differ, as `neural_net_core.ctc_loss` has it.
    Steps that belong to no whole path are left out, and nodes on none are dots.

    Args:
        values: (T, 2S + 1), a number for each frame and place, such as α, or the probability of
            being there.
        labels: S labels.
        blank: How the blank is written.
        value_label: What the numbers are.
        title: The figure's title.
        description: What it shows, in words; None makes one.

    Returns:
        The figure; of more than thirty frames or places, the first ones.

    Raises:
        ShapeError: If the numbers of labels and of places do not fit.

    Examples:
        >>> ctc_lattice([[0.5, 0.5, 0.0], [0.25, 0.75, 0.25]], ["a"]).description
        '2 frames, 3 places: ␣, a, ␣. 3 paths from the first frame to the last.'
    """
    v = as_floats("ctc_lattice(values)", values, 2, expected="(T, 2S + 1)")
    names = as_labels("ctc_lattice(labels)", labels, None)
    steps, places = v.shape
    if places != 2 * len(names) + 1:
        raise ShapeError(
            f"ctc_lattice: expected values (T, {2 * len(names) + 1}) for {len(names)} labels with "
            f"blanks around them, got {v.shape}"
        )
    rows = [names[i // 2] if i % 2 else blank for i in range(places)]
    skips = np.array([i % 2 == 1 and i > 1 and rows[i] != rows[i - 2] for i in range(places)], bool)
    on_path, paths = _on_a_path(steps, skips)
    across, down = min(steps, _MOST), min(places, _MOST)
    for drawn, count, what in ((across, steps, "frames"), (down, places, "places")):
        title += f" (the first {drawn} of {count:,} {what})" if drawn < count else ""
    numbers = across * _WIDE <= _ROOM and all(
        text_width(two_decimals(x), 10) < 2 * _RADIUS - 3 for x in v[:across, :down].flat
    )
    wide, tall, radius = (_WIDE, _TALL, _RADIUS) if numbers else (_NARROW, _NARROW, 8.0)
    beside = RowLabels(rows[:down], tall)
    left = MARGIN + beside.width + 10
    page = max(left + across * wide + MARGIN, 360.0)
    canvas = Canvas()
    top = draw_title(canvas, title, page)
    note = "columns: frames; rows: the labels, with blanks before, between and after them"
    top = draw_note(canvas, note, top, page)
    beside.draw(canvas, left - 10, top)

    def node(t: int, s: int) -> tuple[float, float]:
        return left + (t + 0.5) * wide, top + (s + 0.5) * tall

    for t in range(across - 1):
        for s in range(down):
            for way in (0, 1, 2) if s + 2 < places and skips[s + 2] else (0, 1):
                if s + way < down and on_path[t, s] and on_path[t + 1, s + way]:
                    canvas.line(*node(t, s), *node(t + 1, s + way), "axis", width=1.2)
    ends = data_range(v, "sequential")
    ends = (min(0.0, ends[0]), ends[1] if ends[1] > ends[0] or ends[1] > 0 else 1.0)
    shades = ramp_steps(v, *ends)
    for t in range(across):
        for s in range(down):
            (x, y), shade = node(t, s), shades[t, s]
            tip = f"frame {t + 1}, {rows[s]}: {format_value(v[t, s])}"
            if not on_path[t, s]:
                canvas.circle(x, y, 2.2, "fill-axis", tip=tip)
                continue
            role = ramp_role("sequential", shade / (STEPS - 1))
            fill = "node" if shade < 0 else f"contour fill-{role}"
            canvas.circle(x, y, radius, fill, tip=tip)
            if numbers:
                style = "muted" if shade < 0 else text_class(role)
                text = two_decimals(v[t, s])
                canvas.text(x, y, text, size=10, anchor="middle", classes=style)
    y = top + down * tall + 4
    draw_color_bar(
        canvas, MARGIN, y, *ends, "sequential", label=value_label, width=page - 2 * MARGIN
    )
    words = description or _describe(v, rows, paths)
    return canvas.figure(page, y + COLOR_BAR_HEIGHT + MARGIN - 6, title, words)


def _on_a_path(steps: int, skips: Booleans) -> tuple[Booleans, float]:
    """Return which nodes lie on a whole path, and how many whole paths there are."""
    ways = np.zeros((steps, len(skips)))  # from the start to each node
    ahead = ways.copy()  # from each node to the end, with the last place first
    for count, may_skip in ((ways, skips), (ahead, np.append(skips, [False] * 2)[:1:-1])):
        count[:1, :2] = 1
        for before, here in itertools.pairwise(count):
            here[:] = before
            here[1:] += before[:-1]
            here[2:] += np.where(may_skip[2:], before[:-2], 0)
            np.minimum(here, 1e300, out=here)
    on_path: Booleans = (ways > 0) & (ahead[::-1, ::-1] > 0)
    return on_path, float(ways[-1, -2:].sum()) if steps else 0.0


def _describe(v: npt.NDArray[np.float64], rows: list[str], paths: float) -> str:
    frames = f"{len(v)} frame{'s' * (len(v) != 1)}"
    words = f"{frames}, {len(rows)} place{'s' * (len(rows) != 1)}: {listed(rows, ', ')}."
    count = f"{paths:,.0f}" if paths < 10**15 else "Very many"
    words += f" {count} path{'s' * (paths != 1)} from the first frame to the last{missing(v)}."
    return words
