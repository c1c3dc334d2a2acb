"""Pooling of images as they lie in memory, in pieces that stay in the cache.

The channels lie first (B, C, H, W) or last (B, H, W, C); NumPy is several times faster along the
axis whose elements are neighbours.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_layers._geometry import Pair, Window
from neural_net_layers.fast.threads import parts_for, share
from neural_net_layers.fast.units import plan_units

__all__: list[str] = []

# One step of an elementwise function costs about as much as this many multiplications of a product.
_MULTIPLICATIONS = 20


class Pooling:
    """One pooling of images of one size.

    Args:
        x: (B, C, H, W), in any memory order.
        window: Kernel, stride, padding and dilation.
        outside: What the padding holds.
    """

    def __init__(self, x: Array, window: Window, outside: float) -> None:
        self.window, self.outside = window, outside
        self.channels_last = x.strides[1] < x.strides[3]
        self.axis = 1 if self.channels_last else 2  # of the rows; the columns' is the next
        batch, channels, height, width = x.shape
        self.size: Pair = (height, width)
        self.places = window.places(self.size)
        self.needed = [
            (n - 1) * s + extent
            for n, s, extent in zip(self.places, window.stride, window.extent, strict=True)
        ]
        self.before = [before for before, _ in window.padding]
        # The image is taken as it is if the windows stay inside.
        self.inside = not any(self.before) and all(
            n <= size for n, size in zip(self.needed, self.size, strict=True)
        )
        work = x.size * sum(window.kernel) * _MULTIPLICATIONS
        self.parts = parts_for(work)
        image = channels * height * width * x.itemsize
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
