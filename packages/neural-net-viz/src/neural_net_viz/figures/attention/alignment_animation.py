"""How attention finds its places during training, as an animation that stands alone."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from neural_net_core import ShapeError
from neural_net_viz.drawing.axes import MARGIN, draw_title
from neural_net_viz.drawing.canvas import Canvas
from neural_net_viz.drawing.color_bar import COLOR_BAR_HEIGHT, draw_color_bar
from neural_net_viz.drawing.film import check_film, draw_loss_curve, film_rules, frames
from neural_net_viz.drawing.inputs import as_floats, as_labels, checked
from neural_net_viz.drawing.matrix_panel import MatrixPanel, cell_size
from neural_net_viz.drawing.number_text import format_value
from neural_net_viz.drawing.pixels import affordable
from neural_net_viz.figure import Figure

__all__ = ["alignment_animation"]

_PAGE = 420.0
_CURVE = 84.0


@checked
def alignment_animation(
    snapshots: Mapping[int, Any],
    source: Iterable[object],
    target: Iterable[object],
    losses: Any,
    *,
    seconds: float = 10.0,
    title: str = "Attention while it is learned",
    row_label: str = "target",
    column_label: str = "source",
    value_label: str = "weight",
    description: str | None = None,
) -> Figure:
    """Show the weights of attention at several steps of training, one by one, and the loss.

    Readers who ask for less motion, and viewers without animation, see the last step.

    Args:
        snapshots: Steps -> the weights after that many steps, (target steps, source steps). Of
            more than 60 (fewer if they are large) as many are shown, evenly chosen.
        source: A token per source step.
        target: A token per target step.
        losses: (steps,) the loss after 0, 1, … steps.
        seconds: How long one run of the animation takes.
        title: The figure's title.
        row_label: What a row is.
        column_label: What a column is.
        value_label: What the colours show.
        description: What it shows, in words; None makes one.

    Returns:
        The figure.

    Raises:
        ShapeError: If the weights are not all of one shape, or the tokens do not fit them.
        ValueError: If there is no snapshot, one lies beyond the losses, or seconds is not above 0.

    Examples:
        >>> weights = {0: [[0.5, 0.5], [0.5, 0.5]], 1: [[0.1, 0.9], [0.8, 0.2]]}
        >>> alignment_animation(weights, ["x", "y"], ["b", "a"], [1.0, 0.5]).title
        'Attention while it is learned'
    """
    name = "alignment_animation"
    size = max((np.size(weights) for weights in snapshots.values()), default=0)
    steps, curve = check_film(name, snapshots, losses, seconds, min(60, affordable(size)))
    films = [
        as_floats(f"{name}(snapshots)", snapshots[step], 2, expected="(target, source)")
        for step in steps
    ]
    shapes = sorted({film.shape for film in films})
    if len(shapes) > 1:
        raise ShapeError(f"{name}: expected weights of one shape, got {shapes[0]} and {shapes[1]}")
    down = as_labels(f"{name}(target)", target, shapes[0][0]) or []
    across = as_labels(f"{name}(source)", source, shapes[0][1]) or []

    side = cell_size(max(shapes[0]), _PAGE - 120, 10, 44)
    panels = [
        MatrixPanel(
            film, (side, side), (0.0, 1.0), "sequential", rows=down, columns=across, numbers=True
        )
        for film in films
    ]
    page = max(_PAGE, 2 * MARGIN + panels[0].width)
    canvas = Canvas()
    top = draw_title(canvas, title, page)
    axes = f"rows: {row_label}; columns: {column_label}"
    canvas.text(MARGIN, top + 6, axes, size=11, classes="muted")
    top += 22
    below = top + panels[0].height + 8
    room = page - 2 * MARGIN
    draw_color_bar(canvas, MARGIN, below, 0.0, 1.0, "sequential", label=value_label, width=room)
    lower = below + COLOR_BAR_HEIGHT + 12
    spots = draw_loss_curve(canvas, curve, lower, page, _CURVE)
    for k, step in frames(canvas, steps, spots):
        panels[k].draw(canvas, (page - panels[k].width) / 2, top)
        said = f"step {step}: loss {format_value(curve[step])}"
        canvas.text(page - MARGIN, top - 16, said, size=11, anchor="end")
    first, last = (np.nanmax(film, initial=0.0) for film in (films[0], films[-1]))
    words = description or (
        f"Attention of {len(down)} target tokens to {len(across)} source tokens at {len(steps)} "
        f"steps of training. Largest weight {format_value(first)} at step "
        f"{steps[0]}, {format_value(last)} at step {steps[-1]}."
    )
    return canvas.figure(
        page, lower + _CURVE + 26 + MARGIN - 4, title, words, *film_rules(len(steps), seconds)
    )
