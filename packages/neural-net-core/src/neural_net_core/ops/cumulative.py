"""Running sums along an axis."""

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.op import Op
from neural_net_core.tensor import Tensor, TensorLike, as_tensor

__all__ = ["CumSumOp", "cumsum"]


class CumSumOp(Op):
    """yₜ = x₁ + … + xₜ;  dxₜ = dyₜ + … + dy_T: the running sum from the other end"""

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def forward(self, x: Array) -> Array:
        return np.cumsum(x, axis=self.axis).reshape(x.shape)

    def backward(self, dy: Array) -> Array:
        if dy.ndim == 0:
            return dy
        reverse = np.flip(dy, self.axis)
        return np.flip(np.cumsum(reverse, axis=self.axis), self.axis)


def cumsum(x: TensorLike, axis: int) -> Tensor:
    """Return the running sums along an axis.

    Args:
        x: Any shape.
        axis: The axis.

    Examples:
        >>> cumsum([1.0, 2.0, 3.0], axis=0).data
        array([1., 3., 6.], dtype=float32)
    """
    return CumSumOp.apply(as_tensor(x), axis=axis)
