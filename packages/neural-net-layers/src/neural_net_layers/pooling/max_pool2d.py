r"""Max pooling: of every window of an image, the largest number.

A small shift of the image leaves most maxima where they are, and the image gets smaller. Composed
of primitives, for a window of kh × kw places and stride s,

    seen = [x[:, :, i : i + s * oh : s, j : j + s * ow : s] for i in range(kh) for j in range(kw)]
    y = stack(seen).max(axis=0)

`MaxPool2DOp` gives the same, with a gradient that goes to the first of several equal maxima.
"""

from collections.abc import Sequence
from typing import Any, Generic, Literal, overload

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.modules.module import Module
from neural_net_core.op import Op
from neural_net_core.tensor import Tensor, TensorLike
from neural_net_layers._geometry import Pair, Window
from neural_net_layers._inputs import coerce
from neural_net_layers.pooling._pooling import (
    Pooled,
    Pooling,
    check_images,
    places_of,
    pooling_repr,
    pooling_window,
)

__all__ = ["MaxPool2D", "MaxPool2DOp", "max_pool2d"]


class MaxPool2DOp(Op):
    """y = max of x over the window;  dx = dy at the first place of the maximum, 0 elsewhere

    The maximum of a window is the maximum of its rows' maxima, so kh + kw comparisons do instead
    of kh · kw. Where it was found is not kept but looked for again in the backward pass: each
    place of the kernel in turn takes the gradient of those windows whose maximum it equals and
    that are still free. (ReLU leaves many windows with several zeros: only one may have it.)
    NaN equals nothing and −∞ equals the padding, so a batch with such a maximum is looked through
    as for `return_indices`: the gradient goes to the window's last NaN, or its first −∞ in the
    image. Saves x and y.
    """

    def __init__(self, window: Window, places: Pair) -> None:
        self.window, self.places = window, places

    def forward(self, x: Array) -> Array:
        pooling = Pooling(x, self.window, self.places, -np.inf)
        source = pooling.in_memory_order(x)
        y = np.empty_like(x, shape=pooling.shape(x.shape[0], x.shape[1], self.places), order="C")

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
        shared = pooling.overlaps(0) or pooling.overlaps(1)
        last = self.window.kernel[0] * self.window.kernel[1] - 1

        def work(images: slice) -> None:
            y, g = maxima[images], dy[images]
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
                if shared:
                    d_seen += g * found
                else:
                    np.multiply(g, found, out=d_seen)
            if not pooling.inside:
                pooling.seen_part(dx[images])[...] = pooling.image_part(d)

        pooling.pieces(work)
        return pooling.back(dx)


def _give_back(x: Array, window: Window, g: Array, dx: Array, pooling: Pooling) -> None:
    """Add the gradients g, in memory order, to dx at the places of the maxima of x."""
    places = places_of_maxima(x, window, pooling.places)
    batch, channel = np.ogrid[: len(x), : x.shape[1]]
    rows, columns = np.divmod(places, x.shape[3])
    index = (batch[..., None, None], channel[..., None, None], rows, columns)
    g = np.where(places >= 0, pooling.back(g), 0)  # a window that saw padding alone
    np.add.at(pooling.back(dx), index, g)


def places_of_maxima(x: Array, window: Window, places: Pair) -> Array:
    """Return where each maximum stands, h · W + w, as PyTorch counts: ties to the first.

    Of several NaN in a window it is the last.
    """
    x = x.copy(order="C")  # whose strides are those of channels first, in axes of length 1 too
    pooling = Pooling(x, window, places, -np.inf)
    padded = pooling.padded(x)
    # The same windows over the positions tell where they are.
    size = (1, 1, *x.shape[2:])
    positions = Pooling(np.zeros(size), window, places, -1)
    numbers = positions.padded(np.arange(x.shape[2] * x.shape[3]).reshape(size))
    largest = np.full_like(x, -np.inf, shape=(*x.shape[:2], *places))
    found = np.full(largest.shape, -1)
    for seen, number in zip(pooling.taps(padded), positions.taps(numbers), strict=True):
        inside = number >= 0
        # The first place inside stands in until a number beats minus infinity.
        better = inside & ((seen > largest) | (seen != seen) | (found < 0))
        np.copyto(largest, seen, where=better)
        np.copyto(found, number, where=better)
    return found


@overload
def max_pool2d(
    x: TensorLike,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    ceil_mode: bool = False,
    return_indices: Literal[False] = False,
) -> Tensor: ...
@overload
def max_pool2d(
    x: TensorLike,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    ceil_mode: bool = False,
    *,
    return_indices: Literal[True],
) -> tuple[Tensor, Tensor]: ...
@overload
def max_pool2d(
    x: TensorLike,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor | tuple[Tensor, Tensor]: ...
def max_pool2d(
    x: TensorLike,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor | tuple[Tensor, Tensor]:
    r"""Return the largest number of every window.

    $$ y_{b,c,h,w} = \max_{i,j} x_{b,\,c,\,s h + d i - p,\,s w + d j - p} $$

    Args:
        x: Images (B, C, H, W).
        kernel_size: Rows and columns of the window, one number for both or a pair.
        stride: Steps between windows; None means the kernel's size, so that they do not overlap.
        padding: Width of a border of −∞, which never is the maximum; at most half the kernel.
        dilation: Distance between the places of the kernel.
        ceil_mode: Whether a last window that sticks out of the image counts; it has to begin
            inside, or in the border before it.
        return_indices: Whether to return where the maxima are, too.

    Returns:
        (B, C, OH, OW) with OH = ⌊(H + 2 padding − d (kh − 1) − 1) / s⌋ + 1 (⌈ ⌉ with ceil_mode);
        with `return_indices`, also the places h · W + w, of the same shape.

    Raises:
        ShapeError: If x has not four axes, or is smaller than the window.
        ValueError: If an option is out of its range.

    Examples:
        >>> max_pool2d([[[[1.0, 2.0, 0.0, 5.0], [4.0, 3.0, 0.0, 0.0]]]], 2).data
        array([[[[4., 5.]]]], dtype=float32)
    """
    window = pooling_window("max_pool2d", kernel_size, stride, padding, dilation)
    return _pooled("max_pool2d", x, window, ceil_mode, return_indices)


def _pooled(
    layer: str, x: Any, window: Window, ceil_mode: bool, return_indices: bool
) -> Tensor | tuple[Tensor, Tensor]:
    """Check that the window fits and run the operation."""
    (x,) = coerce(x)
    check_images(layer, x)
    places = places_of(layer, window, x.data.shape[2:], ceil_mode)
    y: Tensor = MaxPool2DOp.apply(x, window=window, places=places)
    return (y, Tensor(places_of_maxima(x.data, window, places))) if return_indices else y


class MaxPool2D(Module, Generic[Pooled]):
    r"""The largest number of every window of an image.

    $$ y_{b,c,h,w} = \max_{i,j} x_{b,\,c,\,s h + d i - p,\,s w + d j - p} $$

    Called `MaxPool2d` in PyTorch, `MaxPooling2D` in Keras.

    Args:
        kernel_size: Rows and columns of the window, one number for both or a pair.
        stride: Steps between windows; None means the kernel's size, so that they do not overlap.
        padding: Width of a border of −∞, which never is the maximum; at most half the kernel.
        dilation: Distance between the places of the kernel.
        return_indices: Whether to return where the maxima are, too.
        ceil_mode: Whether a last window that sticks out of the image counts.

    Shape:
        input (B, C, H, W) -> output (B, C, OH, OW) with
        OH = ⌊(H + 2 padding − d (kh − 1) − 1) / s⌋ + 1 (⌈ ⌉ with ceil_mode), and OW likewise

    Raises:
        ShapeError: If the input has not four axes, or is smaller than the window.

    Examples:
        >>> import numpy as np
        >>> MaxPool2D(2)(np.zeros((5, 16, 28, 28))).shape
        (5, 16, 14, 14)
    """

    @overload
    def __init__(
        self: "MaxPool2D[Tensor]",
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] | None = None,
        padding: int | Sequence[int] = 0,
        dilation: int | Sequence[int] = 1,
        return_indices: Literal[False] = False,
        ceil_mode: bool = False,
    ) -> None: ...
    @overload
    def __init__(
        self: "MaxPool2D[tuple[Tensor, Tensor]]",
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] | None = None,
        padding: int | Sequence[int] = 0,
        dilation: int | Sequence[int] = 1,
        *,
        return_indices: Literal[True],
        ceil_mode: bool = False,
    ) -> None: ...
    def __init__(
        self,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] | None = None,
        padding: int | Sequence[int] = 0,
        dilation: int | Sequence[int] = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        self.window = pooling_window("MaxPool2D", kernel_size, stride, padding, dilation)
        self.return_indices, self.ceil_mode = return_indices, ceil_mode

    def forward(self, x: TensorLike) -> Pooled:
        """Return the maxima, and their places if asked for.

        Args:
            x: (B, C, H, W).
        """
        return _pooled("MaxPool2D", x, self.window, self.ceil_mode, self.return_indices)  # type: ignore[return-value]

    def extra_repr(self) -> str:
        """Return the sizes, and what is not the default."""
        more = ", return_indices=True" if self.return_indices else ""
        return pooling_repr(self.window, self.ceil_mode) + more
