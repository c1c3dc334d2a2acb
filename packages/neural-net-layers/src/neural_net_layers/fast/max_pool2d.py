"""Max pooling row by row and column by column, in pieces that stay in the cache."""

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.forms import fast_form_of
from neural_net_layers._geometry import Window
from neural_net_layers.fast.pooling import Pooling
from neural_net_layers.pooling.max_pool2d import MaxPool2DOp, places_of_maxima

__all__: list[str] = []


@fast_form_of(MaxPool2DOp)
class FastMaxPool2DOp(MaxPool2DOp):
    """The maximum of a window is that of its rows' maxima: kh + kw comparisons, not kh · kw.

    Where it was found is not kept but looked for again in the backward pass: each place of the
    kernel in turn takes the gradient of those windows whose maximum it equals and that are still
    free. NaN equals nothing and −∞ equals the padding, so a batch with such a maximum is looked
    through as in the textbook form. Saves x and y.
    """

    def forward(self, x: Array) -> Array:
        pooling = Pooling(x, self.window, -np.inf)
        source = pooling.in_memory_order(x)
        y = np.empty_like(x, shape=pooling.shape(x.shape[0], x.shape[1], pooling.places), order="C")

        def work(images: slice) -> None:
            padded = pooling.padded(source[images])
            rows = pooling.along(padded, 0, 0)
            if self.window.kernel[0] > 1:
                rows = np.maximum(rows, pooling.along(padded, 0, 1))
                for i in range(2, self.window.kernel[0]):
                    np.maximum(rows, pooling.along(padded, 0, i), out=rows)
            target = y[images]
            np.copyto(target, pooling.along(rows, 1, 0))
            for j in range(1, self.window.kernel[1]):
                np.maximum(target, pooling.along(rows, 1, j), out=target)

        pooling.pieces(work)
        y = pooling.back(y)
        if self.needs(0):
            self.x, self.y, self.pooling = x, y, pooling
        return y

    def backward(self, dy: Array) -> Array:
        pooling = self.pooling
        source, maxima, dy = map(pooling.in_memory_order, (self.x, self.y, dy))
        dx = np.zeros_like(source, order="C")
        if dx.size == 0:
            return pooling.back(dx)  # the windows saw padding alone, if there are any
        shared = pooling.overlaps(0) or pooling.overlaps(1)
        last = self.window.kernel[0] * self.window.kernel[1] - 1

        def work(images: slice) -> None:
            y, g = maxima[images], dy[images]
            bits = g.view(f"i{g.itemsize}")
            if not y.min(initial=np.inf) > -np.inf:  # the smallest of several is NaN if one is
                _give_back(self.x[images], self.window, g, dx[images], pooling)
                return
            padded = pooling.padded(source[images])
            d = dx[images] if pooling.inside else np.zeros_like(padded)
            free = np.ones_like(y, dtype=bool, order="C")
            for n, (seen, d_seen) in enumerate(
                zip(pooling.taps(padded), pooling.taps(d), strict=True)
            ):
                found = free
                if n < last:
                    found = seen == y
                    found &= free
                    free ^= found
                # As a product of bits, because 0 · g would be NaN where g is infinite.
                if shared:
                    d_seen += (bits * found).view(g.dtype)
                else:
                    np.multiply(bits, found, out=d_seen.view(bits.dtype))
            if not pooling.inside:
                pooling.seen_part(dx[images])[...] = pooling.image_part(d)

        pooling.pieces(work)
        return pooling.back(dx)


def _give_back(x: Array, window: Window, g: Array, dx: Array, pooling: Pooling) -> None:
    """Add the gradients g, in memory order, to dx at the places of the maxima of x."""
    places = places_of_maxima(x, window)
    batch, channel = np.ogrid[: len(x), : x.shape[1]]
    rows, columns = np.divmod(places, x.shape[3])
    index = (batch[..., None, None], channel[..., None, None], rows, columns)
    g = np.where(places >= 0, pooling.back(g), 0)  # a window that saw padding alone
    np.add.at(pooling.back(dx), index, g)
