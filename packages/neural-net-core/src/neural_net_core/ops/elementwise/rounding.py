r"""Whole numbers near x: below, above, nearest; and the nearest one with a gradient all the same.

The three functions are flat with jumps between, so their gradient is 0 wherever they have one, and
0 is what they give: nothing before them learns. Who wants to learn through a rounding, for a
network with weights of few bits or a code of whole numbers, takes the straight-through estimator,
which rounds on the way forward and on the way back pretends that it did not.
"""

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.op import Op
from neural_net_core.ops._inputs import as_floating
from neural_net_core.tensor import Tensor, TensorLike

__all__ = [
    "CeilOp",
    "FloorOp",
    "RoundOp",
    "RoundStraightThroughOp",
    "ceil",
    "floor",
    "round",
    "round_straight_through",
]


class FloorOp(Op):
    """y = ⌊x⌋;  dx = 0: the function is flat, and its jumps have no gradient."""

    def forward(self, x: Array) -> Array:
        return np.floor(x)

    def backward(self, dy: Array) -> Array:
        return np.zeros_like(dy)


def floor(x: TensorLike) -> Tensor:
    """Return the largest whole number that is not above each element; the gradient is 0.

    Args:
        x: Any shape; integers are taken as floating numbers.

    Examples:
        >>> floor([-1.5, 0.5, 2.0]).data
        array([-2.,  0.,  2.], dtype=float32)
    """
    return FloorOp.apply(as_floating(x))


class CeilOp(Op):
    """y = ⌈x⌉;  dx = 0: the function is flat, and its jumps have no gradient."""

    def forward(self, x: Array) -> Array:
        return np.ceil(x)

    def backward(self, dy: Array) -> Array:
        return np.zeros_like(dy)


def ceil(x: TensorLike) -> Tensor:
    """Return the smallest whole number that is not below each element; the gradient is 0.

    Args:
        x: Any shape; integers are taken as floating numbers.

    Examples:
        >>> ceil([-1.5, 0.5, 2.0]).data
        array([-1.,  1.,  2.], dtype=float32)
    """
    return CeilOp.apply(as_floating(x))


class RoundOp(Op):
    """y = the whole number nearest to x, of two the even one;  dx = 0: the function is flat."""

    def forward(self, x: Array) -> Array:
        return np.rint(x)

    def backward(self, dy: Array) -> Array:
        return np.zeros_like(dy)


def round(x: TensorLike) -> Tensor:
    """Return the whole number nearest to each element; the gradient is 0.

    Halves go to the even one of their two neighbours, as in NumPy, PyTorch and Python: so the
    errors of many roundings have no direction. With a gradient: `round_straight_through`.

    Args:
        x: Any shape; integers are taken as floating numbers.

    Examples:
        >>> round([0.5, 1.5, 2.5, 2.6]).data
        array([0., 2., 2., 3.], dtype=float32)
    """
    return RoundOp.apply(as_floating(x))


class RoundStraightThroughOp(RoundOp):
    """y = the whole number nearest to x, of two the even one;  dx = dy, as if y were x"""

    def backward(self, dy: Array) -> Array:
        return dy


def round_straight_through(x: TensorLike) -> Tensor:
    r"""Return the whole number nearest to each element, with the gradient of the identity.

    $$ y = \operatorname{round}(x) \qquad dx = dy $$

    The gradient is an estimate and not the derivative, which is 0: that of the loss at the rounded
    point, handed on as if there had been no rounding. It does not know that small steps of x change
    nothing, nor by how much one over a half changes the loss, f(y + 1) − f(y). Averaged over all x
    between two steps it is the trapezoidal rule for that difference, (f'(y) + f'(y + 1)) / 2: right
    for a loss that is linear or quadratic in y, biased for others, and for one x alone for all but
    linear ones. In PyTorch one writes `x + (x.round() - x).detach()`.

    Args:
        x: Any shape; integers are taken as floating numbers.

    References:
        Bengio, Léonard & Courville (2013), Estimating or propagating gradients through stochastic
        neurons for conditional computation, arXiv:1308.3432, section 4.

    Examples:
        Weights of 16 steps to the unit, learned through their rounding:

        >>> w = Tensor([0.30, -0.71], requires_grad=True)
        >>> y = round_straight_through(w * 16) / 16
        >>> y.data
        array([ 0.3125, -0.6875], dtype=float32)
        >>> y.sum().backward()
        >>> w.grad
        array([1., 1.], dtype=float32)
    """
    return RoundStraightThroughOp.apply(as_floating(x))
