"""How large the gradient is in each layer: where it vanishes or explodes on its way back."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from neural_net_core import ShapeError
from neural_net_viz.drawing.inputs import as_floats, as_labels, as_named, checked, names_of
from neural_net_viz.figure import Figure
from neural_net_viz.figures.charts.bar_chart import bar_chart

__all__ = ["gradient_flow"]

_MOST_TIMES = 24


@checked
def gradient_flow(
    gradients: Mapping[str, Any],
    *,
    step_labels: Iterable[object] | None = None,
    value_label: str = "mean |gradient|",
    title: str = "Gradient flow",
    description: str | None = None,
) -> Figure:
    """Draw how large each layer's gradient is, at one time or at several, on a log axis.

    Args:
        gradients: Layer -> mean |gradient|, or any other size, a number or (times,). Of more than
            24 times as many are drawn, evenly chosen.
        step_labels: A label per time; None counts from 1.
        value_label: What the sizes are; "norm" for what the callback of neural-net-utils records.
        title: The figure's title.
        description: What it shows, in words; None makes one.

    Returns:
        The figure.

    Raises:
        ShapeError: If layers have different numbers of times.

    Examples:
        >>> gradient_flow({"layer 1": 1e-6, "layer 2": 1e-2}).title
        'Gradient flow'
    """
    arrays = {
        n: np.atleast_1d(
            as_floats(f"gradient_flow(gradients[{n!r}])", v, 0, 1, expected="a number or (times,)")
        )
        for n, v in as_named("gradient_flow(gradients)", gradients).items()
    }
    lengths = sorted({len(v) for v in arrays.values()})
    if len(lengths) > 1:
        raise ShapeError(f"gradient_flow: expected as many times in every layer, got {lengths}")
    times = lengths[0] if lengths else 0
    if times <= 1:
        values: dict[str, Any] = {n: float(v[0]) if len(v) else 0.0 for n, v in arrays.items()}
    else:
        labels = as_labels("gradient_flow(step_labels)", step_labels, times)
        kept = np.unique(np.linspace(0, times - 1, min(times, _MOST_TIMES)).astype(int))
        labels = names_of((labels or range(1, times + 1))[i] for i in kept)
        values = {n: dict(zip(labels, v[kept], strict=True)) for n, v in arrays.items()}
    return bar_chart(
        values,
        value_label=value_label,
        log=True,
        ordered=True,
        title=title,
        description=description,
    )
