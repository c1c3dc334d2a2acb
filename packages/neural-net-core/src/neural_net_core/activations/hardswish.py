"""Hardswish: SiLU with the straight-line sigmoid, the activation of MobileNetV3."""

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.modules.module import Module
from neural_net_core.op import Op
from neural_net_core.ops._inputs import as_floating
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["Hardswish", "HardswishOp", "hardswish"]


class HardswishOp(Op):
    """y = x h, h = min(max(x + 3, 0), 6) / 6;  dx = dy · (h + x/6 where −3 < x < 3, else h).

    Saves x and h.
    """

    def forward(self, x: Array) -> Array:
        self.x, self.h = x, (x + 3).clip(0, 6) / 6
        return x * self.h

    def backward(self, dy: Array) -> Array:
        return dy * (self.h + np.where((self.x > -3) & (self.x < 3), self.x / 6, 0))


def hardswish(x: TensorLike) -> Tensor:
    r"""Weight each element by its own hardsigmoid.

    $$ y = x \, \frac{\min(\max(x + 3, 0), 6)}{6} $$

    Args:
        x: Any shape.

    Returns:
        The same shape.

    Examples:
        >>> hardswish([-4.0, 3.0, 1.5]).data
        array([-0.   ,  3.   ,  1.125], dtype=float32)
    """
    return HardswishOp.apply(as_floating(x))


class Hardswish(Module):
    """SiLU with a gate of three straight lines, elementwise.

    Shape:
        any -> the same

    References:
        Howard et al. (2019), Searching for MobileNetV3, arXiv:1905.02244, section 5.2.

    Examples:
        >>> Hardswish()([3.0]).data
        array([3.], dtype=float32)
    """

    def forward(self, x: TensorLike) -> Tensor:
        """Return x times the hardsigmoid of x."""
        return hardswish(x)
