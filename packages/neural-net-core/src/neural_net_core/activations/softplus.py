"""Softplus: a smooth ReLU, whose slope is the sigmoid."""

import numpy as np

from neural_net_core.activations.sigmoid import logistic
from neural_net_core.checks import check_number
from neural_net_core.dtypes import Array
from neural_net_core.modules.module import Module
from neural_net_core.op import Op
from neural_net_core.ops._inputs import as_floating
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["Softplus", "SoftplusOp", "log1pexp", "softplus"]


class SoftplusOp(Op):
    """y = ln(1 + e^βx) / β, and x where βx > threshold;  dx = dy · σ(βx), and dy there.

    Saves βx.
    """

    def __init__(self, beta: float, threshold: float) -> None:
        self.beta, self.threshold = beta, threshold

    def forward(self, x: Array) -> Array:
        self.z = self.beta * x
        return np.where(self.z > self.threshold, x, log1pexp(self.z) / self.beta)

    def backward(self, dy: Array) -> Array:
        return dy * np.where(self.z > self.threshold, 1, logistic(self.z))


def softplus(x: TensorLike, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    r"""Return a smooth, always positive version of max(x, 0).

    $$ y = \frac{1}{\beta} \ln(1 + e^{\beta x}) \qquad \frac{dy}{dx} = \sigma(\beta x) $$

    Args:
        x: Any shape.
        beta: The sharpness, positive: the larger, the closer to ReLU.
        threshold: Where βx is above it, y is x itself, as in PyTorch; at 20 that changes y by
            2e-9 at most. The formula is stable everywhere, so `math.inf` works as well.

    Returns:
        The same shape.

    Raises:
        ValueError: If beta is not positive.

    Examples:
        >>> softplus([0.0, 100.0]).data.round(4)
        array([  0.6931, 100.    ], dtype=float32)
    """
    beta = check_number("softplus", "beta", beta, above=0)
    threshold = check_number("softplus", "threshold", threshold, finite=False)
    return SoftplusOp.apply(as_floating(x), beta=float(beta), threshold=float(threshold))


class Softplus(Module):
    """A smooth ReLU, elementwise; makes any number positive, such as a standard deviation.

    Args:
        beta: The sharpness, positive.
        threshold: Where βx is above it, y is x itself.

    Shape:
        any -> the same

    References:
        Dugas et al. (2000), Incorporating second-order functional knowledge, section 3.

    Examples:
        >>> Softplus()([0.0]).data.round(4)
        array([0.6931], dtype=float32)
    """

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        self.beta = check_number("Softplus", "beta", beta, above=0)
        self.threshold = check_number("Softplus", "threshold", threshold, finite=False)

    def forward(self, x: TensorLike) -> Tensor:
        """Return ln(1 + e^βx) / β."""
        return softplus(x, self.beta, self.threshold)

    def extra_repr(self) -> str:
        """Return beta and the threshold."""
        return f"beta={self.beta}, threshold={self.threshold}"


def log1pexp(x: Array) -> Array:
    """Return ln(1 + eˣ) of an array, for use inside Ops; stable for every x."""
    # ln(1 + eˣ) = max(x, 0) + ln(1 + e^−|x|): nothing overflows and nothing cancels.
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))
