"""Variance and standard deviation over axes.

Both subtract the mean first: Σx² / n − (Σx / n)² would lose all digits where the mean is large.
`ddof` is NumPy's name and default: 0 divides by n (what normalization layers want), 1 by n − 1.
PyTorch calls it `correction` and takes 1 by default. With n ≤ ddof the result is NaN.
"""

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.ops._inputs import as_floating
from neural_net_core.ops.reductions import ReductionOp, count_per_result
from neural_net_core.sums import sum_over
from neural_net_core.tensor import Axis, Tensor, TensorLike

__all__ = ["StdOp", "VarOp", "std", "var"]


class VarOp(ReductionOp):
    """y = Σ (x − x̄)² / (n − ddof);  dx = dy · 2 (x − x̄) / (n − ddof).  Saves x − x̄."""

    def __init__(self, axis: Axis = None, keepdims: bool = False, ddof: int = 0) -> None:
        super().__init__(axis, keepdims)
        self.ddof = ddof

    def forward(self, x: Array) -> Array:
        return self.drop(self.variance(x))

    def backward(self, dy: Array) -> Array:
        # x̄ depends on x too, but Σ (x − x̄) = 0 makes that part vanish.
        return self.centred * (self.restore(dy) * (2 / self.n))

    def variance(self, x: Array) -> Array:
        """Return the variance with the reduced axes kept; `centred` and `n` stay on self."""
        total = sum_over(x, self.axis)
        self.centred = x - total / count_per_result(x, total)
        self.n = count_per_result(x, total, self.ddof)
        squares = sum_over(self.centred * self.centred, self.axis)
        return squares / self.n


def var(x: TensorLike, axis: Axis = None, *, ddof: int = 0, keepdims: bool = False) -> Tensor:
    r"""Return the variance over axes.

    $$ y = \frac{1}{n - \mathrm{ddof}} \sum_i (x_i - \bar x)^2 $$

    Args:
        x: Any shape; integers are taken as floating numbers.
        axis: The axis or axes to reduce; None means all.
        ddof: What is subtracted from the count; 1 gives the unbiased estimate from a sample.
        keepdims: Keep the reduced axes with length 1.

    Examples:
        >>> var([1.0, 2.0, 3.0, 6.0]).data
        array(3.5, dtype=float32)
    """
    return VarOp.apply(as_floating(x), axis=axis, keepdims=keepdims, ddof=ddof)


class StdOp(VarOp):
    """y = √var x;  dx = dy · (x − x̄) / ((n − ddof) y), and 0 where y = 0.  Saves x − x̄ and y."""

    def forward(self, x: Array) -> Array:
        self.y: Array = np.sqrt(self.variance(x))
        return self.drop(self.y)

    def backward(self, dy: Array) -> Array:
        dy = self.restore(dy)
        # Where all x are equal the gradient is 0, as in PyTorch: 0 / ∞ instead of 0 / 0.
        return self.centred * (dy / (self.n * np.where(self.y == 0, np.inf, self.y)))


def std(x: TensorLike, axis: Axis = None, *, ddof: int = 0, keepdims: bool = False) -> Tensor:
    """Return the standard deviation over axes; where it is 0, so is its gradient.

    Args:
        x: Any shape; integers are taken as floating numbers.
        axis: The axis or axes to reduce; None means all.
        ddof: What is subtracted from the count; see `var`.
        keepdims: Keep the reduced axes with length 1.

    Examples:
        >>> std([1.0, 3.0]).data
        array(1., dtype=float32)
    """
    return StdOp.apply(as_floating(x), axis=axis, keepdims=keepdims, ddof=ddof)
