"""What pooling to a given size shares: windows as even as possible, and where they stand.

Of n elements, window i of m sees those from ⌊i n / m⌋ to ⌈(i + 1) n / m⌉ − 1. So all windows have
the same size where m divides n; otherwise sizes may differ by one, and neighbours may overlap.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from neural_net_core.checks import check_count
from neural_net_core.dtypes import Array
from neural_net_layers._geometry import Pair

__all__: list[str] = []

OutputSize = int | None | Sequence[int | None]
Sizes = tuple[int | None, int | None]


def output_sizes(layer: str, output_size: OutputSize, axes: int = 2) -> Sizes:
    """Return the checked sizes of both axes; a second axis that the layer lacks has length 1.

    Args:
        layer: For the message.
        output_size: A size for all axes, or one for each; None keeps the input's.
        axes: How many axes the layer has.
    """
    given: tuple[Any, ...] = (output_size,) * axes
    if isinstance(output_size, Sequence):
        given = tuple(output_size)
    if len(given) != axes:
        sizes = "one size" if axes == 1 else "one or two sizes"
        raise ValueError(f"{layer}: expected output_size to be {sizes}, got {given}")
    checked = [None if n is None else check_count(layer, "output_size", n) for n in given]
    return checked[0], checked[1] if axes == 2 else 1


def window_ends(n: int, windows: int) -> tuple[Array, Array]:
    """Return where each window begins and where it has ended, (windows, 1) each."""
    i = np.arange(windows)[:, None]
    return i * n // windows, -(-(i + 1) * n // windows)


def averages(n: int, windows: int) -> Array:
    """Return the matrix (windows, n) of the weights of n elements in each window's mean."""
    (first, end), element = window_ends(n, windows), np.arange(n)
    return ((first <= element) & (element < end)) / (end - first)


def seen_pixels(size: Pair, windows: Pair) -> Array:
    """Return which pixels, h · W + w, each window sees, row by row: (OH, OW, K).

    All have as many places as the largest window: a smaller one repeats its last row and column.
    """
    rows, columns = (_elements(n, m) for n, m in zip(size, windows, strict=True))
    pixels = rows[:, None, :, None] * size[1] + columns[None, :, None, :]  # (OH, OW, kh, kw)
    return pixels.reshape(*windows, -1)


def _elements(n: int, windows: int) -> Array:
    """Return which of n elements each window sees: (windows, size of the largest)."""
    first, end = window_ends(n, windows)
    every: Array = np.minimum(first + np.arange((end - first).max()), end - 1)
    return every
