r"""Max pooling of sequences: of every few neighbouring steps, the largest number.

A sequence (B, C, L) is an image that is one pixel wide. `MaxPool2DOp`, whose gradient is described
in `max_pool2d.py`, does the work.
"""

from typing import Any, Generic, Literal, overload

from neural_net_core.modules.module import Module
from neural_net_core.ops import squeeze
from neural_net_core.tensor import Tensor, TensorLike
from neural_net_layers._geometry import Window
from neural_net_layers._inputs import coerce
from neural_net_layers.pooling._pooling import (
    Pooled,
    as_image,
    fitted,
    pooling_repr,
    pooling_window,
)
from neural_net_layers.pooling.max_pool2d import MaxPool2DOp, places_of_maxima

__all__ = ["MaxPool1D", "max_pool1d"]


@overload
def max_pool1d(
    x: TensorLike,
    kernel_size: int,
    stride: int | None = None,
    padding: int = 0,
    dilation: int = 1,
    ceil_mode: bool = False,
    return_indices: Literal[False] = False,
) -> Tensor: ...
@overload
def max_pool1d(
    x: TensorLike,
    kernel_size: int,
    stride: int | None = None,
    padding: int = 0,
    dilation: int = 1,
    ceil_mode: bool = False,
    *,
    return_indices: Literal[True],
) -> tuple[Tensor, Tensor]: ...
@overload
def max_pool1d(
    x: TensorLike,
    kernel_size: int,
    stride: int | None = None,
    padding: int = 0,
    dilation: int = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor | tuple[Tensor, Tensor]: ...
def max_pool1d(
    x: TensorLike,
    kernel_size: int,
    stride: int | None = None,
    padding: int = 0,
    dilation: int = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor | tuple[Tensor, Tensor]:
    r"""Return the largest number of every window.

    $$ y_{b,c,t} = \max_u x_{b,\,c,\,s t + d u - p} $$

    Args:
        x: Sequences (B, C, L).
        kernel_size: Steps of the window.
        stride: Steps between windows; None means the kernel's size, so that they do not overlap.
        padding: Length of −∞ at both ends, which never is the maximum; at most half the kernel.
        dilation: Distance between the places of the kernel.
        ceil_mode: Whether a last window that sticks out of the sequence counts; it has to begin
            inside, or in the padding before it.
        return_indices: Whether to return where the maxima are, too.

    Returns:
        (B, C, OL) with OL = ⌊(L + 2 padding − d (k − 1) − 1) / s⌋ + 1 (⌈ ⌉ with ceil_mode); with
        `return_indices` a pair of it and the steps of the maxima, of the same shape.

    Raises:
        ShapeError: If x has not three axes, or is shorter than the window.
        ValueError: If an option is out of its range.

    Examples:
        >>> max_pool1d([[[1.0, 2.0, 0.0, 5.0, 4.0]]], 2).data
        array([[[2., 5.]]], dtype=float32)
    """
    window = pooling_window("max_pool1d", kernel_size, stride, padding, dilation, axes=1)
    return _pooled("max_pool1d", x, window, ceil_mode, return_indices)


def _pooled(
    layer: str, x: Any, window: Window, ceil_mode: bool, return_indices: bool
) -> Tensor | tuple[Tensor, Tensor]:
    """Check that the window fits and run the operation on an image of one column."""
    image = as_image(layer, *coerce(x))
    window = fitted(layer, window, image.data.shape[2:], ceil_mode, axes=1)
    y = squeeze(MaxPool2DOp.apply(image, window=window), 3)
    if not return_indices:
        return y
    return y, Tensor(places_of_maxima(image.data, window)[..., 0])


class MaxPool1D(Module, Generic[Pooled]):
    r"""The largest number of every window of a sequence.

    $$ y_{b,c,t} = \max_u x_{b,\,c,\,s t + d u - p} $$

    Called `MaxPool1d` in PyTorch, `MaxPooling1D` in Keras, whose sequences are (B, L, C).

    Args:
        kernel_size: Steps of the window.
        stride: Steps between windows; None means the kernel's size, so that they do not overlap.
        padding: Length of −∞ at both ends, which never is the maximum; at most half the kernel.
        dilation: Distance between the places of the kernel.
        return_indices: Whether to return where the maxima are, too.
        ceil_mode: Whether a last window that sticks out of the sequence counts.

    Shape:
        input (B, C, L) -> output (B, C, OL) with
        OL = ⌊(L + 2 padding − d (k − 1) − 1) / s⌋ + 1 (⌈ ⌉ with ceil_mode)

    Raises:
        ShapeError: If the input has not three axes, or is shorter than the window.

    Examples:
        >>> import numpy as np
        >>> MaxPool1D(3, stride=2)(np.zeros((5, 16, 11))).shape
        (5, 16, 5)
    """

    @overload
    def __init__(
        self: "MaxPool1D[Tensor]",
        kernel_size: int,
        stride: int | None = None,
        padding: int = 0,
        dilation: int = 1,
        return_indices: Literal[False] = False,
        ceil_mode: bool = False,
    ) -> None: ...
    @overload
    def __init__(
        self: "MaxPool1D[tuple[Tensor, Tensor]]",
        kernel_size: int,
        stride: int | None = None,
        padding: int = 0,
        dilation: int = 1,
        *,
        return_indices: Literal[True],
        ceil_mode: bool = False,
    ) -> None: ...
    def __init__(
        self,
        kernel_size: int,
        stride: int | None = None,
        padding: int = 0,
        dilation: int = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        self.window = pooling_window("MaxPool1D", kernel_size, stride, padding, dilation, axes=1)
        self.return_indices, self.ceil_mode = return_indices, ceil_mode

    def forward(self, x: TensorLike) -> Pooled:
        """Return the maxima, and their steps if asked for.

        Args:
            x: (B, C, L).
        """
        return _pooled("MaxPool1D", x, self.window, self.ceil_mode, self.return_indices)  # type: ignore[return-value]

    def extra_repr(self) -> str:
        """Return the sizes, and what is not the default."""
        more = ", return_indices=True" if self.return_indices else ""
        return pooling_repr(self.window, self.ceil_mode, axes=1) + more
