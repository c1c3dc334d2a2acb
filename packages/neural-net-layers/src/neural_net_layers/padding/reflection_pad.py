r"""A border that mirrors: the input goes on as in a mirror that stands on its edge.

The edge itself is not repeated. What a convolution meets in the border then looks like the rest of
the image, where zeros would be a dark frame; networks that make images use it for that.
"""

from typing import ClassVar

from neural_net_core.ops.padding import PadMode
from neural_net_layers.padding._borders import BorderPad

__all__ = ["ReflectionPad1D", "ReflectionPad2D"]


class ReflectionPad1D(BorderPad):
    r"""A sequence that goes on mirrored at both ends.

    $$ y_{b,c,t} = x_{b,\,c,\,r(t - left)}, \qquad
       r(t) = \begin{cases} |t| & t < L \\ 2 (L - 1) - t & t \ge L \end{cases} $$

    Called `ReflectionPad1d` in PyTorch.

    Args:
        padding: Width at both ends, or (left, right). A negative one takes away.

    Shape:
        input (B, C, L) or (C, L) -> output (B, C, OL) or (C, OL) with OL = L + left + right

    Raises:
        ShapeError: If the input has another number of axes, or no more steps than the padding.

    Examples:
        >>> ReflectionPad1D((2, 1))([[1.0, 2.0, 3.0]]).data
        array([[3., 2., 1., 2., 3., 2.]], dtype=float32)
    """

    border: ClassVar[PadMode] = "reflect"
    axes: ClassVar[tuple[str, ...]] = ("L",)


class ReflectionPad2D(BorderPad):
    r"""An image that goes on mirrored on all sides.

    $$ y_{b,c,i,j} = x_{b,\,c,\,r(i - top),\,r(j - left)} $$

    with r as in `ReflectionPad1D`, by rows and by columns. Called `ReflectionPad2d` in PyTorch.

    Args:
        padding: Width on all sides, or (left, right, top, bottom). A negative one takes away.

    Shape:
        input (B, C, H, W) or (C, H, W) -> output (B, C, OH, OW) or (C, OH, OW) with
        OH = H + top + bottom, OW = W + left + right

    Raises:
        ShapeError: If the input has another number of axes, or is not larger than the padding.

    References:
        Johnson et al. (2016), arXiv:1603.08155, supplementary material: against the frame that
        zeros leave in generated images.

    Examples:
        >>> ReflectionPad2D((0, 1, 1, 0))([[[1.0, 2.0], [3.0, 4.0]]]).data
        array([[[3., 4., 3.],
                [1., 2., 1.],
                [3., 4., 3.]]], dtype=float32)
    """

    border: ClassVar[PadMode] = "reflect"
    axes: ClassVar[tuple[str, ...]] = ("H", "W")
