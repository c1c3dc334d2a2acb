"""Training against test: how much of what was learned holds on data never seen."""

from typing import Any

import numpy as np

from neural_net_core import ShapeError
from neural_net_core.tensor import TensorLike
from neural_net_viz.drawing.axes import Plot
from neural_net_viz.drawing.inputs import Floats, as_floats, checked
from neural_net_viz.drawing.legend import LegendEntry
from neural_net_viz.drawing.number_text import format_value
from neural_net_viz.drawing.scales import make_scale
from neural_net_viz.drawing.theme import DASHES
from neural_net_viz.figure import Figure

__all__ = ["train_test_gap"]


@checked
def train_test_gap(
    train: Any,
    test: Any,
    *,
    x: TensorLike | None = None,
    x_label: str = "epoch",
    y_label: str = "accuracy",
    log_y: bool = False,
    title: str = "Training and test",
    description: str | None = None,
) -> Figure:
    """Draw both curves and fill the gap between them, which is the overfitting.

    Args:
        train: (steps,), or (seeds, steps) of which the median is drawn.
        test: The same quantity on held-out data, with as many steps.
        x: (steps,) positions; None counts from 1.
        x_label: What the steps are.
        y_label: What the values are.
        log_y: Whether the vertical axis is logarithmic.
        title: The figure's title.
        description: What it shows, in words; None makes one.

    Returns:
        The figure.

    Raises:
        ShapeError: If the numbers of steps differ.

    Examples:
        >>> train_test_gap([0.5, 0.9, 1.0], [0.5, 0.8, 0.75]).description
        'Accuracy over epoch: training 1, test 0.75, a gap of 0.25 at the end.'
    """
    first, seeds = _median("train", train)
    second, other_seeds = _median("test", test)
    if x is None:
        at = np.arange(1.0, len(first) + 1)
    else:
        at = as_floats("train_test_gap(x)", x, 1, expected="(steps,)")
    if not len(first) == len(second) == len(at):
        raise ShapeError(
            f"train_test_gap: expected as many steps in train, test and x, "
            f"got {len(first)}, {len(second)} and {len(at)}"
        )
    both = np.isfinite(first) & np.isfinite(second)
    text = "no step at which both are known"
    if both.any():
        last = int(np.flatnonzero(both)[-1])
        a, b = float(first[last]), float(second[last])
        text = f"training {format_value(a)}, test {format_value(b)}, "
        text += f"a gap of {format_value(abs(a - b))} at the end"
    notes = [text.capitalize() + "."]
    if max(seeds, other_seeds) > 1:
        notes.append(f"Lines: medians over {max(seeds, other_seeds)} seeds.")
    plot = Plot(
        make_scale(at, whole=x is None, padding=0),
        make_scale([*first, *second], log=log_y),
        title=title,
        x_label=x_label,
        y_label=y_label,
        legend=[
            LegendEntry("training", "series-0", "line"),
            LegendEntry("test", "series-1", "line", DASHES[1]),
            LegendEntry("gap", "grid", "fill"),
        ],
        notes=notes,
    )
    if not (np.isfinite(first) | np.isfinite(second)).any():
        plot.message("no data")
    plot.area(at, first, second, "fill-grid")
    plot.line(at, first, "series-0", tip="training")
    plot.line(at, second, "series-1", dash=DASHES[1], tip="test")
    return plot.figure(description or f"{y_label.capitalize()} over {x_label}: {text}.")


def _median(name: str, values: Any) -> tuple[Floats, int]:
    """Return the median over seeds, and how many there are."""
    where = f"train_test_gap({name})"
    v = as_floats(where, values, 1, 2, expected="(steps,) or (seeds, steps)")
    if v.ndim == 1:
        return v, 1
    if not v.size:
        return np.full(v.shape[1], np.nan), len(v)
    return np.median(np.where(np.isfinite(v), v, np.nan), axis=0), len(v)
