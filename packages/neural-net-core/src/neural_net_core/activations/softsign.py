"""Softsign: a sigmoid around zero that approaches its limits slowly and needs no exponential."""

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.modules.module import Module
from neural_net_core.op import Op
from neural_net_core.ops._inputs import as_floating
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["Softsign", "SoftsignOp", "softsign"]


class SoftsignOp(Op):
    """y = x / (1 + |x|);  dx = dy / (1 + |x|)².  Saves 1 + |x|."""

    def forward(self, x: Array) -> Array:
        self.d: Array = 1 + np.abs(x)
        return x / self.d

    def backward(self, dy: Array) -> Array:
        # Two divisions instead of a square, which could overflow.
        return dy / self.d / self.d


def softsign(x: TensorLike) -> Tensor:
    r"""Squash each element into (−1, 1).

    $$ y = \frac{x}{1 + |x|} \qquad \frac{dy}{dx} = \frac{1}{(1 + |x|)^2} $$

    Args:
        x: Any shape.

    Returns:
        The same shape.

    Examples:
        >>> softsign([-1.0, 3.0]).data
        array([-0.5 ,  0.75], dtype=float32)
    """
    return SoftsignOp.apply(as_floating(x))


class Softsign(Module):
    """The function x / (1 + |x|), elementwise.

    Shape:
        any -> the same

    References:
        Bergstra et al. (2009), Quadratic polynomials learn better image features.

    Examples:
        >>> Softsign()([1.0]).data
        array([0.5], dtype=float32)
    """

    def forward(self, x: TensorLike) -> Tensor:
        """Return x / (1 + |x|)."""
        return softsign(x)
