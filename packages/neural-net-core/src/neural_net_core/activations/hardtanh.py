"""Hardtanh: the straight-line version of tanh, and ReLU6, which is the same with other limits."""

import numpy as np

from neural_net_core.checks import check_number
from neural_net_core.dtypes import Array
from neural_net_core.modules.module import Module
from neural_net_core.op import Op
from neural_net_core.ops._inputs import as_floating
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["Hardtanh", "HardtanhOp", "ReLU6", "hardtanh", "relu6"]


class HardtanhOp(Op):
    """y = min(max(x, low), high);  dx = dy where low < x < high, else 0.  Saves y.

    Unlike `ClipOp`, it gives no gradient at the limits themselves, as in PyTorch, and lets dy pass
    where x is NaN (so do some of PyTorch's versions).
    """

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high

    def forward(self, x: Array) -> Array:
        self.y: Array = x.clip(self.low, self.high)
        return self.y

    def backward(self, dy: Array) -> Array:
        return np.where((self.y != self.low) & (self.y != self.high), dy, 0)


def hardtanh(x: TensorLike, low: float = -1.0, high: float = 1.0) -> Tensor:
    r"""Limit each element to an interval, without a gradient outside and at the limits.

    $$ y = \min(\max(x, a), b) \qquad \frac{dy}{dx} = [a < x < b] $$

    Args:
        x: Any shape.
        low: The lower limit a.
        high: The upper limit b, above a.

    Returns:
        The same shape.

    Raises:
        ValueError: If the limits are not in order.

    Examples:
        >>> hardtanh([-3.0, 0.5, 3.0]).data
        array([-1. ,  0.5,  1. ], dtype=float32)
    """
    low, high = _checked("hardtanh", low, high)
    return HardtanhOp.apply(as_floating(x), low=float(low), high=float(high))


def relu6(x: TensorLike) -> Tensor:
    """Limit each element to [0, 6]: a ReLU that quantizes well.

    Args:
        x: Any shape.

    Returns:
        The same shape.

    Examples:
        >>> relu6([-1.0, 3.0, 9.0]).data
        array([0., 3., 6.], dtype=float32)
    """
    return HardtanhOp.apply(as_floating(x), low=0.0, high=6.0)


class Hardtanh(Module):
    """The elements limited to an interval.

    Args:
        low: The lower limit.
        high: The upper limit, above the lower one.

    Shape:
        any -> the same

    Examples:
        >>> Hardtanh()([-3.0, 0.5]).data
        array([-1. ,  0.5], dtype=float32)
    """

    def __init__(self, low: float = -1.0, high: float = 1.0) -> None:
        self.low, self.high = _checked("Hardtanh", low, high)

    def forward(self, x: TensorLike) -> Tensor:
        """Return x limited to [low, high]."""
        return hardtanh(x, self.low, self.high)

    def extra_repr(self) -> str:
        """Return the limits."""
        return f"low={self.low}, high={self.high}"


class ReLU6(Module):
    """The elements limited to [0, 6].

    Shape:
        any -> the same

    References:
        Krizhevsky (2010), Convolutional deep belief networks on CIFAR-10.

    Examples:
        >>> ReLU6()([9.0]).data
        array([6.], dtype=float32)
    """

    def forward(self, x: TensorLike) -> Tensor:
        """Return min(max(x, 0), 6)."""
        return relu6(x)


def _checked(where: str, low: float, high: float) -> tuple[float, float]:
    """Return the limits, which may be infinite, or raise ValueError."""
    low = check_number(where, "low", low, finite=False)
    high = check_number(where, "high", high, finite=False)
    if not low < high:
        raise ValueError(f"{where}: expected low < high, got {low} and {high}")
    return low, high
