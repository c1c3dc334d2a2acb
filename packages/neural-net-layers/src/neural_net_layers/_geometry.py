"""Where a sliding window can stand: the arithmetic that convolutions and poolings share."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from neural_net_core.checks import is_whole, shown
from neural_net_core.errors import ShapeError

__all__: list[str] = []

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Window:
    """A kernel that slides over rows and columns.

    Attributes:
        kernel: Its rows and columns.
        stride: Steps between neighbouring places.
        padding: Zeros above and below, left and right of the image.
        dilation: Distance between neighbouring elements of the kernel.
    """

    kernel: Pair
    stride: Pair = (1, 1)
    padding: tuple[Pair, Pair] = ((0, 0), (0, 0))
    dilation: Pair = (1, 1)

    @property
    def extent(self) -> Pair:
        """Rows and columns from the kernel's first element to its last."""
        return tuple(  # type: ignore[return-value]
            d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilation, strict=True)
        )

    def places(self, size: Pair) -> Pair:
        """Return in how many rows and columns the window stands on an image of a size."""
        (kh, kw), (sh, sw), (dh, dw) = self.kernel, self.stride, self.dilation
        (above, below), (left, right) = self.padding
        height, width = size
        rows = (height + above + below - dh * (kh - 1) - 1) // sh + 1
        return rows, (width + left + right - dw * (kw - 1) - 1) // sw + 1


def times(sizes: Sequence[int | str]) -> str:
    """Write sizes as people do: 5×5."""
    return "×".join(map(str, sizes))


def as_pair(layer: str, name: str, value: Any, least: int = 1, axes: int = 2) -> Pair:
    """Return one integer for both axes, or one for each, as a tuple; raise if it is neither.

    Args:
        layer: For the message.
        name: For the message.
        value: An integer or a sequence of `axes` integers.
        least: The smallest value allowed.
        axes: How many axes the layer has; a second one, that changes nothing, is added.
    """
    values = tuple(value) if isinstance(value, Sequence) else (value,) * axes
    if len(values) != axes or not all(is_whole(n) and least <= n <= sys.maxsize for n in values):
        each = "" if axes == 1 else f", or {axes} of them"
        raise ValueError(f"{layer}: {name} must be an int >= {least}{each}, got {shown(value)}")
    pair = tuple(map(int, values))
    return pair if axes == 2 else (pair[0], least)  # type: ignore[return-value]


def resolve_padding(layer: str, padding: Any, window: Window, axes: int = 2) -> tuple[Pair, Pair]:
    """Return the zeros (before, after) of each axis.

    Args:
        layer: For the message.
        padding: An integer, one per axis, a pair (before, after) per axis, `"valid"` for none, or
            `"same"` for as many as keep the size, the odd one at the end as in PyTorch.
        window: Kernel, stride and dilation.
        axes: How many axes the layer has; a second one without padding is added.
    """
    rest = ((0, 0),) * (2 - axes)
    if isinstance(padding, str):
        if padding == "valid":
            return ((0, 0), (0, 0))
        if padding != "same":
            raise ValueError(
                f'{layer}: expected padding to be integers, "same" or "valid", got {padding!r}'
            )
        if window.stride != (1, 1):
            raise ValueError(
                f'{layer}: padding="same" keeps the size only with stride 1, got stride '
                f"{times(window.stride[:axes])}"
            )
        total = [n - 1 for n in window.extent[:axes]]
        return (*((n // 2, n - n // 2) for n in total), *rest)  # type: ignore[return-value]
    if isinstance(padding, Sequence) and padding and isinstance(padding[0], Sequence):
        if len(padding) != axes:
            raise ValueError(f"{layer}: expected {axes} pairs of padding, got {padding!r}")
        pairs = tuple(as_pair(layer, "padding", pair, 0) for pair in padding)
        return (*pairs, *rest)  # type: ignore[return-value]
    rows, columns = as_pair(layer, "padding", padding, 0, axes)
    return (rows, rows), (columns, columns)


def check_fits(label: str, window: Window, size: Pair, axes: int = 2) -> None:
    """Raise if a window does not fit into the padded image even once."""
    if min(window.places(size)) < 1:
        raise does_not_fit(label, window, size, axes)


def does_not_fit(label: str, window: Window, size: Pair, axes: int = 2) -> ShapeError:
    """Return the error that a window is larger than the padded image."""
    given = times(size[:axes])
    padded = times([n + sum(p) for n, p in zip(size, window.padding, strict=True)][:axes])
    text = f"{label}: the window{_span(window, axes)} does not fit into the input of {given}"
    return ShapeError(text + (f", {padded} with its padding" if padded != given else ""))


def _span(window: Window, axes: int) -> str:
    """Say how far a window reaches, where its kernel alone does not tell."""
    extent = times(window.extent[:axes])
    dilated = window.dilation != (1, 1)
    return f" of {extent}" + (" (the kernel with its dilation)" if dilated else "")
