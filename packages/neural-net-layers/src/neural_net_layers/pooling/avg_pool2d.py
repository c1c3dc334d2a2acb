r"""Average pooling: of every window of an image, the mean.

Composed of primitives, for a window of kh × kw places and stride s,

    seen = [x[:, :, u : u + s * oh : s, v : v + s * ow : s] for u in range(kh) for v in range(kw)]
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
from neural_net_layers._unfold import fold, unfold
from neural_net_layers.pooling._pooling import (
    check_images,
    fitted,
    pooling_repr,
    pooling_window,
    sizes_of_windows,
)

__all__ = ["AvgPool2D", "AvgPool2DOp", "avg_pool2d"]


class AvgPool2DOp(Op):
    """y[b, c, i, j] = Σ x[b, c, s i + u, s j + v] / n[i, j] over u, v;  dx = Σ dy / n

    A pixel gets its share of the gradient, dy / n, from every window that saw it. Saves n.
    """

    def __init__(self, window: Window) -> None:
        self.window = window

    def forward(self, x: Array, n: Array) -> Array:
        self.size: Pair = (x.shape[2], x.shape[3])
        self.n = n
        kh, kw = self.window.kernel
        seen = unfold(x, self.window)  # (B, C, OH, OW, kh, kw)
        # NumPy adds a few large arrays several times faster than many short windows.
        return sum(seen[..., u, v] for u in range(kh) for v in range(kw)) / n

    def backward(self, dy: Array) -> tuple[Array, None]:
        share = (dy / self.n)[..., None, None]
        dseen = np.broadcast_to(share, (*dy.shape, *self.window.kernel))
        return fold(dseen, self.window, self.size), None


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

    $$ y_{b,c,i,j} = \frac{1}{n} \sum_{u,v} x_{b,\,c,\,s i + u - p,\,s j + v - p} $$

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
    size, dtype = x.data.shape[2:], x.data.dtype
    whole = fitted(layer, window, size, ceil_mode)
    if divisor is None:
        n = sizes_of_windows(window, size, whole.places(size), count_include_pad)
    else:
        n = np.array(divisor)
    y: Tensor = AvgPool2DOp.apply(x, n.astype(dtype), window=whole)
    return y


class AvgPool2D(Module):
    r"""The mean of every window of an image.

    $$ y_{b,c,i,j} = \frac{1}{n} \sum_{u,v} x_{b,\,c,\,s i + u - p,\,s j + v - p} $$

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
