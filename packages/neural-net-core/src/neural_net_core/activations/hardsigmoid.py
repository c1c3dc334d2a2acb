"""Hardsigmoid: the straight-line version of the sigmoid, for devices without an exponential."""

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.modules.module import Module
from neural_net_core.op import Op
from neural_net_core.ops._inputs import as_floating
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["Hardsigmoid", "HardsigmoidOp", "hardsigmoid"]


class HardsigmoidOp(Op):
    """y = min(max(x + 3, 0), 6) / 6;  dx = dy / 6 where −3 < x < 3, else 0.  Saves x."""

    def forward(self, x: Array) -> Array:
        self.x = x
        return (x + 3).clip(0, 6) / 6

    def backward(self, dy: Array) -> Array:
        return np.where((self.x > -3) & (self.x < 3), dy / 6, 0)


def hardsigmoid(x: TensorLike) -> Tensor:
    r"""Squash each element into [0, 1] with three straight lines.

    $$ y = \frac{\min(\max(x + 3, 0), 6)}{6} \qquad \frac{dy}{dx} = \frac{[-3 < x < 3]}{6} $$

    Args:
        x: Any shape.

    Returns:
        The same shape.

    Examples:
        >>> hardsigmoid([-4.0, 0.0, 1.5]).data
        array([0.  , 0.5 , 0.75], dtype=float32)
    """
    return HardsigmoidOp.apply(as_floating(x))


class Hardsigmoid(Module):
    """The sigmoid of three straight lines, elementwise.

    Shape:
        any -> the same

    References:
        Courbariaux et al. (2015), BinaryConnect, arXiv:1511.00363, eq. 3 (with another slope).

    Examples:
        >>> Hardsigmoid()([0.0]).data
        array([0.5], dtype=float32)
    """

    def forward(self, x: TensorLike) -> Tensor:
        """Return min(max(x + 3, 0), 6) / 6."""
        return hardsigmoid(x)
