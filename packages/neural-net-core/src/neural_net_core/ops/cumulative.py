"""Running sums and products along an axis, and running logarithms of sums of exponentials.

Each element counts in all that follow it, so every gradient is gathered from the last element to
the first. For products and sums of exponentials this is gₜ = dyₜ + fₜ₊₁ gₜ₊₁, where fₜ is by what
step t multiplies all that came before. Nothing is divided by an element, so that zeros do no harm.
"""

import math

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.op import Op
from neural_net_core.ops._inputs import as_floating
from neural_net_core.ops.softmaxes import shares
from neural_net_core.tensor import Tensor, TensorLike, as_tensor

__all__ = [
    "CumProdOp",
    "CumSumOp",
    "LogCumSumExpOp",
    "cumprod",
    "cumsum",
    "logcumsumexp",
]


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


class CumProdOp(Op):
    """yₜ = x₁ ⋯ xₜ;  dxₜ = yₜ₋₁ gₜ with gₜ = dyₜ + xₜ₊₁ gₜ₊₁.  Saves x and y."""

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def forward(self, x: Array) -> Array:
        self.x, self.y = x, np.cumprod(x, axis=self.axis).reshape(x.shape)
        return self.y

    def backward(self, dy: Array) -> Array:
        if dy.ndim == 0:
            return dy
        x, y, dy = (np.moveaxis(z, self.axis, 0) for z in (self.x, self.y, dy))
        before = np.concatenate([np.ones_like(y[:1]), y[:-1]])  # yₜ₋₁
        return np.moveaxis(before * gathered_from_the_end(dy, x), 0, self.axis)


def cumprod(x: TensorLike, axis: int) -> Tensor:
    r"""Return the running products along an axis; the gradient is right with zeros too.

    $$ y_t = \prod_{s \le t} x_s \qquad
       dx_t = y_{t-1}\,g_t, \quad g_t = dy_t + x_{t+1}\,g_{t+1} $$

    The backward pass takes one step after another along the axis, as the formula does: y / x would
    be 0 / 0 at a zero, and nothing where y has become too small to be told from 0.

    Args:
        x: Any shape, such as the share of light that each of many layers lets pass.
        axis: The axis.

    Returns:
        The same shape.

    Examples:
        >>> cumprod([2.0, 0.5, 3.0], axis=0).data
        array([2., 1., 3.], dtype=float32)
        >>> x = Tensor([2.0, 0.0, 3.0], requires_grad=True)
        >>> cumprod(x, 0).sum().backward()
        >>> x.grad  # of 2 + 2·0 + 2·0·3
        array([1., 8., 0.], dtype=float32)
    """
    return CumProdOp.apply(as_tensor(x), axis=axis)


class LogCumSumExpOp(Op):
    """yₜ = ln(eˣ¹ + … + eˣᵗ);  dxₜ = sₜ gₜ with gₜ = dyₜ + (1 − sₜ₊₁) gₜ₊₁, sₜ = e^(xₜ − yₜ).

    Saves x and y.
    """

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def forward(self, x: Array) -> Array:
        # From one sum to the next, ln(eᵃ + eᵇ) as max + ln(1 + e^−|a − b|), which cannot overflow.
        line = x.reshape(x.shape or (1,))
        with np.errstate(invalid="ignore"):  # NumPy warns of every NaN that it meets
            y = np.logaddexp.accumulate(line, axis=self.axis).reshape(x.shape)
        self.x, self.y = x, y
        return y

    def backward(self, dy: Array) -> Array:
        if dy.ndim == 0:
            return dy
        x, y, dy = (np.moveaxis(z, self.axis, 0) for z in (self.x, self.y, dy))
        before = np.concatenate([np.full_like(y[:1], -math.inf), y[:-1]])  # yₜ₋₁
        of_x, of_before = shares(x, before)  # sₜ and 1 − sₜ
        return np.moveaxis(of_x * gathered_from_the_end(dy, of_before), 0, self.axis)


def logcumsumexp(x: TensorLike, axis: int) -> Tensor:
    r"""Return the logarithms of the running sums of the exponentials: a smooth running maximum.

    $$ y_t = \ln \sum_{s \le t} e^{x_s} \qquad
       dx_t = s_t\,g_t, \quad g_t = dy_t + (1 - s_{t+1})\,g_{t+1}, \quad s_t = e^{x_t - y_t} $$

    The share s of the new one is between 0 and 1, and no exponent in either pass is positive, so
    that nothing overflows.

    Args:
        x: Any shape. As long as there is nothing but −∞, the result is −∞ with the gradient 0, as
            that of `logsumexp` (PyTorch: NaN).
        axis: The axis.

    Returns:
        The same shape.

    Examples:
        >>> logcumsumexp([1000.0, 1000.0, -1000.0], axis=0).data.round(3)
        array([1000.   , 1000.693, 1000.693], dtype=float32)
    """
    return LogCumSumExpOp.apply(as_floating(x), axis=axis)


def gathered_from_the_end(dy: Array, factor: Array) -> Array:
    """Return gₜ = dyₜ + factorₜ₊₁ gₜ₊₁ along the first axis, from the last to the first."""
    g = dy.copy()
    for t in reversed(range(len(g) - 1)):
        g[t] += factor[t + 1] * g[t + 1]
    return g
