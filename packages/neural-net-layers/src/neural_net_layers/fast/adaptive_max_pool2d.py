"""Max pooling to a given size, the same place of all windows of many channels at a time."""

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.forms import fast_form_of
from neural_net_layers.pooling.adaptive_max_pool2d import AdaptiveMaxPool2DOp

__all__: list[str] = []

# Of fewer channels in all images, or fewer windows in them, NumPy's calls cost more than they save;
# in larger windows they are many, and the textbook form's search along each is a long one.
FEW_CHANNELS, FEW, MANY_PLACES = 64, 1 << 11, 100

# Numbers of one place of all windows that are compared at once: they stay in the cache.
PIECE = 1 << 15


@fast_form_of(AdaptiveMaxPool2DOp)
class FastAdaptiveMaxPool2DOp(AdaptiveMaxPool2DOp):
    """Lays the channels side by side, so that a comparison is one of long rows.

    Which place of a window is its first maximum is the number of places before it that differ. NaN
    differs from all, so windows with such a maximum are left to the textbook form. Saves which
    pixels the maxima are, counted through all images.
    """

    flat: Array | None = None

    def forward(self, x: Array, pixels: Array) -> Array:
        batch, channels, height, width = x.shape
        rows, columns, places = pixels.shape
        count, windows, size = batch * channels, rows * columns, height * width
        if count < FEW_CHANNELS or count * windows < FEW or places > MANY_PLACES:
            return super().forward(x, pixels)
        images = x.reshape(count, size)
        y = np.empty_like(images, shape=(count, windows), order="C")
        self.flat = np.empty((count, windows), np.intp) if self.needs(0) else None
        pixels = pixels.reshape(windows, places)
        in_order = np.ascontiguousarray(pixels.T)  # (K, OH · OW)
        step = max(FEW_CHANNELS, PIECE // windows)
        for first in range(0, count, step):
            piece = slice(first, first + step)
            by_pixel = np.ascontiguousarray(images[piece].T)  # (H · W, channels of the piece)
            maxima = by_pixel.take(in_order[0], axis=0)  # (OH · OW, channels of the piece)
            for place in in_order[1:]:
                np.maximum(maxima, by_pixel.take(place, axis=0), out=maxima)
            y[piece] = maxima.T
            if self.flat is not None:
                if np.isnan(maxima.max()):
                    self.flat = None
                    return super().forward(x, pixels.reshape(rows, columns, places))
                before = np.zeros(maxima.shape, np.uint8)
                free = np.ones(maxima.shape, bool)
                for place in in_order:
                    free &= by_pixel.take(place, axis=0) != maxima
                    before += free.view(np.uint8)
                self.flat[piece] = np.take_along_axis(pixels, before, axis=1).T
        self.shape = x.shape
        if self.flat is not None:
            self.flat += np.arange(0, count * size, size)[:, None]
        return y.reshape(batch, channels, rows, columns)

    def backward(self, dy: Array) -> tuple[Array, None]:
        if self.flat is None:
            return super().backward(dy)
        dx = np.zeros_like(dy, shape=self.shape, order="C")
        np.add.at(dx.reshape(-1), self.flat.reshape(-1), dy.reshape(-1))
        return dx, None
