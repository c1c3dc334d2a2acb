r"""A border that repeats the edge.

A difference of neighbours, or a mean of them, is then what it would be if nothing changed beyond
the edge.
"""

from typing import ClassVar

from neural_net_core.ops.padding import PadMode
from neural_net_layers.padding._borders import BorderPad

__all__ = ["ReplicationPad1D", "ReplicationPad2D"]


class ReplicationPad1D(BorderPad):
    r"""A sequence whose ends go on unchanged.

    $$ y_{b,c,t} = x_{b,\,c,\,\min(\max(t - left,\, 0),\, L - 1)} $$

    Called `ReplicationPad1d` in PyTorch.

    Args:
        padding: Width at both ends, or (left, right). A negative one takes away.

    Shape:
        input (B, C, L) or (C, L) -> output (B, C, OL) or (C, OL) with OL = L + left + right

    Raises:
        ShapeError: If the input has another number of axes, or no step to repeat.

    Examples:
        >>> ReplicationPad1D((2, 1))([[1.0, 2.0, 3.0]]).data
        array([[1., 1., 1., 2., 3., 3.]], dtype=float32)
    """

    border: ClassVar[PadMode] = "edge"
    axes: ClassVar[tuple[str, ...]] = ("L",)


class ReplicationPad2D(BorderPad):
    r"""An image whose edges go on unchanged.

    $$ y_{b,c,i,j} = x_{b,\,c,\,r(i - top),\,s(j - left)}, \qquad
       r(i) = \min(\max(i, 0), H - 1), \quad s(j) = \min(\max(j, 0), W - 1) $$

    Called `ReplicationPad2d` in PyTorch.

    Args:
        padding: Width on all sides, or (left, right, top, bottom). A negative one takes away.

    Shape:
        input (B, C, H, W) or (C, H, W) -> output (B, C, OH, OW) or (C, OH, OW) with
        OH = H + top + bottom, OW = W + left + right

    Raises:
        ShapeError: If the input has another number of axes, or no pixel to repeat.

    Examples:
        >>> ReplicationPad2D((0, 1, 1, 0))([[[1.0, 2.0], [3.0, 4.0]]]).data
        array([[[1., 2., 2.],
                [1., 2., 2.],
                [3., 4., 4.]]], dtype=float32)
    """

    border: ClassVar[PadMode] = "edge"
    axes: ClassVar[tuple[str, ...]] = ("H", "W")
