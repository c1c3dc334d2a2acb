"""Softplus: a smooth ReLU, whose slope is the sigmoid."""

from typing import Any

import numpy as np

from neural_net_core._blocks import in_blocks
from neural_net_core._select import select
from neural_net_core.dtypes import Array
from neural_net_core.module import Module
from neural_net_core.op import Op
from neural_net_core.ops._inputs import as_floating
from neural_net_core.tensor import Tensor

__all__ = ["Softplus", "SoftplusOp", "log1pexp", "softplus"]


class SoftplusOp(Op):
    """y = ln(1 + e^βx) / β, and x where βx > threshold;  dx = dy · σ(βx), and dy there.

    Saves y, which has all that the slope needs: σ(βx) = 1 − e^−βy; and where it is x.
    """

    def __init__(self, beta: float, threshold: float) -> None:
        self.beta, self.threshold = beta, threshold

    def forward(self, x: Array) -> Array:
        z = x * self.beta
        y = log1pexp(z)
        y /= self.beta
        self.linear = z > self.threshold
        self.y = select(self.linear, x, y)
        return self.y

    def backward(self, dy: Array) -> Array:
        slope = -np.expm1(self.y * -self.beta)
        slope *= dy
        return select(self.linear, dy, slope)


def softplus(x: Any, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
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
    _check("softplus", beta)
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
        _check("Softplus", beta)
        self.beta, self.threshold = beta, threshold

    def forward(self, x: Any) -> Tensor:
        """Return ln(1 + e^βx) / β."""
        return softplus(x, self.beta, self.threshold)

    def extra_repr(self) -> str:
        """Return beta and the threshold."""
        return f"beta={self.beta}, threshold={self.threshold}"


def log1pexp(x: Array) -> Array:
    """Return ln(1 + eˣ) of an array, for use inside Ops; stable for every x."""
    return in_blocks(_log1pexp, x, 1)[0]


def _log1pexp(x: Array) -> tuple[Array]:
    # ln(1 + eˣ) = max(x, 0) + ln(1 + e^−|x|): nothing overflows and nothing cancels.
    y = np.log1p(np.exp(-np.abs(x)))
    y += np.maximum(x, 0)
    return (y,)


def _check(name: str, beta: float) -> None:
    if not beta > 0:
        raise ValueError(f"{name}: expected beta > 0, got {beta}")
