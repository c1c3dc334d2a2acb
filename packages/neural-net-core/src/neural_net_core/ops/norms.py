"""The Euclidean length, whose gradient at the origin is 0, as in PyTorch."""

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.ops._inputs import as_floating
from neural_net_core.ops.reductions import ReductionOp
from neural_net_core.sums import sum_over
from neural_net_core.tensor import Axis, Tensor, TensorLike

__all__ = ["NormOp", "norm"]


class NormOp(ReductionOp):
    """y = √Σ x²;  dx = dy · x / y, and 0 where y = 0.  Saves x and y."""

    def forward(self, x: Array) -> Array:
        self.x = x
        self.y: Array = np.sqrt(sum_over(x * x, self.axis))
        return self.drop(self.y)

    def backward(self, dy: Array) -> Array:
        dy = self.restore(dy)
        # The unit vector x / y has no direction at the origin: 0 / ∞ instead of 0 / 0.
        return self.x * (dy / np.where(self.y == 0, np.inf, self.y))


def norm(x: TensorLike, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    r"""Return the Euclidean length over axes; its gradient at the origin is 0.

    $$ y = \sqrt{\textstyle\sum_i x_i^2} \qquad \frac{\partial y}{\partial x_i} = \frac{x_i}{y} $$

    The other lengths are `absolute(x).sum()` (L1) and `absolute(x).max()` (L∞). In float32 the
    squares overflow beyond 1e19 and vanish below 1e-23, as in PyTorch.

    Args:
        x: Any shape.
        axis: The axis or axes that hold one vector; None means all.
        keepdims: Keep the reduced axes with length 1.

    Examples:
        >>> norm([[3.0, 4.0], [6.0, 8.0]], axis=-1).data
        array([ 5., 10.], dtype=float32)
    """
    return NormOp.apply(as_floating(x), axis=axis, keepdims=keepdims)
