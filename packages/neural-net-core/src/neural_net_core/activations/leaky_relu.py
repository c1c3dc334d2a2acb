"""ReLU with a small slope for negative numbers, so that no unit can die."""

import numpy as np

from neural_net_core.checks import check_number
from neural_net_core.dtypes import Array
from neural_net_core.modules.module import Module
from neural_net_core.op import Op
from neural_net_core.ops._inputs import as_floating
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["LeakyReLU", "LeakyReLUOp", "leaky_relu"]


class LeakyReLUOp(Op):
    """y = x where x > 0, else a x;  dx = dy where x > 0, else a dy.  Saves x > 0."""

    def __init__(self, negative_slope: float) -> None:
        self.negative_slope = negative_slope

    def forward(self, x: Array) -> Array:
        self.positive = x > 0
        return np.where(self.positive, x, self.negative_slope * x)

    def backward(self, dy: Array) -> Array:
        return np.where(self.positive, dy, self.negative_slope * dy)


def leaky_relu(x: TensorLike, negative_slope: float = 0.01) -> Tensor:
    r"""Scale negative elements by a small factor.

    $$ y = \begin{cases} x & x > 0 \\ a x & x \le 0 \end{cases} \qquad
       \frac{dy}{dx} = \begin{cases} 1 & x > 0 \\ a & x \le 0 \end{cases} $$

    Args:
        x: Any shape.
        negative_slope: The factor a.

    Returns:
        The same shape.

    Examples:
        >>> leaky_relu([-1.0, 2.0], 0.1).data
        array([-0.1,  2. ], dtype=float32)
    """
    slope = check_number("leaky_relu", "negative_slope", negative_slope)
    return LeakyReLUOp.apply(as_floating(x), negative_slope=float(slope))


class LeakyReLU(Module):
    """ReLU with a small slope for negative numbers, elementwise.

    Args:
        negative_slope: The slope there; 0.01 as in the paper.

    Shape:
        any -> the same

    References:
        Maas et al. (2013), Rectifier nonlinearities improve neural network acoustic models.

    Examples:
        >>> LeakyReLU(0.5)([-1.0, 2.0]).data
        array([-0.5,  2. ], dtype=float32)
    """

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = check_number("LeakyReLU", "negative_slope", negative_slope)

    def forward(self, x: TensorLike) -> Tensor:
        """Return x where positive, else `negative_slope` · x."""
        return leaky_relu(x, self.negative_slope)

    def extra_repr(self) -> str:
        """Return the slope."""
        return f"negative_slope={self.negative_slope}"
