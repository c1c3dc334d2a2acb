r"""A border of one number.

−∞ in the border of a maximum and 0 in that of a sum change nothing; a mark that occurs nowhere else
tells a network where the image ends.
"""

from typing import ClassVar

from neural_net_core.checks import is_number, shown
from neural_net_core.ops.padding import PadMode
from neural_net_layers.padding._borders import BorderPad, Padding

__all__ = ["ConstantPad1D", "ConstantPad2D"]


class _ConstantPad(BorderPad):
    """The shared body: a border of one number."""

    border: ClassVar[PadMode] = "constant"

    def __init__(self, padding: Padding, value: float) -> None:
        super().__init__(padding)
        if not is_number(value):  # NaN and infinity are
            raise ValueError(f"{type(self).__name__}: value must be a number, got {shown(value)}")
        self.value = value

    def extra_repr(self) -> str:
        """Return the widths and the number."""
        return f"{super().extra_repr()}, value={self.value}"


class ConstantPad1D(_ConstantPad):
    r"""A sequence with a number at both ends.

    $$ y_{b,c,t} = x_{b,\,c,\,t - left}, \text{ and beyond the ends } value $$

    Called `ConstantPad1d` in PyTorch.

    Args:
        padding: Width at both ends, or (left, right). A negative one takes away.
        value: What the border holds.

    Shape:
        input (B, C, L) or (C, L) -> output (B, C, OL) or (C, OL) with OL = L + left + right

    Raises:
        ShapeError: If the input has another number of axes, or fewer steps than are taken away.

    Examples:
        >>> ConstantPad1D((2, 1), 7.0)([[1.0, 2.0, 3.0]]).data
        array([[7., 7., 1., 2., 3., 7.]], dtype=float32)
    """

    axes: ClassVar[tuple[str, ...]] = ("L",)


class ConstantPad2D(_ConstantPad):
    r"""An image in a frame of one number.

    $$ y_{b,c,i,j} = x_{b,\,c,\,i - top,\,j - left}, \text{ and beyond the edges } value $$

    Called `ConstantPad2d` in PyTorch.

    Args:
        padding: Width on all sides, or (left, right, top, bottom). A negative one takes away.
        value: What the border holds.

    Shape:
        input (B, C, H, W) or (C, H, W) -> output (B, C, OH, OW) or (C, OH, OW) with
        OH = H + top + bottom, OW = W + left + right

    Raises:
        ShapeError: If the input has another number of axes, or less than is taken away.

    Examples:
        >>> ConstantPad2D((0, 1, 1, 0), 7.0)([[[1.0, 2.0], [3.0, 4.0]]]).data
        array([[[7., 7., 7.],
                [1., 2., 7.],
                [3., 4., 7.]]], dtype=float32)
    """

    axes: ClassVar[tuple[str, ...]] = ("H", "W")
