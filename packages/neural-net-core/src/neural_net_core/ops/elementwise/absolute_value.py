"""Size and sign.  At 0, where |x| has a kink, the gradient is 0, as in PyTorch."""

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.op import Op
from neural_net_core.tensor import Tensor, TensorLike, as_tensor

__all__ = ["AbsoluteOp", "SignOp", "absolute", "sign"]


class AbsoluteOp(Op):
    """y = |x|;  dx = dy · sign x, with sign 0 = 0.  Saves x."""

    def forward(self, x: Array) -> Array:
        self.x = x
        return np.abs(x)

    def backward(self, dy: Array) -> Array:
        return dy * np.sign(self.x)


def absolute(x: TensorLike) -> Tensor:
    """Return |x|; its gradient at 0 is 0.

    Args:
        x: Any shape.

    Examples:
        >>> absolute([-2.0, 3.0]).data
        array([2., 3.], dtype=float32)
    """
    return AbsoluteOp.apply(as_tensor(x))


class SignOp(Op):
    """y = sign x;  dx = 0: the function is flat, and its jump at 0 has no gradient."""

    def forward(self, x: Array) -> Array:
        return np.sign(x)

    def backward(self, dy: Array) -> Array:
        return np.zeros_like(dy)


def sign(x: TensorLike) -> Tensor:
    """Return −1, 0 or 1; the gradient is 0 everywhere.

    Args:
        x: Any shape.

    Examples:
        >>> sign([-2.0, 0.0, 3.0]).data
        array([-1.,  0.,  1.], dtype=float32)
    """
    return SignOp.apply(as_tensor(x))
