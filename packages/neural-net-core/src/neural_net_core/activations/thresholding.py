"""Threshold, hard shrinkage and soft shrinkage: what is too small does not pass."""

import numpy as np

from neural_net_core.checks import check_number
from neural_net_core.dtypes import Array
from neural_net_core.modules.module import Module
from neural_net_core.op import Op
from neural_net_core.ops._inputs import as_floating
from neural_net_core.tensor import Tensor, TensorLike

__all__ = [
    "Hardshrink",
    "HardshrinkOp",
    "Softshrink",
    "SoftshrinkOp",
    "Threshold",
    "ThresholdOp",
    "hardshrink",
    "softshrink",
    "threshold",
]


class ThresholdOp(Op):
    """y = x where x > θ, else v;  dx = dy where x > θ, else 0.  Saves where x ≤ θ.

    NaN is not replaced and lets dy pass, as in PyTorch.
    """

    def __init__(self, threshold: float, value: float) -> None:
        self.threshold, self.value = threshold, value

    def forward(self, x: Array) -> Array:
        self.low = x <= self.threshold
        return np.where(self.low, self.value, x)

    def backward(self, dy: Array) -> Array:
        return np.where(self.low, 0, dy)


class HardshrinkOp(Op):
    """y = x where |x| > λ, else 0;  dx = dy where |x| > λ, else 0.  Saves where |x| ≤ λ."""

    def __init__(self, lambd: float) -> None:
        self.lambd = lambd

    def forward(self, x: Array) -> Array:
        self.small = np.abs(x) <= self.lambd  # False for NaN, which stays and lets dy pass
        return np.where(self.small, 0, x)

    def backward(self, dy: Array) -> Array:
        return np.where(self.small, 0, dy)


class SoftshrinkOp(Op):
    """y = x − min(max(x, −λ), λ);  dx = dy where |x| > λ, else 0.

    Saves y, which is 0 where |x| ≤ λ and nowhere else.
    """

    def __init__(self, lambd: float) -> None:
        self.lambd = lambd

    def forward(self, x: Array) -> Array:
        self.y: Array = x - x.clip(-self.lambd, self.lambd)
        return self.y

    def backward(self, dy: Array) -> Array:
        return np.where(self.y != 0, dy, 0)


def threshold(x: TensorLike, threshold: float, value: float) -> Tensor:
    r"""Replace elements that do not exceed a threshold.

    $$ y = \begin{cases} x & x > \theta \\ v & x \le \theta \end{cases} \qquad
       \frac{dy}{dx} = [x > \theta] $$

    Args:
        x: Any shape.
        threshold: θ, what an element must exceed.
        value: v, what stands for the others.

    Returns:
        The same shape. The gradient at exactly θ is 0; unless v = θ, y jumps there, which no
        gradient tells.

    Raises:
        ValueError: If the threshold is no number (it may be infinite), or the value no finite one.

    Examples:
        >>> threshold([0.5, 1.0, 2.0], 1.0, -1.0).data
        array([-1., -1.,  2.], dtype=float32)
    """
    limit = check_number("threshold", "threshold", threshold, finite=False)
    value = check_number("threshold", "value", value)
    return ThresholdOp.apply(as_floating(x), threshold=float(limit), value=float(value))


def hardshrink(x: TensorLike, lambd: float = 0.5) -> Tensor:
    r"""Replace elements near zero by zero and leave the others as they are.

    $$ y = \begin{cases} x & |x| > \lambda \\ 0 & |x| \le \lambda \end{cases} \qquad
       \frac{dy}{dx} = [\,|x| > \lambda\,] $$

    Args:
        x: Any shape.
        lambd: λ, the size that an element must exceed, at least 0.

    Returns:
        The same shape. At ±λ y jumps, and the gradient is 0.

    Raises:
        ValueError: If lambd is negative.

    Examples:
        >>> hardshrink([-2.0, -0.5, 0.25, 1.0]).data
        array([-2.,  0.,  0.,  1.], dtype=float32)
    """
    lambd = check_number("hardshrink", "lambd", lambd, 0)
    return HardshrinkOp.apply(as_floating(x), lambd=float(lambd))


def softshrink(x: TensorLike, lambd: float = 0.5) -> Tensor:
    r"""Move every element towards zero by the same amount, and no further than zero.

    $$ y = \operatorname{sign}(x) \max(|x| - \lambda,\, 0) \qquad
       \frac{dy}{dx} = [\,|x| > \lambda\,] $$

    It solves $\min_y \tfrac12 (y - x)^2 + \lambda |y|$: the step by which an L1 penalty makes
    exact zeros.

    Args:
        x: Any shape.
        lambd: λ, the amount, at least 0.

    Returns:
        The same shape. At the kinks ±λ the gradient is 0.

    Raises:
        ValueError: If lambd is negative.

    Examples:
        >>> softshrink([-2.0, -0.5, 0.25, 1.0]).data
        array([-1.5,  0. ,  0. ,  0.5], dtype=float32)
    """
    lambd = check_number("softshrink", "lambd", lambd, 0)
    return SoftshrinkOp.apply(as_floating(x), lambd=float(lambd))


class Threshold(Module):
    """The elements that exceed a threshold; a value stands for the others.

    Args:
        threshold: What an element must exceed.
        value: What stands for the others.

    Shape:
        any -> the same

    Examples:
        >>> Threshold(1.0, 0.0)([0.5, 2.0]).data
        array([0., 2.], dtype=float32)
    """

    def __init__(self, threshold: float, value: float) -> None:
        self.threshold = check_number("Threshold", "threshold", threshold, finite=False)
        self.value = check_number("Threshold", "value", value)

    def forward(self, x: TensorLike) -> Tensor:
        """Return x where it exceeds the threshold, else the value."""
        return threshold(x, self.threshold, self.value)

    def extra_repr(self) -> str:
        """Return the threshold and the value."""
        return f"threshold={self.threshold}, value={self.value}"


class Hardshrink(Module):
    """The elements, but those near zero are zero: hard thresholding.

    Args:
        lambd: The size that an element must exceed, at least 0.

    Shape:
        any -> the same

    References:
        Donoho & Johnstone (1994), Ideal spatial adaptation by wavelet shrinkage, section 1.

    Examples:
        >>> Hardshrink()([0.25, 1.0]).data
        array([0., 1.], dtype=float32)
    """

    def __init__(self, lambd: float = 0.5) -> None:
        self.lambd = check_number("Hardshrink", "lambd", lambd, 0)

    def forward(self, x: TensorLike) -> Tensor:
        """Return x where |x| > λ, else 0."""
        return hardshrink(x, self.lambd)

    def extra_repr(self) -> str:
        """Return lambd."""
        return f"lambd={self.lambd}"


class Softshrink(Module):
    """The elements moved towards zero by the same amount: soft thresholding.

    Networks that unroll an algorithm for sparse codes have it as their activation.

    Args:
        lambd: The amount, at least 0.

    Shape:
        any -> the same

    References:
        Donoho (1995), De-noising by soft-thresholding, eq. 4.
        Gregor & LeCun (2010), Learning fast approximations of sparse coding, section 2.

    Examples:
        >>> Softshrink()([0.25, 1.0]).data
        array([0. , 0.5], dtype=float32)
    """

    def __init__(self, lambd: float = 0.5) -> None:
        self.lambd = check_number("Softshrink", "lambd", lambd, 0)

    def forward(self, x: TensorLike) -> Tensor:
        """Return x moved towards 0 by λ."""
        return softshrink(x, self.lambd)

    def extra_repr(self) -> str:
        """Return lambd."""
        return f"lambd={self.lambd}"
