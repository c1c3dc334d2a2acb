"""The filters that a convolution has learned, as small signed images."""

from collections.abc import Iterable

from neural_net_core import ShapeError
from neural_net_core.tensor import TensorLike
from neural_net_viz.drawing.inputs import as_floats, as_labels, checked
from neural_net_viz.drawing.number_text import missing
from neural_net_viz.figure import Figure
from neural_net_viz.figures.charts.image_grid import image_grid

__all__ = ["filter_grid"]


@checked
def filter_grid(
    weights: TensorLike,
    *,
    labels: Iterable[object] | None = None,
    columns: int | None = None,
    most: int = 64,
    value_range: tuple[float, float] | None = None,
    title: str = "Filters",
    description: str | None = None,
) -> Figure:
    """Draw each filter as an image: blue where it adds, orange where it subtracts.

    Filters over several input channels take one row each, one image per channel; the captions then
    are "filter, channel".

    Args:
        weights: (O, I, kH, kW), or (N, H, W) for one image per filter.
        labels: O texts; None numbers them.
        columns: Images in a row; None chooses, and for several channels means one row per filter.
        most: The most images to draw; how many more there are stands in the title.
        value_range: The weights at the ends of the colours; None is symmetric about 0.
        title: The figure's title.
        description: What it shows, in words; None makes one.

    Returns:
        The figure.

    Raises:
        ShapeError: If the weights have another shape, or labels are too many or too few.
        ValueError: If `most` is less than 1.

    Examples:
        >>> import numpy as np
        >>> filter_grid(np.ones((4, 2, 3, 3))).description
        '4 filters of 3 × 3 weights over 2 channels.'
    """
    if most < 1:
        raise ValueError(f"filter_grid(most): expected 1 or more, got {most}")
    w = as_floats("filter_grid(weights)", weights, 3, 4, expected="(O, I, kH, kW) or (N, H, W)")
    w = w[:, None] if w.ndim == 3 else w
    filters, channels, height, width = w.shape
    if not channels:
        raise ShapeError(f"filter_grid(weights): expected at least one channel, got {w.shape}")
    names = as_labels("filter_grid(labels)", labels, filters)
    names = names or [str(i + 1) for i in range(filters)]
    shown_channels = min(channels, most, 16)
    shown = min(filters, max(1, most // shown_channels))
    if channels == 1:
        captions = names[:shown]
    else:
        captions = [f"{n}, {c + 1}" for n in names[:shown] for c in range(shown_channels)]
        columns = columns or shown_channels
    sizes = (filters, shown, "filters"), (channels, shown_channels, "channels")
    left_out = [f"{n - drawn} more {what}" for n, drawn, what in sizes if n > drawn]
    words = f"{filters} filters of {height} × {width} weights over {channels} channels"
    words += missing(w)
    words += f"; not drawn: {', '.join(left_out)}" if left_out else ""
    return image_grid(
        w[:shown, :shown_channels].reshape(-1, height, width),
        captions,
        columns=columns,
        colors="signed",
        value_range=value_range,
        value_label="weight",
        title=f"{title} (… {', '.join(left_out)})" if left_out else title,
        description=description or f"{words}.",
    )
