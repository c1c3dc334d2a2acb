r"""The windows of an image side by side: each becomes a column of a matrix.

With the columns at hand a convolution is one matrix product, a pooling a reduction, and the patches
of a vision transformer are the columns of windows that do not overlap. Composed of primitives, for
a window of kh × kw places, stride s and dilation d,

    padded = pad(x, [(0, 0), (0, 0), (p, p), (p, p)])
    seen = [padded[:, :, u * d : u * d + s * oh : s, v * d : v * d + s * ow : s]
            for u in range(kh) for v in range(kw)]
    y = stack(seen, axis=2).reshape(b, c * kh * kw, oh * ow)

Also called im2col.
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

__all__ = ["Unfold", "UnfoldOp", "unfold"]


class UnfoldOp(Op):
    """y[b, (c, u, v), (i, j)] = x[b, c, s i + d u − p, s j + d v − p];  dx = Σ dy over the copies

    A pixel stands in every column whose window sees it, and gets the sum of their gradients.

    Args:
        window: Kernel, stride, padding and dilation.
    """

    def __init__(self, window: Window) -> None:
        self.window = window

    def forward(self, x: Array) -> Array:
        self.size: Pair = (x.shape[2], x.shape[3])
        return as_columns(unfold_windows(x, self.window))

    def backward(self, dy: Array) -> Array:
        return fold_windows(as_windows(dy, self.window, self.size), self.window, self.size)


def as_columns(seen: Array) -> Array:
    """Return (B, C, OH, OW, kh, kw) as (B, C · kh · kw, OH · OW)."""
    batch, channels, oh, ow, kh, kw = seen.shape
    return seen.transpose(0, 1, 4, 5, 2, 3).reshape(batch, channels * kh * kw, oh * ow)


def as_windows(columns: Array, window: Window, size: Pair) -> Array:
    """Return (B, C · kh · kw, OH · OW) as (B, C, OH, OW, kh, kw)."""
    (kh, kw), (oh, ow) = window.kernel, window.places(size)
    channels = columns.shape[1] // (kh * kw)
    return columns.reshape(len(columns), channels, kh, kw, oh, ow).transpose(0, 1, 4, 5, 2, 3)


def unfold(
    x: TensorLike,
    kernel_size: int | Sequence[int],
    dilation: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    stride: int | Sequence[int] = 1,
) -> Tensor:
    r"""Return every window of an image as a column.

    $$ y_{b,\,(c,u,v),\,(i,j)} = x_{b,\,c,\,s i + d u - p,\,s j + d v - p} $$

    Args:
        x: Images (B, C, H, W).
        kernel_size: Rows and columns of the window, one number for both or a pair.
        dilation: Distance between the places of the window.
        padding: Width of a border of zeros.
        stride: Steps between windows.

    Returns:
        (B, C · kh · kw, L) with L = OH · OW windows, row by row, and
        OH = ⌊(H + 2 padding − d (kh − 1) − 1) / s⌋ + 1, OW likewise.

    Raises:
        ShapeError: If x has not four axes, or is smaller than the window.
        ValueError: If an option is out of its range.

    Examples:
        >>> unfold([[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]], 2).data
        array([[[1., 2.],
                [2., 3.],
                [4., 5.],
                [5., 6.]]], dtype=float32)
    """
    return _unfolded("unfold", x, window_of("unfold", kernel_size, dilation, padding, stride))


def window_of(
    layer: str,
    kernel_size: int | Sequence[int],
    dilation: int | Sequence[int],
    padding: int | Sequence[int],
    stride: int | Sequence[int],
) -> Window:
    """Return the options of an unfolding as a checked window."""
    rows, columns = as_pair(layer, "padding", padding, least=0)
    return Window(
        as_pair(layer, "kernel_size", kernel_size),
        as_pair(layer, "stride", stride),
        ((rows, rows), (columns, columns)),
        as_pair(layer, "dilation", dilation),
    )


def _unfolded(layer: str, x: Any, window: Window) -> Tensor:
    """Check that the window fits and run the operation."""
    (x,) = coerce(x)
    if x.data.ndim != 4:
        raise ShapeError(f"{layer}: expected input (B, C, H, W), got {x.shape}")
    check_fits(f"{layer}(kernel {times(window.kernel)})", window, x.data.shape[2:])
    y: Tensor = UnfoldOp.apply(x, window=window)
    return y


class Unfold(Module):
    r"""Every window of an image as a column.

    $$ y_{b,\,(c,u,v),\,(i,j)} = x_{b,\,c,\,s i + d u - p,\,s j + d v - p} $$

    Called `Unfold` in PyTorch; `extract_patches` in Keras, whose channels come last.

    Args:
        kernel_size: Rows and columns of the window, one number for both or a pair.
        dilation: Distance between the places of the window.
        padding: Width of a border of zeros.
        stride: Steps between windows.

    Shape:
        input (B, C, H, W) -> output (B, C · kh · kw, L) with L = OH · OW and
        OH = ⌊(H + 2 padding − d (kh − 1) − 1) / s⌋ + 1, OW likewise

    Raises:
        ShapeError: If the input has not four axes, or is smaller than the window.

    References:
        Chellapilla et al. (2006), High performance convolutional neural networks for document
        processing, section 3: a convolution as a matrix product.

    Examples:
        The patches of 16 × 16 pixels that a vision transformer reads:

        >>> import numpy as np
        >>> Unfold(16, stride=16)(np.zeros((5, 3, 224, 224))).shape
        (5, 768, 196)
    """

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        dilation: int | Sequence[int] = 1,
        padding: int | Sequence[int] = 0,
        stride: int | Sequence[int] = 1,
    ) -> None:
        self.window = window_of("Unfold", kernel_size, dilation, padding, stride)

    def forward(self, x: TensorLike) -> Tensor:
        """Return the windows.

        Args:
            x: (B, C, H, W).
        """
        return _unfolded("Unfold", x, self.window)

    def extra_repr(self) -> str:
        """Return the sizes, and what is not the default."""
        return f"kernel {times(self.window.kernel)}{options_of(self.window, 1, True, 'zeros')}"
