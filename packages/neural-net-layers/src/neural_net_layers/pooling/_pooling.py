"""What max and average pooling share: where their windows stand."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_core.ops import expand_dims
from neural_net_core.tensor import Tensor
from neural_net_layers._geometry import Pair, Window, as_pair, does_not_fit, times

__all__: list[str] = []

# What a max pooling returns, by its `return_indices`; `MaxPool2D` alone means without.
if TYPE_CHECKING:
    from typing_extensions import TypeVar  # that of Python 3.13, which has defaults

    Pooled = TypeVar("Pooled", Tensor, tuple[Tensor, Tensor], default=Tensor)
else:
    from typing import TypeVar

    Pooled = TypeVar("Pooled")


def pooling_window(
    layer: str,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None,
    padding: int | Sequence[int],
    dilation: int | Sequence[int] = 1,
    axes: int = 2,
) -> Window:
    """Return the options of a pooling as a checked window; stride None means the kernel's size.

    With one axis it is the window of an image that is one pixel wide.
    """
    kernel = as_pair(layer, "kernel_size", kernel_size, 1, axes)
    steps = kernel if stride is None else as_pair(layer, "stride", stride, 1, axes)
    pads = as_pair(layer, "padding", padding, 0, axes)
    if any(2 * pad > k for pad, k in zip(pads, kernel, strict=True)):
        raise ValueError(
            f"{layer}: expected padding of at most half the kernel, {times(kernel[:axes])}, "
            f"got {times(pads[:axes])}"
        )
    each = (pads[0], pads[0]), (pads[1], pads[1])
    return Window(kernel, steps, each, as_pair(layer, "dilation", dilation, 1, axes))


def check_images(label: str, x: Tensor) -> None:
    """Raise if x is not (B, C, H, W)."""
    if x.data.ndim != 4:
        raise ShapeError(f"{label}: expected input (B, C, H, W), got {x.shape}")


def check_sequences(label: str, x: Tensor) -> None:
    """Raise if x is not (B, C, L)."""
    if x.data.ndim != 3:
        raise ShapeError(f"{label}: expected input (B, C, L), got {x.shape}")


def check_filled(label: str, x: Tensor, axes: int = 2) -> None:
    """Raise if images (axes = 2) or sequences (axes = 1) have nothing to be pooled."""
    if min(x.data.shape[2 : 2 + axes]) < 1:
        what = "images with at least one pixel" if axes == 2 else "sequences of at least one step"
        raise ShapeError(f"{label}: expected {what}, got {x.data.shape[: 2 + axes]}")


def as_image(label: str, x: Tensor) -> Tensor:
    """Return sequences (B, C, L) as images (B, C, L, 1); raise if they are none."""
    check_sequences(label, x)
    return expand_dims(x, 3)


def fitted(layer: str, window: Window, size: Pair, ceil_mode: bool, axes: int = 2) -> Window:
    """Return the window with all the padding that it reaches; raise if it does not fit.

    With `ceil_mode` a last window may stick out of the padded image, as PyTorch has it: it has to
    begin inside the image or in the padding before it.
    """
    places, padding = window.places(size), window.padding
    if ceil_mode:
        counts, pads = [], []
        for n, (before, after), extent, s in zip(
            size, padding, window.extent, window.stride, strict=True
        ):
            count = -(-(n + before + after - extent) // s) + 1
            counts.append(count - 1 if (count - 1) * s >= n + before else count)
            pads.append((before, max(after, (counts[-1] - 1) * s + extent - n - before)))
        places, padding = (counts[0], counts[1]), (pads[0], pads[1])
    if min(places) < 1:
        label = f"{layer}(kernel {times(window.kernel[:axes])})"
        raise does_not_fit(label, window, size, axes)
    return Window(window.kernel, window.stride, padding, window.dilation)


def pooling_repr(window: Window, ceil_mode: bool, axes: int = 2) -> str:
    """Return the options of a pooling layer that are not the default."""
    parts = [f"kernel {times(window.kernel[:axes])}"]
    if window.stride != window.kernel:
        parts.append(f"stride {times(window.stride[:axes])}")
    if any(map(any, window.padding)):
        parts.append(f"padding {times([before for before, _ in window.padding[:axes]])}")
    if window.dilation != (1, 1):
        parts.append(f"dilation {times(window.dilation[:axes])}")
    if ceil_mode:
        parts.append("ceil_mode=True")
    return ", ".join(parts)


def sizes_of_windows(window: Window, size: Pair, places: Pair, include_pad: bool) -> Array:
    """Return how many elements each window averages, (OH, OW); 1 where there is none.

    Padding counts or not; what lies beyond the padding never does. Of an image without rows or
    columns a window can see padding alone, and its mean over nothing is 0.
    """
    counts = []
    for n, (before, after), k, s, count in zip(
        size, window.padding, window.kernel, window.stride, places, strict=True
    ):
        first = np.arange(count) * s - before
        last = np.minimum(first + k, n + after)
        counts.append(last - first if include_pad else np.minimum(last, n) - np.maximum(first, 0))
    sizes: Array = np.maximum(np.multiply.outer(*counts), 1)
    return sizes
