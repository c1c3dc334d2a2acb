"""The logarithm of the sigmoid, stable where the sigmoid itself underflows."""

import numpy as np

from neural_net_core.activations.softplus import log1pexp
from neural_net_core.dtypes import Array
from neural_net_core.modules.module import Module
from neural_net_core.op import Op
from neural_net_core.ops._inputs import as_floating
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["LogSigmoid", "LogSigmoidOp", "logsigmoid"]


class LogSigmoidOp(Op):
    """y = ln σ(x) = −ln(1 + e⁻ˣ);  dx = dy · (1 − σ(x)) = dy · (1 − eʸ).  Saves y."""

    def forward(self, x: Array) -> Array:
        self.y = -log1pexp(-x)
        return self.y

    def backward(self, dy: Array) -> Array:
        return -dy * np.expm1(self.y)


def logsigmoid(x: TensorLike) -> Tensor:
    r"""Return the log-probability of "yes" for a logit.

    $$ y = \ln \sigma(x) \qquad \frac{dy}{dx} = \sigma(-x) $$

    Args:
        x: Any shape.

    Returns:
        The same shape, never positive; x itself for very negative x, where ln(σ(x)) would be −∞.

    Examples:
        >>> logsigmoid([0.0, -1000.0]).data.round(4)
        array([-6.931e-01, -1.000e+03], dtype=float32)
    """
    return LogSigmoidOp.apply(as_floating(x))


class LogSigmoid(Module):
    """The logarithm of the sigmoid, elementwise.

    Shape:
        any -> the same

    Examples:
        >>> LogSigmoid()([-1000.0]).data
        array([-1000.], dtype=float32)
    """

    def forward(self, x: TensorLike) -> Tensor:
        """Return ln σ(x)."""
        return logsigmoid(x)
