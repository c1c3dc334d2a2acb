r"""Softmax, its logarithm, and the logarithm of a sum of exponentials.

All of them subtract the maximum first. That changes nothing in exact arithmetic, and it keeps every
exponential in (0, 1], so that scores of ±10⁴ neither overflow nor vanish all at once.

The modules `Softmax` and `LogSoftmax` stand with the activations.
"""

import math

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.op import Op
from neural_net_core.ops._inputs import as_floating, coerce_all
from neural_net_core.ops.reductions import ReductionOp
from neural_net_core.tensor import Axis, Tensor, TensorLike

__all__ = [
    "LogAddExpOp",
    "LogSoftmaxOp",
    "LogSumExpOp",
    "SoftmaxOp",
    "log_softmax",
    "logaddexp",
    "logsumexp",
    "softmax",
]


class SoftmaxOp(Op):
    """y = eˣ / Σ eˣ;  dx = y · (dy − Σ dy · y).  Saves y."""

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, x: Array) -> Array:
        e = np.exp(x - largest(x, self.axis))
        self.y: Array = e / e.sum(axis=self.axis, keepdims=True)
        return self.y

    def backward(self, dy: Array) -> Array:
        return self.y * (dy - (dy * self.y).sum(axis=self.axis, keepdims=True))


def softmax(x: TensorLike, axis: int = -1) -> Tensor:
    r"""Return probabilities in proportion to the exponentials of x.

    $$ y_i = \frac{e^{x_i}}{\sum_j e^{x_j}} \qquad dx_i = y_i \Big(dy_i - \sum_j dy_j\,y_j\Big) $$

    Args:
        x: Scores, any shape. A score of −∞ gets the probability 0; a line of nothing but −∞ has
            no softmax and gives NaN.
        axis: The axis along which the probabilities add up to 1.

    Returns:
        The same shape.

    Examples:
        >>> softmax([1000.0, 1000.0]).data
        array([0.5, 0.5], dtype=float32)
    """
    return SoftmaxOp.apply(as_floating(x), axis=axis)


class LogSoftmaxOp(Op):
    """y = x − ln Σ eˣ;  dx = dy − eʸ · Σ dy.  Saves y."""

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, x: Array) -> Array:
        z = x - largest(x, self.axis)
        total = np.exp(z).sum(axis=self.axis, keepdims=True)
        self.y: Array = z - np.log(np.maximum(total, 1))  # 0 only as an empty sum, which has no ln
        return self.y

    def backward(self, dy: Array) -> Array:
        dx: Array = dy - np.exp(self.y) * dy.sum(axis=self.axis, keepdims=True)
        return dx


def log_softmax(x: TensorLike, axis: int = -1) -> Tensor:
    r"""Return the logarithm of the softmax, exact where the softmax itself rounds to 0.

    $$ y_i = x_i - \ln \sum_j e^{x_j} \qquad dx_i = dy_i - e^{y_i} \sum_j dy_j $$

    Args:
        x: Scores, any shape.
        axis: The axis along which the probabilities add up to 1.

    Returns:
        The same shape.

    Examples:
        >>> log_softmax([0.0, 1000.0]).data
        array([-1000.,     0.], dtype=float32)
    """
    return LogSoftmaxOp.apply(as_floating(x), axis=axis)


class LogSumExpOp(ReductionOp):
    """y = ln Σ eˣ;  dx = dy · eˣ / Σ eˣ.  Saves the exponentials and their sum."""

    def forward(self, x: Array) -> Array:
        m = largest(x, self.axis)
        # A line of nothing but −∞ has the sum 0 and the result −∞, not −∞ − (−∞) = NaN.
        m = np.where(np.isfinite(m), m, 0)
        self.e = np.exp(x - m)
        self.total = self.e.sum(axis=self.axis, keepdims=True)
        with np.errstate(divide="ignore"):
            return self.drop(np.log(self.total) + m)

    def backward(self, dy: Array) -> Array:
        total = np.where(self.total == 0, 1, self.total)
        return self.restore(dy) * self.e / total


def logsumexp(x: TensorLike, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    r"""Return the logarithm of the sum of the exponentials: a smooth maximum.

    $$ y = \ln \sum_i e^{x_i} \qquad dx_i = dy\,\frac{e^{x_i}}{\sum_j e^{x_j}} $$

    Args:
        x: Any shape. Nothing but −∞, or no element at all, gives −∞ with the gradient 0.
        axis: The axis or axes to reduce; None means all.
        keepdims: Keep the reduced axes with length 1.

    Examples:
        >>> round(logsumexp([1000.0, 1000.0]).item(), 3)
        1000.693
    """
    return LogSumExpOp.apply(as_floating(x), axis=axis, keepdims=keepdims)


class LogAddExpOp(Op):
    """y = ln(eᵃ + eᵇ);  da = dy · eᵃ / (eᵃ + eᵇ),  db = dy · eᵇ / (eᵃ + eᵇ).  Saves a and b."""

    def forward(self, a: Array, b: Array) -> Array:
        self.a, self.b = a, b
        with np.errstate(invalid="ignore"):  # NumPy warns of every NaN that it meets
            return np.logaddexp(a, b)

    def backward(self, dy: Array) -> tuple[Array, Array]:
        of_a, of_b = shares(self.a, self.b)
        return dy * of_a, dy * of_b


def logaddexp(a: TensorLike, b: TensorLike) -> Tensor:
    r"""Return the logarithm of the sum of two exponentials, elementwise.

    $$ y = \ln(e^a + e^b) \qquad da = dy\,\frac{e^a}{e^a + e^b}, \quad
       db = dy\,\frac{e^b}{e^a + e^b} $$

    It adds probabilities of which only the logarithms are at hand, as the sums over all paths of a
    hidden Markov model or of a connectionist temporal classification do, step by step.

    Args:
        a: Any shape; −∞ is the logarithm of the probability 0.
        b: A shape that broadcasts with a's. Where both are −∞, so is y, and the gradients are 0
            (PyTorch: NaN).

    Examples:
        >>> logaddexp([-1000.0, 0.0], [-1000.0, -float("inf")]).data.round(3)
        array([-999.307,    0.   ], dtype=float32)
    """
    return LogAddExpOp.apply(*map(as_floating, coerce_all([a, b])))


def shares(a: Array, b: Array) -> tuple[Array, Array]:
    """Return eᵃ / (eᵃ + eᵇ) and eᵇ / (eᵃ + eᵇ); where both are −∞ neither has a share.

    From a − b alone: e^(a − y) would have the rounding of y, which is that of a large number.
    """
    nothing = (a == -math.inf) & (b == -math.inf)
    with np.errstate(invalid="ignore"):  # of −∞ − (−∞)
        d = a - b
    e = np.exp(-np.abs(d))
    larger, smaller = 1 / (1 + e), e / (1 + e)
    of_a, of_b = np.where(d >= 0, larger, smaller), np.where(d >= 0, smaller, larger)
    return np.where(nothing, 0, of_a), np.where(nothing, 0, of_b)


def largest(x: Array, axis: Axis) -> Array:
    """Return the maximum with the axis kept; −∞ where there is no element."""
    m: Array = np.max(x, axis=axis, keepdims=True, initial=-math.inf)
    return m
