"""The gradient's length over training, and the length that clipping allows."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neural_net_viz.drawing.inputs import as_floats, as_named, checked
from neural_net_viz.figure import Figure
from neural_net_viz.figures.charts.line_plot import line_plot

__all__ = ["gradient_norms"]


@checked
def gradient_norms(
    norms: Mapping[str, Any] | Sequence[float],
    *,
    threshold: float | None = None,
    x_label: str = "step",
    title: str = "Gradient norms",
    description: str | None = None,
) -> Figure:
    """Draw gradient norms on a logarithmic axis, where an explosion is a straight climb.

    Args:
        norms: Name -> (steps,), or one sequence.
        threshold: The norm to which gradients are clipped, drawn as a level line.
        x_label: What the steps are.
        title: The figure's title.
        description: What it shows, in words; None makes one.

    Returns:
        The figure.

    Raises:
        ShapeError: If norms are not (steps,).

    Examples:
        >>> gradient_norms([1.0, 10.0, 100.0], threshold=1.0).title
        'Gradient norms'
    """
    lines = {
        name: as_floats(f"gradient_norms(norms[{name!r}])", values, 1, expected="(steps,)")
        for name, values in as_named("gradient_norms(norms)", norms, "gradient norm").items()
    }
    if threshold is not None and lines:
        longest = max(len(values) for values in lines.values())
        lines["clipping threshold"] = np.full(longest, float(threshold))
    return line_plot(
        lines, x_label=x_label, y_label="norm", log_y=True, title=title, description=description
    )
