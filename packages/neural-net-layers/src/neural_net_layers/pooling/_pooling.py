"""What max and average pooling share: where their windows stand, and taking images in pieces.

A pooling works on images as they lie in memory, channels first (B, C, H, W) or channels last
(B, H, W, C), because NumPy is several times faster along the axis whose elements are neighbours.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_core.ops import expand_dims
from neural_net_core.tensor import Tensor
from neural_net_layers._geometry import Pair, Window, as_pair, does_not_fit, times
from neural_net_layers.fast.threads import parts_for, share
from neural_net_layers.fast.units import plan_units

__all__: list[str] = []

# What a max pooling returns, by its `return_indices`; `MaxPool2D` alone means without.
if TYPE_CHECKING:
    from typing_extensions import TypeVar  # that of Python 3.13, which has defaults

    Pooled = TypeVar("Pooled", Tensor, tuple[Tensor, Tensor], default=Tensor)
else:
    from typing import TypeVar

    Pooled = TypeVar("Pooled")

# One step of an elementwise function costs about as much as this many multiplications of a product.
_MULTIPLICATIONS = 20


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


def as_image(label: str, x: Tensor) -> Tensor:
    """Return sequences (B, C, L) as images (B, C, L, 1); raise if they are none."""
    if x.data.ndim != 3:
        raise ShapeError(f"{label}: expected input (B, C, L), got {x.shape}")
    return expand_dims(x, 3)


def places_of(layer: str, window: Window, size: Pair, ceil_mode: bool, axes: int = 2) -> Pair:
    """Return how often the window stands along rows and columns; raise if it does not fit.

    With `ceil_mode` a last window may stick out of the padded image, as PyTorch has it: it has to
    begin inside the image or in the padding before it.
    """
    places = window.places(size)
    if ceil_mode:
        counts = []
        for n, (before, after), extent, s in zip(
            size, window.padding, window.extent, window.stride, strict=True
        ):
            count = -(-(n + before + after - extent) // s) + 1
            counts.append(count - 1 if (count - 1) * s >= n + before else count)
        places = (counts[0], counts[1])
    if min(places) < 1:
        label = f"{layer}(kernel {times(window.kernel[:axes])})"
        raise does_not_fit(label, window, size, axes)
    return places


class Pooling:
    """One pooling of images of one size.

    Args:
        x: (B, C, H, W), in any memory order.
        window: Kernel, stride, padding and dilation.
        places: How often the window stands along rows and columns.
        outside: What the padding holds.
    """

    def __init__(self, x: Array, window: Window, places: Pair, outside: float) -> None:
        self.window, self.places, self.outside = window, places, outside
        self.channels_last = x.strides[1] < x.strides[3]
        self.axis = 1 if self.channels_last else 2  # of the rows; the columns' is the next
        batch, channels, height, width = x.shape
        self.size: Pair = (height, width)
        self.needed = [
            (n - 1) * s + extent
            for n, s, extent in zip(places, window.stride, window.extent, strict=True)
        ]
        self.before = [before for before, _ in window.padding]
        # The image is taken as it is if the windows stay inside.
        self.inside = not any(self.before) and all(
            n <= size for n, size in zip(self.needed, self.size, strict=True)
        )
        work = x.size * sum(window.kernel) * _MULTIPLICATIONS
        self.parts = parts_for(work)
        image = max(channels * height * width, 1) * x.itemsize
        self.images, _, self.units = plan_units(batch, 1, image, self.parts)

    def in_memory_order(self, x: Array) -> Array:
        """Return (B, C, H, W) with the axes as they lie in memory."""
        return x.transpose(0, 2, 3, 1) if self.channels_last else x

    def shape(self, batch: int, channels: int, size: Sequence[int]) -> tuple[int, ...]:
        """Return the shape of images in memory order."""
        if self.channels_last:
            return (batch, *size, channels)
        return (batch, channels, *size)

    def back(self, y: Array) -> Array:
        """Return images from memory order to (B, C, H, W)."""
        return y.transpose(0, 3, 1, 2) if self.channels_last else y

    def image_part(self, padded: Array) -> Array:
        """Return the part of padded images, in memory order, that the windows see of the image."""
        slices = [slice(None)] * 4
        for i in range(2):
            before, n = self.before[i], self.size[i]
            slices[self.axis + i] = slice(before, min(before + n, self.needed[i]))
        return padded[tuple(slices)]

    def seen_part(self, x: Array) -> Array:
        """Return the part of images, in memory order, that lies within reach of the windows."""
        slices = [slice(None)] * 4
        for i in range(2):
            slices[self.axis + i] = slice(0, min(self.size[i], self.needed[i] - self.before[i]))
        return x[tuple(slices)]

    def padded(self, x: Array) -> Array:
        """Return images, in memory order, within a border wide enough for all windows."""
        if self.inside:
            return x
        channels = x.shape[3 if self.channels_last else 1]
        shape = self.shape(len(x), channels, self.needed)
        padded = np.full_like(x, self.outside, shape=shape, order="C")
        self.image_part(padded)[...] = self.seen_part(x)
        return padded

    def along(self, x: Array, i: int, tap: int) -> Array:
        """Return what a tap of the kernel meets along the rows (i = 0) or the columns (i = 1)."""
        start, s = tap * self.window.dilation[i], self.window.stride[i]
        slices = [slice(None)] * 4
        slices[self.axis + i] = slice(start, start + (self.places[i] - 1) * s + 1, s)
        return x[tuple(slices)]

    def taps(self, x: Array) -> Iterator[Array]:
        """Yield what each place of the kernel meets, row by row."""
        for i in range(self.window.kernel[0]):
            rows = self.along(x, 0, i)
            for j in range(self.window.kernel[1]):
                yield self.along(rows, 1, j)

    def overlaps(self, i: int) -> bool:
        """Tell whether windows share rows (i = 0) or columns (i = 1)."""
        return self.window.stride[i] < self.window.extent[i]

    def pieces(self, work: Callable[[slice], Any]) -> None:
        """Call work with slices of the batch that fit into the cache, in several threads."""

        def run(start: int, stop: int) -> None:
            for image, _ in self.units[start:stop]:
                work(slice(image, image + self.images))

        share(len(self.units), self.parts, run)


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


def count_along(window: Window, size: Pair, places: Pair, i: int, include_pad: bool) -> Array:
    """Return how many elements each window averages along rows (i = 0) or columns (i = 1).

    Padding counts or not; what lies beyond the padding never does.
    """
    before, after = window.padding[i]
    first = np.arange(places[i]) * window.stride[i] - before
    last = np.minimum(first + window.kernel[i], size[i] + after)
    if include_pad:
        return last - first
    return np.minimum(last, size[i]) - np.maximum(first, 0)
