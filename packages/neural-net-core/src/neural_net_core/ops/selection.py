"""Choosing elementwise: by a condition, or the larger or smaller of two.

Where two values are equal, maximum and minimum give each half of the gradient; where one is NaN,
the result is NaN and both get all of it. A value on the boundary of `clip` counts as inside and
keeps its gradient. All this as in PyTorch.
"""

from typing import Any

import numpy as np

from neural_net_core.checks import is_number, shown
from neural_net_core.dtypes import Array
from neural_net_core.errors import DTypeError
from neural_net_core.op import Op
from neural_net_core.ops._inputs import as_floating
from neural_net_core.plain import plain_array
from neural_net_core.tensor import Tensor, TensorLike, as_tensor, coerce_pair

__all__ = ["ClipOp", "MaximumOp", "MinimumOp", "WhereOp", "clip", "maximum", "minimum", "where"]


class WhereOp(Op):
    """y = a where c, else b;  da = dy where c, else 0;  db = 0 where c, else dy.  Saves c."""

    def forward(self, c: Array, a: Array, b: Array) -> Array:
        self.c = c
        return np.where(c, a, b)

    def backward(self, dy: Array) -> tuple[None, Array, Array]:
        return None, np.where(self.c, dy, 0), np.where(self.c, 0, dy)


def where(condition: TensorLike, a: TensorLike, b: TensorLike) -> Tensor:
    """Return a where the condition is true, else b.

    The side that is not chosen gets the gradient 0; but 0 times an infinite derivative further
    back is NaN. `where(x > 0, sqrt(x), 0)` has the gradient NaN at x = 0: make the argument safe
    first, `where(x > 0, sqrt(where(x > 0, x, 1)), 0)`.

    Args:
        condition: Booleans of a shape that broadcasts with a's and b's.
        a: What to take where true.
        b: What to take where false.

    Examples:
        >>> where([True, False], [1.0, 2.0], 0.0).data
        array([1., 0.], dtype=float32)
    """
    a, b = coerce_pair(a, b)
    c = plain_array(condition)
    if c.dtype.kind not in "biu":
        raise DTypeError(f"where: condition must be booleans, got {shown(condition)}")
    return WhereOp.apply(c.astype(bool, copy=False), a, b)


class MaximumOp(Op):
    """y = max(a, b);  the larger one gets dy, equal ones half of it.  Saves a and b."""

    def forward(self, a: Array, b: Array) -> Array:
        self.a, self.b = a, b
        return np.maximum(a, b)

    def backward(self, dy: Array) -> tuple[Array, Array]:
        return share(dy, self.a == self.b, self.a < self.b, self.a > self.b)


def maximum(a: TensorLike, b: TensorLike) -> Tensor:
    """Return the larger of a and b, elementwise; equal ones share the gradient.

    Args:
        a: Any shape.
        b: A shape that broadcasts with a's.

    Examples:
        >>> maximum([1.0, 5.0], 3.0).data
        array([3., 5.], dtype=float32)
    """
    a, b = coerce_pair(a, b)
    return MaximumOp.apply(a, b)


class MinimumOp(Op):
    """y = min(a, b);  the smaller one gets dy, equal ones half of it.  Saves a and b."""

    def forward(self, a: Array, b: Array) -> Array:
        self.a, self.b = a, b
        return np.minimum(a, b)

    def backward(self, dy: Array) -> tuple[Array, Array]:
        return share(dy, self.a == self.b, self.a > self.b, self.a < self.b)


def minimum(a: TensorLike, b: TensorLike) -> Tensor:
    """Return the smaller of a and b, elementwise; equal ones share the gradient.

    Args:
        a: Any shape.
        b: A shape that broadcasts with a's.

    Examples:
        >>> minimum([1.0, 5.0], 3.0).data
        array([1., 3.], dtype=float32)
    """
    a, b = coerce_pair(a, b)
    return MinimumOp.apply(a, b)


class ClipOp(Op):
    """y = min(max(x, low), high);  dx = dy where low ≤ x ≤ high, else 0.  Saves where."""

    def __init__(self, low: float | None, high: float | None) -> None:
        self.low = low
        self.high = high

    def forward(self, x: Array) -> Array:
        y = x if self.low is None else np.maximum(x, self.low)
        y = y if self.high is None else np.minimum(y, self.high)
        # Inside, boundary included, exactly where clipping changes nothing.
        self.inside = x == y
        return y

    def backward(self, dy: Array) -> Array:
        return np.where(self.inside, dy, 0)


def clip(x: TensorLike, low: float | None = None, high: float | None = None) -> Tensor:
    """Return x limited to an interval (`clamp` in PyTorch).

    Args:
        x: Any shape.
        low: The smallest value allowed; None means no limit.
        high: The largest value allowed; None means no limit. Limits that are arrays or Tensors
            are written with `maximum` and `minimum`.

    Examples:
        >>> clip([-2.0, 0.5, 2.0], -1, 1).data
        array([-1. ,  0.5,  1. ], dtype=float32)
    """
    limits = [None if limit is None else _as_number(limit) for limit in (low, high)]
    # An integer limit leaves integers integers; 0.5 would not.
    fractional = any(isinstance(limit, float) for limit in limits)
    x = as_floating(x) if fractional else as_tensor(x)
    return ClipOp.apply(x, low=limits[0], high=limits[1])


def share(dy: Array, equal: Array, a_loses: Array, b_loses: Array) -> tuple[Array, Array]:
    """Give dy to the operand that was chosen, and to each half where they are equal.

    Where one is NaN, neither loses and they are not equal: both get dy, as in PyTorch, so that the
    NaN shows wherever it came from.
    """
    dy = np.where(equal, dy / 2, dy)
    return np.where(a_loses, 0, dy), np.where(b_loses, 0, dy)


def _as_number(limit: Any) -> float | int:
    """Return a limit as a Python number, which does not change the dtype of an array."""
    if isinstance(limit, np.ndarray) and limit.ndim == 0:
        limit = limit.item()
    if not is_number(limit) or limit != limit:
        raise ValueError(
            f"clip: expected numbers as limits, got {shown(limit)}; use maximum() and minimum() "
            "for arrays"
        )
    number: float | int = limit.item() if isinstance(limit, np.generic) else limit
    return number
