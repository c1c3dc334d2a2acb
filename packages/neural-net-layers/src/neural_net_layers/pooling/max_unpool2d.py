r"""Max unpooling: every maximum goes back to the pixel that a max pooling took it from.

An encoder that pools loses where things are; a decoder that gets the places of the maxima, and not
the feature maps themselves, puts every number back to its place and zeros around it, and its next
convolution fills the gaps.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from neural_net_core.checks import check_array
from neural_net_core.errors import PositionError, ShapeError
from neural_net_core.modules.module import Module
from neural_net_core.ops import put_along_axis, reshape
from neural_net_core.tensor import Tensor, TensorLike
from neural_net_layers._geometry import Pair, Window, as_pair, times
from neural_net_layers._inputs import coerce
from neural_net_layers.pooling._pooling import check_images, pooling_repr, pooling_window

__all__ = ["MaxUnpool2D", "max_unpool2d"]


def max_unpool2d(
    x: TensorLike,
    indices: TensorLike,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    output_size: int | Sequence[int] | None = None,
) -> Tensor:
    r"""Return images of zeros in which every number stands at its place.

    $$ y_{b,c,p} = \begin{cases}
       x_{b,c,i,j} & \text{where } p = indices_{b,c,i,j} \\ 0 & \text{elsewhere} \end{cases} $$

    Where windows overlapped, two maxima may come from one pixel: then they are equal, and the one
    that stays gets the gradient, which PyTorch gives to both.

    Args:
        x: Images (B, C, H, W), from a max pooling.
        indices: The places p = h · OW + w, of the same shape: what the pooling returned with
            `return_indices`.
        kernel_size: The pooling's.
        stride: The pooling's; None means the kernel's size.
        padding: The pooling's.
        output_size: (OH, OW) or one number for both, since several sizes are pooled to the same
            one; None means (H − 1) s − 2 padding + kh, and for columns likewise.

    Returns:
        (B, C, OH, OW).

    Raises:
        ShapeError: If x has not four axes, the indices have another shape, or the size is none
            that is pooled to that of x.
        PositionError: If an index lies outside of the output.
        ValueError: If an option is out of its range.

    Examples:
        >>> max_unpool2d([[[[4.0, 5.0]]]], [[[[4, 3]]]], 2).data
        array([[[[0., 0., 0., 5.],
                 [4., 0., 0., 0.]]]], dtype=float32)
    """
    window = pooling_window("max_unpool2d", kernel_size, stride, padding)
    return _unpooled("max_unpool2d", x, indices, window, output_size)


def _unpooled(
    layer: str, x: Any, indices: Any, window: Window, output_size: int | Sequence[int] | None
) -> Tensor:
    """Check the places and write every number to its own."""
    (x,) = coerce(x)
    check_images(layer, x)
    places = check_array(layer, "indices", indices, kinds="iu")
    batch, channels, height, width = x.data.shape
    if places.shape != x.data.shape:
        raise ShapeError(f"{layer}: expected indices {x.shape}, got {places.shape}")
    oh, ow = _size(layer, (height, width), window, output_size)
    if places.size and not 0 <= places.min() <= places.max() < oh * ow:
        raise PositionError(
            f"{layer}: expected indices from 0 to {oh * ow - 1}, of an output of {oh}×{ow}, "
            f"got {places.min()} to {places.max()}"
        )
    lines = (batch, channels, height * width)
    zeros = np.zeros_like(x.data, shape=(batch, channels, oh * ow))
    y = put_along_axis(zeros, places.reshape(lines), reshape(x, lines), axis=2)
    return reshape(y, (batch, channels, oh, ow))


def _size(layer: str, size: Pair, window: Window, output_size: int | Sequence[int] | None) -> Pair:
    """Return the output's size: the one given if it is within a stride of the smallest."""
    rows, columns = (
        (n - 1) * s - sum(pads) + k
        for n, s, pads, k in zip(size, window.stride, window.padding, window.kernel, strict=True)
    )
    if output_size is None:
        chosen = rows, columns
    else:
        given = output_size[-2:] if isinstance(output_size, Sequence) else output_size
        chosen = as_pair(layer, "output_size", given)
    steps = [abs(n - m) for n, m in zip(chosen, (rows, columns), strict=True)]
    if min(chosen) < 1 or any(n >= s for n, s in zip(steps, window.stride, strict=True)):
        raise ShapeError(
            f"{layer}: expected an output_size less than a stride, {times(window.stride)}, from "
            f"{rows}×{columns}, got {times(chosen)}"
        )
    return chosen


class MaxUnpool2D(Module):
    r"""Images of zeros in which every maximum stands at the place that a max pooling found it at.

    $$ y_{b,c,p} = \begin{cases}
       x_{b,c,i,j} & \text{where } p = indices_{b,c,i,j} \\ 0 & \text{elsewhere} \end{cases} $$

    Called `MaxUnpool2d` in PyTorch. It takes what `MaxPool2D(…, return_indices=True)` gives.

    Args:
        kernel_size: The pooling's.
        stride: The pooling's; None means the kernel's size.
        padding: The pooling's.

    Shape:
        input (B, C, H, W), indices (B, C, H, W) -> output (B, C, OH, OW) with
        OH = (H − 1) s − 2 padding + kh unless a size is given, and OW likewise

    Raises:
        ShapeError: If the input has not four axes, the indices have another shape, or the size is
            none that is pooled to the input's.
        PositionError: If an index lies outside of the output.

    References:
        Badrinarayanan et al. (2015), SegNet, arXiv:1511.00561, section 3; before it Zeiler & Fergus
        (2013), arXiv:1311.2901, section 2.1, to look back from a feature at the image.

    Examples:
        >>> import numpy as np
        >>> from neural_net_layers import MaxPool2D
        >>> x = np.random.default_rng(0).normal(size=(5, 16, 28, 27))
        >>> y, indices = MaxPool2D(2, return_indices=True)(x)
        >>> MaxUnpool2D(2)(y, indices, output_size=x.shape).shape
        (5, 16, 28, 27)
    """

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] | None = None,
        padding: int | Sequence[int] = 0,
    ) -> None:
        self.window = pooling_window("MaxUnpool2D", kernel_size, stride, padding)

    def forward(
        self, x: TensorLike, indices: TensorLike, output_size: int | Sequence[int] | None = None
    ) -> Tensor:
        """Return the larger images.

        Args:
            x: (B, C, H, W).
            indices: (B, C, H, W), the places that the pooling returned.
            output_size: (OH, OW), or the whole shape of what was pooled.
        """
        return _unpooled("MaxUnpool2D", x, indices, self.window, output_size)

    def extra_repr(self) -> str:
        """Return the sizes, and what is not the default."""
        return pooling_repr(self.window, False)
