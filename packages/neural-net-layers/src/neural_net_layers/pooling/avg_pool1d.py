r"""Average pooling of sequences: of every few neighbouring steps, the mean.

A sequence (B, C, L) is an image that is one pixel wide. `AvgPool2DOp`, whose gradient is derived in
`avg_pool2d.py`, does the work.
"""

from typing import Any

from neural_net_core.modules.module import Module
from neural_net_core.ops import squeeze
from neural_net_core.tensor import Tensor, TensorLike
from neural_net_layers._geometry import Window
from neural_net_layers._inputs import coerce
from neural_net_layers.pooling._pooling import (
    as_image,
    fitted,
    pooling_repr,
    pooling_window,
    sizes_of_windows,
)
from neural_net_layers.pooling.avg_pool2d import AvgPool2DOp

__all__ = ["AvgPool1D", "avg_pool1d"]


def avg_pool1d(
    x: TensorLike,
    kernel_size: int,
    stride: int | None = None,
    padding: int = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    r"""Return the mean of every window.

    $$ y_{b,c,t} = \frac{1}{n} \sum_u x_{b,\,c,\,s t + u - p} $$

    Args:
        x: Sequences (B, C, L).
        kernel_size: Steps of the window.
        stride: Steps between windows; None means the kernel's size, so that they do not overlap.
        padding: Number of zeros at both ends; at most half the kernel.
        ceil_mode: Whether a last window that sticks out of the sequence counts; it has to begin
            inside, or in the padding before it.
        count_include_pad: Whether n counts the zeros of the padding.

    Returns:
        (B, C, OL) with OL = ⌊(L + 2 padding − k) / s⌋ + 1 (⌈ ⌉ with ceil_mode).

    Raises:
        ShapeError: If x has not three axes, or is shorter than the window.
        ValueError: If an option is out of its range.

    Examples:
        >>> avg_pool1d([[[1.0, 2.0, 0.0, 5.0, 4.0]]], 2).data
        array([[[1.5, 2.5]]], dtype=float32)
    """
    window = pooling_window("avg_pool1d", kernel_size, stride, padding, axes=1)
    return _pooled("avg_pool1d", x, window, ceil_mode, count_include_pad)


def _pooled(layer: str, x: Any, window: Window, ceil_mode: bool, include_pad: bool) -> Tensor:
    """Check that the window fits and run the operation on an image of one column."""
    image = as_image(layer, *coerce(x))
    size = image.data.shape[2:]
    whole = fitted(layer, window, size, ceil_mode, axes=1)
    n = sizes_of_windows(window, size, whole.places(size), include_pad)
    return squeeze(AvgPool2DOp.apply(image, n.astype(image.data.dtype), window=whole), 3)


class AvgPool1D(Module):
    r"""The mean of every window of a sequence.

    $$ y_{b,c,t} = \frac{1}{n} \sum_u x_{b,\,c,\,s t + u - p} $$

    Called `AvgPool1d` in PyTorch, `AveragePooling1D` in Keras, whose sequences are (B, L, C) and
    which never counts the padding.

    Args:
        kernel_size: Steps of the window.
        stride: Steps between windows; None means the kernel's size, so that they do not overlap.
        padding: Number of zeros at both ends; at most half the kernel.
        ceil_mode: Whether a last window that sticks out of the sequence counts.
        count_include_pad: Whether n counts the zeros of the padding.

    Shape:
        input (B, C, L) -> output (B, C, OL) with
        OL = ⌊(L + 2 padding − k) / s⌋ + 1 (⌈ ⌉ with ceil_mode)

    Raises:
        ShapeError: If the input has not three axes, or is shorter than the window.

    Examples:
        >>> import numpy as np
        >>> AvgPool1D(2)(np.zeros((5, 16, 11))).shape
        (5, 16, 5)
    """

    def __init__(
        self,
        kernel_size: int,
        stride: int | None = None,
        padding: int = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        self.window = pooling_window("AvgPool1D", kernel_size, stride, padding, axes=1)
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad

    def forward(self, x: TensorLike) -> Tensor:
        """Return the means.

        Args:
            x: (B, C, L).
        """
        return _pooled("AvgPool1D", x, self.window, self.ceil_mode, self.count_include_pad)

    def extra_repr(self) -> str:
        """Return the sizes, and what is not the default."""
        more = "" if self.count_include_pad else ", count_include_pad=False"
        return pooling_repr(self.window, self.ceil_mode, axes=1) + more
