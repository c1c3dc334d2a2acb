"""What a convolutional layer sees in one image: the activations of its channels."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from neural_net_core import ShapeError
from neural_net_core.tensor import TensorLike
from neural_net_viz.drawing.inputs import as_floats, as_labels, checked
from neural_net_viz.drawing.number_text import format_value, missing
from neural_net_viz.figure import Figure
from neural_net_viz.figures.charts.image_grid import image_grid

__all__ = ["feature_maps"]


@checked
def feature_maps(
    maps: TensorLike,
    *,
    labels: Iterable[object] | None = None,
    columns: int | None = None,
    most: int = 64,
    title: str = "Feature maps",
    description: str | None = None,
) -> Figure:
    """Draw the channels of one layer's output on one image, all on the same scale of colours.

    Args:
        maps: (C, H, W), or (1, C, H, W). Maps with negative values get signed colours.
        labels: C texts; None numbers them.
        columns: Maps in a row; None chooses.
        most: The most maps to draw; how many more there are stands in the title.
        title: The figure's title.
        description: What it shows, in words; None makes one.

    Returns:
        The figure.

    Raises:
        ShapeError: If the maps are not (C, H, W), or labels are too many or too few.
        ValueError: If `most` is less than 1.

    Examples:
        >>> import numpy as np
        >>> feature_maps(np.zeros((2, 4, 4))).description
        '2 maps of 4 × 4; 2 of them are 0 everywhere. Strongest: map 1, up to 0.'
    """
    if most < 1:
        raise ValueError(f"feature_maps(most): expected 1 or more, got {most}")
    m = as_floats("feature_maps(maps)", maps, 3, 4, expected="(C, H, W) or (1, C, H, W)")
    if m.ndim == 4:
        if m.shape[0] != 1:
            raise ShapeError(f"feature_maps(maps): expected one image (1, C, H, W), got {m.shape}")
        m = m[0]
    names = as_labels("feature_maps(labels)", labels, len(m))
    names = names or [str(i + 1) for i in range(len(m))]
    more = len(m) - most
    return image_grid(
        m[:most],
        names[:most],
        columns=columns,
        colors="signed" if (m < 0).any() else "sequential",
        value_label="activation",
        title=f"{title} (… {more} more)" if more > 0 else title,
        description=description or _describe(m, names),
    )


def _describe(m: Any, names: list[str]) -> str:
    words = f"{len(m)} maps of {m.shape[1]} × {m.shape[2]}"
    if not m.size:
        return f"{words}."
    safe = np.abs(np.where(np.isfinite(m), m, 0)).max(axis=(1, 2))
    silent = int((safe == 0).sum())
    words += f"; {silent} of them are 0 everywhere" if silent else ""
    best = int(safe.argmax())
    words += missing(m)
    return f"{words}. Strongest: map {names[best]}, up to {format_value(safe[best])}."
