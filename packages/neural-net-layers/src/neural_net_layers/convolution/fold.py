r"""Columns added up to an image: the transpose of `unfold`.

Each column is put back where its window stands, and where windows overlap the numbers add. So
`fold(unfold(x))` is x times the number of windows that see each pixel; divided by that number,
which is `fold(unfold(1))`, it is x again. An image that is worked on patch by patch is put together
in this way. Also called col2im.
"""

from collections.abc import Sequence
from typing import Any

from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_core.modules.module import Module
from neural_net_core.op import Op
from neural_net_core.tensor import Tensor, TensorLike
from neural_net_layers._geometry import Pair, Window, as_pair, check_fits, times
from neural_net_layers._inputs import coerce
from neural_net_layers._unfold import fold as fold_windows
from neural_net_layers._unfold import unfold as unfold_windows
from neural_net_layers.convolution._parameters import options_of
from neural_net_layers.convolution.unfold import as_columns, as_windows, window_of

__all__ = ["Fold", "FoldOp", "fold"]


class FoldOp(Op):
    """y[b, c, m, n] = Σ x[b, (c, u, v), (i, j)] over s i + d u − p = m, s j + d v − p = n

    dx = dy, seen by each window: the gradient of a linear map is its transpose.

    Args:
        window: Kernel, stride, padding and dilation.
        size: Rows and columns of the image.
    """

    def __init__(self, window: Window, size: Pair) -> None:
        self.window, self.size = window, size

    def forward(self, x: Array) -> Array:
        return fold_windows(as_windows(x, self.window, self.size), self.window, self.size)

    def backward(self, dy: Array) -> Array:
        return as_columns(unfold_windows(dy, self.window))


def fold(
    x: TensorLike,
    output_size: int | Sequence[int],
    kernel_size: int | Sequence[int],
    dilation: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    stride: int | Sequence[int] = 1,
) -> Tensor:
    r"""Return the images whose windows, added up, are the columns.

    $$ y_{b,c,m,n} = \sum_{s i + d u - p = m,\; s j + d v - p = n} x_{b,\,(c,u,v),\,(i,j)} $$

    Args:
        x: Columns (B, C · kh · kw, L), one for each of the L = OH · OW places of the window.
        output_size: (H, W) of the images, or one number for both.
        kernel_size: Rows and columns of the window, one number for both or a pair.
        dilation: Distance between the places of the window.
        padding: Width of a border, which is cut off.
        stride: Steps between windows.

    Returns:
        (B, C, H, W).

    Raises:
        ShapeError: If x has not three axes, no whole number of channels, or another number of
            columns than the window has places on an image of that size.
        ValueError: If an option is out of its range.

    Examples:
        >>> fold([[[1.0, 1.0], [1.0, 1.0]]], (1, 3), (1, 2)).data
        array([[[[1., 2., 1.]]]], dtype=float32)
    """
    window = window_of("fold", kernel_size, dilation, padding, stride)
    return _folded("fold", x, window, as_pair("fold", "output_size", output_size))


def _folded(layer: str, x: Any, window: Window, size: Pair) -> Tensor:
    """Check that the columns fit and run the operation."""
    (x,) = coerce(x)
    label = f"{layer}(output {times(size)}, kernel {times(window.kernel)})"
    check_fits(label, window, size)
    (oh, ow), (kh, kw) = window.places(size), window.kernel
    shape = x.data.shape
    if len(shape) != 3 or shape[1] % (kh * kw) or shape[2] != oh * ow:
        raise ShapeError(
            f"{label}: expected input (B, C·{kh * kw}, {oh * ow}), a column for each of {oh}×{ow} "
            f"windows, got {x.shape}"
        )
    y: Tensor = FoldOp.apply(x, window=window, size=size)
    return y


class Fold(Module):
    r"""The images whose windows, added up, are the columns: the transpose of `Unfold`.

    $$ y_{b,c,m,n} = \sum_{s i + d u - p = m,\; s j + d v - p = n} x_{b,\,(c,u,v),\,(i,j)} $$

    Called `Fold` in PyTorch.

    Args:
        output_size: (H, W) of the images, or one number for both.
        kernel_size: Rows and columns of the window, one number for both or a pair.
        dilation: Distance between the places of the window.
        padding: Width of a border, which is cut off.
        stride: Steps between windows.

    Shape:
        input (B, C · kh · kw, L) -> output (B, C, H, W), where L = OH · OW and
        OH = ⌊(H + 2 padding − d (kh − 1) − 1) / s⌋ + 1, OW likewise

    Raises:
        ShapeError: If the input has another shape.

    Examples:
        >>> import numpy as np
        >>> Fold(224, 16, stride=16)(np.zeros((5, 768, 196))).shape
        (5, 3, 224, 224)
    """

    def __init__(
        self,
        output_size: int | Sequence[int],
        kernel_size: int | Sequence[int],
        dilation: int | Sequence[int] = 1,
        padding: int | Sequence[int] = 0,
        stride: int | Sequence[int] = 1,
    ) -> None:
        self.output_size = as_pair("Fold", "output_size", output_size)
        self.window = window_of("Fold", kernel_size, dilation, padding, stride)
        check_fits(f"Fold(output {times(self.output_size)})", self.window, self.output_size)

    def forward(self, x: TensorLike) -> Tensor:
        """Return the images.

        Args:
            x: (B, C · kh · kw, L).
        """
        return _folded("Fold", x, self.window, self.output_size)

    def extra_repr(self) -> str:
        """Return the sizes, and what is not the default."""
        sizes = f"output {times(self.output_size)}, kernel {times(self.window.kernel)}"
        return sizes + options_of(self.window, 1, True, "zeros")
