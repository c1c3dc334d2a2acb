r"""Average pooling: of every window of an image, the mean.

Composed of primitives, for a window of kh × kw places and stride s,

    seen = [x[:, :, i : i + s * oh : s, j : j + s * ow : s] for i in range(kh) for j in range(kw)]
    y = stack(seen).mean(axis=0)
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from neural_net_core.checks import check_number
from neural_net_core.dtypes import Array
from neural_net_core.modules.module import Module
from neural_net_core.op import Op
from neural_net_core.tensor import Tensor, TensorLike
from neural_net_layers._geometry import Pair, Window
from neural_net_layers._inputs import coerce
from neural_net_layers.pooling._pooling import (
    Pooling,
    check_images,
    count_along,
    places_of,
    pooling_repr,
    pooling_window,
)

__all__ = ["AvgPool2D", "AvgPool2DOp", "avg_pool2d"]


class AvgPool2DOp(Op):
    """y = Σ x over the window / n;  dx = Σ dy / n over the windows that saw it

    Both sums are taken along the rows and then along the columns, kh + kw additions instead of
    kh · kw. The divisor n of a window is the product of one number for its rows and one for its
    columns. Saves nothing but them.

    Args:
        window: Kernel, stride and padding.
        places: How often the window stands along rows and columns.
        divisors: One number for every row of the output, and one for every column.
    """

    def __init__(self, window: Window, places: Pair, divisors: tuple[Array, Array]) -> None:
        self.window, self.places, self.divisors = window, places, divisors

    def forward(self, x: Array) -> Array:
        self.pooling = pooling = Pooling(x, self.window, self.places, 0.0)
        self.weights = self._weights(x)
        source = pooling.in_memory_order(x)
        y = np.empty_like(x, shape=pooling.shape(x.shape[0], x.shape[1], self.places), order="C")

        def work(images: slice) -> None:
            padded = pooling.padded(source[images])
            rows = pooling.along(padded, 0, 0)
            if self.window.kernel[0] > 1:
                rows = rows + pooling.along(padded, 0, 1)
                for i in range(2, self.window.kernel[0]):
                    rows += pooling.along(padded, 0, i)
            target = y[images]
            np.copyto(target, pooling.along(rows, 1, 0))
            for j in range(1, self.window.kernel[1]):
                target += pooling.along(rows, 1, j)
            target *= self.weights

        pooling.pieces(work)
        return pooling.back(y)

    def backward(self, dy: Array) -> Array:
        pooling = self.pooling
        channels = dy.shape[1]
        dy = pooling.in_memory_order(dy)
        dx = np.zeros_like(dy, shape=pooling.shape(len(dy), channels, pooling.size), order="C")

        def work(images: slice) -> None:
            g = dy[images] * self.weights
            shape = (self.places[0], pooling.needed[1])
            rows = np.zeros_like(g, shape=pooling.shape(len(g), channels, shape), order="C")
            for j in range(self.window.kernel[1]):
                pooling.along(rows, 1, j)[...] += g
            d = dx[images]
            if not pooling.inside:
                d = np.zeros_like(
                    g, shape=pooling.shape(len(g), channels, pooling.needed), order="C"
                )
            # `along` takes as many columns as the output has: here all are wanted.
            columns = [slice(None)] * 4
            columns[pooling.axis + 1] = slice(0, pooling.needed[1])
            for i in range(self.window.kernel[0]):
                pooling.along(d, 0, i)[tuple(columns)] += rows
            if not pooling.inside:
                pooling.seen_part(dx[images])[...] = pooling.image_part(d)

        pooling.pieces(work)
        return pooling.back(dx)

    def _weights(self, x: Array) -> Any:
        """Return 1 / n in a shape that meets the output in memory order; one number if all are."""
        rows, columns = self.divisors
        if (rows == rows[:1]).all() and (columns == columns[:1]).all():
            return 1.0 / float(rows[0] * columns[0])
        weights = np.asarray(1 / np.multiply.outer(rows, columns), x.dtype)
        return weights[..., None] if self.pooling.channels_last else weights


def avg_pool2d(
    x: TensorLike,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    r"""Return the mean of every window.

    $$ y_{b,c,h,w} = \frac{1}{n} \sum_{i,j} x_{b,\,c,\,s h + i - p,\,s w + j - p} $$

    Args:
        x: Images (B, C, H, W).
        kernel_size: Rows and columns of the window, one number for both or a pair.
        stride: Steps between windows; None means the kernel's size, so that they do not overlap.
        padding: Width of a border of zeros; at most half the kernel.
        ceil_mode: Whether a last window that sticks out of the image counts; it has to begin
            inside, or in the border before it.
        count_include_pad: Whether n counts the zeros of the border.
        divisor_override: n for all windows; None means the number of their elements.

    Returns:
        (B, C, OH, OW) with OH = ⌊(H + 2 padding − kh) / s⌋ + 1 (⌈ ⌉ with ceil_mode).

    Raises:
        ShapeError: If x has not four axes, or is smaller than the window.
        ValueError: If an option is out of its range.

    Examples:
        >>> avg_pool2d([[[[1.0, 2.0, 0.0, 5.0], [4.0, 3.0, 0.0, 3.0]]]], 2).data
        array([[[[2.5, 2. ]]]], dtype=float32)
    """
    window = pooling_window("avg_pool2d", kernel_size, stride, padding)
    _check_divisor("avg_pool2d", divisor_override)
    return _pooled("avg_pool2d", x, window, ceil_mode, count_include_pad, divisor_override)


def _check_divisor(layer: str, divisor: int | None) -> None:
    if divisor is not None and check_number(layer, "divisor_override", divisor) == 0:
        raise ValueError(f"{layer}: divisor_override must be a number but 0, got 0")


def _pooled(
    layer: str,
    x: Any,
    window: Window,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor: int | None,
) -> Tensor:
    """Check that the window fits and run the operation."""
    (x,) = coerce(x)
    check_images(layer, x)
    size = x.data.shape[2:]
    places = places_of(layer, window, size, ceil_mode)
    if divisor is None:
        rows, columns = (count_along(window, size, places, i, count_include_pad) for i in range(2))
    else:
        rows, columns = np.array([divisor]), np.array([1])
    y: Tensor = AvgPool2DOp.apply(x, window=window, places=places, divisors=(rows, columns))
    return y


class AvgPool2D(Module):
    r"""The mean of every window of an image.

    $$ y_{b,c,h,w} = \frac{1}{n} \sum_{i,j} x_{b,\,c,\,s h + i - p,\,s w + j - p} $$

    Called `AvgPool2d` in PyTorch, `AveragePooling2D` in Keras (which never counts the border).

    Args:
        kernel_size: Rows and columns of the window, one number for both or a pair.
        stride: Steps between windows; None means the kernel's size, so that they do not overlap.
        padding: Width of a border of zeros; at most half the kernel.
        ceil_mode: Whether a last window that sticks out of the image counts.
        count_include_pad: Whether n counts the zeros of the border.
        divisor_override: n for all windows; None means the number of their elements.

    Shape:
        input (B, C, H, W) -> output (B, C, OH, OW) with
        OH = ⌊(H + 2 padding − kh) / s⌋ + 1 (⌈ ⌉ with ceil_mode), and OW likewise

    Raises:
        ShapeError: If the input has not four axes, or is smaller than the window.

    Examples:
        >>> import numpy as np
        >>> AvgPool2D(2)(np.zeros((5, 16, 28, 28))).shape
        (5, 16, 14, 14)
    """

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] | None = None,
        padding: int | Sequence[int] = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        self.window = pooling_window("AvgPool2D", kernel_size, stride, padding)
        _check_divisor("AvgPool2D", divisor_override)
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad
        self.divisor_override = divisor_override

    def forward(self, x: TensorLike) -> Tensor:
        """Return the means.

        Args:
            x: (B, C, H, W).
        """
        divisor = self.divisor_override
        return _pooled("AvgPool2D", x, self.window, self.ceil_mode, self.count_include_pad, divisor)

    def extra_repr(self) -> str:
        """Return the sizes, and what is not the default."""
        more = "" if self.count_include_pad else ", count_include_pad=False"
        if self.divisor_override is not None:
            more += f", divisor_override={self.divisor_override}"
        return pooling_repr(self.window, self.ceil_mode) + more
