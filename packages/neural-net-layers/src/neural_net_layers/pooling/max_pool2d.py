r"""Max pooling: of every window of an image, the largest number.

A small shift of the image leaves most maxima where they are, and the image gets smaller. Composed
of primitives, for a window of kh × kw places and stride s,

    seen = [x[:, :, u : u + s * oh : s, v : v + s * ow : s] for u in range(kh) for v in range(kw)]
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
from neural_net_layers._unfold import fold, unfold
from neural_net_layers.pooling._pooling import (
    Pooled,
    check_images,
    fitted,
    pooling_repr,
    pooling_window,
)

__all__ = ["MaxPool2D", "MaxPool2DOp", "max_pool2d"]


class MaxPool2DOp(Op):
    """y[b, c, i, j] = max of x[b, c, s i + d u, s j + d v] over u, v;  dx = dy at the first maximum

    With seen what each window sees, y = seen[first] and dseen is dy at first and 0 elsewhere.

    What a window sees beside its maximum gets no gradient, nor do further elements that equal it.
    (ReLU leaves many windows with several zeros: only one may have it.) A pixel that is the maximum
    of several windows gets the sum of what they give. Saves where the maxima are.
    """

    def __init__(self, window: Window) -> None:
        self.window = window

    def forward(self, x: Array) -> Array:
        self.size: Pair = (x.shape[2], x.shape[3])
        seen = elements(x, self.window, -np.inf)  # (B, C, OH, OW, kh · kw)
        self.first = first_maxima(seen, pixels(x, self.window))  # (B, C, OH, OW)
        return np.take_along_axis(seen, self.first[..., None], axis=-1)[..., 0]

    def backward(self, dy: Array) -> Array:
        kh, kw = self.window.kernel
        is_first = self.first[..., None] == np.arange(kh * kw, like=dy)
        dseen = np.where(is_first, dy[..., None], 0)
        return fold(dseen.reshape(*dy.shape, kh, kw), self.window, self.size)


def elements(x: Array, window: Window, outside: float) -> Array:
    """Return what every window sees, row by row: (B, C, OH, OW, kh · kw)."""
    kh, kw = window.kernel
    seen = unfold(x, window, outside)
    return seen.reshape(*seen.shape[:4], kh * kw)


def pixels(x: Array, window: Window) -> Array:
    """Return which pixel each element of a window is, h · W + w, or −1: (1, 1, OH, OW, kh · kw)."""
    h, w = x.shape[2:]
    return elements(np.arange(h * w, like=x).reshape(1, 1, h, w), window, -1)


def first_maxima(seen: Array, pixel: Array) -> Array:
    """Return which element of every window is its maximum; of equal ones it is the first.

    As in PyTorch, of several NaN it is the last, and where all is −∞ the first that is a pixel.

    Args:
        seen: What the windows see, (B, C, OH, OW, kh · kw).
        pixel: Which pixels that are, or −1 for the padding.
    """
    first = seen.argmax(axis=-1)
    y = np.take_along_axis(seen, first[..., None], axis=-1)[..., 0]
    last_nan = seen.shape[-1] - 1 - np.isnan(seen)[..., ::-1].argmax(axis=-1)
    first = np.where(y == -np.inf, (pixel >= 0).argmax(axis=-1), first)
    return np.where(np.isnan(y), last_nan, first)


def places_of_maxima(x: Array, window: Window) -> Array:
    """Return which pixel each maximum is, h · W + w, as PyTorch counts."""
    seen, pixel = elements(x, window, -np.inf), pixels(x, window)
    first = first_maxima(seen, pixel)
    pixel = np.broadcast_to(pixel, seen.shape)
    return np.take_along_axis(pixel, first[..., None], axis=-1)[..., 0]


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

    $$ y_{b,c,i,j} = \max_{u,v} x_{b,\,c,\,s i + d u - p,\,s j + d v - p} $$

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
    window = fitted(layer, window, x.data.shape[2:], ceil_mode)
    y: Tensor = MaxPool2DOp.apply(x, window=window)
    return (y, Tensor(places_of_maxima(x.data, window))) if return_indices else y


class MaxPool2D(Module, Generic[Pooled]):
    r"""The largest number of every window of an image.

    $$ y_{b,c,i,j} = \max_{u,v} x_{b,\,c,\,s i + d u - p,\,s j + d v - p} $$

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
