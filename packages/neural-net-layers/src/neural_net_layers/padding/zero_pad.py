r"""A border of zeros.

A convolution has one built in (`padding=`); as a layer of its own it may be uneven, which many
published networks with even kernels or strides need, and it may stand before anything else.
"""

from typing import ClassVar

from neural_net_core.ops.padding import PadMode
from neural_net_layers.padding._borders import BorderPad

__all__ = ["ZeroPad1D", "ZeroPad2D"]


class ZeroPad1D(BorderPad):
    r"""A sequence with zeros at both ends.

    $$ y_{b,c,t} = x_{b,\,c,\,t - left}, \text{ and beyond the ends } 0 $$

    Called `ZeroPad1d` in PyTorch; `ZeroPadding1D` in Keras, whose sequences are (B, L, C).

    Args:
        padding: Width at both ends, or (left, right). A negative one takes away.

    Shape:
        input (B, C, L) or (C, L) -> output (B, C, OL) or (C, OL) with OL = L + left + right

    Raises:
        ShapeError: If the input has another number of axes, or fewer steps than are taken away.

    Examples:
        >>> ZeroPad1D((2, 1))([[1.0, 2.0, 3.0]]).data
        array([[0., 0., 1., 2., 3., 0.]], dtype=float32)
    """

    border: ClassVar[PadMode] = "constant"
    axes: ClassVar[tuple[str, ...]] = ("L",)


class ZeroPad2D(BorderPad):
    r"""An image in a frame of zeros.

    $$ y_{b,c,i,j} = x_{b,\,c,\,i - top,\,j - left}, \text{ and beyond the edges } 0 $$

    Called `ZeroPad2d` in PyTorch; `ZeroPadding2D` in Keras, whose order is ((top, bottom),
    (left, right)).

    Args:
        padding: Width on all sides, or (left, right, top, bottom). A negative one takes away.

    Shape:
        input (B, C, H, W) or (C, H, W) -> output (B, C, OH, OW) or (C, OH, OW) with
        OH = H + top + bottom, OW = W + left + right

    Raises:
        ShapeError: If the input has another number of axes, or less than is taken away.

    Examples:
        >>> ZeroPad2D((0, 1, 1, 0))([[[1.0, 2.0], [3.0, 4.0]]]).data
        array([[[0., 0., 0.],
                [1., 2., 0.],
                [3., 4., 0.]]], dtype=float32)
    """

    border: ClassVar[PadMode] = "constant"
    axes: ClassVar[tuple[str, ...]] = ("H", "W")
