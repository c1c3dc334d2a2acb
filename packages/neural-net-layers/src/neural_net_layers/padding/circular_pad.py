r"""A border taken from the other end: the input is a ring.

It is right for what has no end: angles, hours of the day, textures that are laid side by side, the
longitudes of a map.
"""

from typing import ClassVar

from neural_net_core.ops.padding import PadMode
from neural_net_layers.padding._borders import BorderPad

__all__ = ["CircularPad1D", "CircularPad2D"]


class CircularPad1D(BorderPad):
    r"""A sequence that begins again at its ends.

    $$ y_{b,c,t} = x_{b,\,c,\,(t - left) \bmod L} $$

    Called `CircularPad1d` in PyTorch.

    Args:
        padding: Width at both ends, or (left, right). A negative one takes away.

    Shape:
        input (B, C, L) or (C, L) -> output (B, C, OL) or (C, OL) with OL = L + left + right

    Raises:
        ShapeError: If the input has another number of axes, or fewer steps than the padding.

    Examples:
        >>> CircularPad1D((2, 1))([[1.0, 2.0, 3.0]]).data
        array([[2., 3., 1., 2., 3., 1.]], dtype=float32)
    """

    border: ClassVar[PadMode] = "wrap"
    axes: ClassVar[tuple[str, ...]] = ("L",)


class CircularPad2D(BorderPad):
    r"""An image that begins again on all sides.

    $$ y_{b,c,i,j} = x_{b,\,c,\,(i - top) \bmod H,\,(j - left) \bmod W} $$

    Called `CircularPad2d` in PyTorch.

    Args:
        padding: Width on all sides, or (left, right, top, bottom). A negative one takes away.

    Shape:
        input (B, C, H, W) or (C, H, W) -> output (B, C, OH, OW) or (C, OH, OW) with
        OH = H + top + bottom, OW = W + left + right

    Raises:
        ShapeError: If the input has another number of axes, or is smaller than the padding.

    Examples:
        >>> CircularPad2D((0, 1, 1, 0))([[[1.0, 2.0], [3.0, 4.0]]]).data
        array([[[3., 4., 3.],
                [1., 2., 1.],
                [3., 4., 3.]]], dtype=float32)
    """

    border: ClassVar[PadMode] = "wrap"
    axes: ClassVar[tuple[str, ...]] = ("H", "W")
