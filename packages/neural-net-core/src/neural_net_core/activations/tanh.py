"""The hyperbolic tangent: a sigmoid around zero."""

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.modules.module import Module
from neural_net_core.op import Op
from neural_net_core.ops._inputs import as_floating
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["Tanh", "TanhOp", "tanh"]


class TanhOp(Op):
    """y = tanh x;  dx = dy · (1 − y²).  Saves y."""

    def forward(self, x: Array) -> Array:
        self.y: Array = np.tanh(x)
        return self.y

    def backward(self, dy: Array) -> Array:
        return dy * (1 - self.y**2)


def tanh(x: TensorLike) -> Tensor:
    r"""Squash each element into (−1, 1).

    $$ y = \tanh x = \frac{e^x - e^{-x}}{e^x + e^{-x}} \qquad \frac{dy}{dx} = 1 - y^2 $$

    The gradient is computed from y: its error is a rounding of 1, as in PyTorch and JAX, so that it
    is 0 where y rounds to ±1.

    Args:
        x: Any shape.

    Returns:
        The same shape.

    Examples:
        >>> tanh([0.0, 1.0]).data.round(4)
        array([0.    , 0.7616], dtype=float32)
    """
    return TanhOp.apply(as_floating(x))


class Tanh(Module):
    r"""The hyperbolic tangent, elementwise: $2 \sigma(2x) - 1$.

    Unlike the sigmoid its output is centred on zero and its slope at zero is 1, so that signals
    and gradients keep their size through several layers (LeCun et al. 1998, Efficient BackProp).

    Shape:
        any -> the same

    Examples:
        >>> Tanh()([0.0]).data
        array([0.], dtype=float32)
    """

    def forward(self, x: TensorLike) -> Tensor:
        """Return tanh x."""
        return tanh(x)
