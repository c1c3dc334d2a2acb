"""Lower and upper triangles of matrices: what lies beyond a diagonal becomes 0.

Diagonal k = 0 is the main one; those above it have positive numbers, those below it negative ones.
"""

from typing import Any

import numpy as np

from neural_net_core.checks import is_whole, shown
from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_core.op import Op
from neural_net_core.tensor import Tensor, TensorLike, as_tensor

__all__ = ["TrilOp", "TriuOp", "tril", "triu"]


class TrilOp(Op):
    """yᵢⱼ = xᵢⱼ where j ≤ i + k, else 0;  dx = dy there, else 0"""

    def __init__(self, k: int = 0) -> None:
        self.k = k

    def forward(self, x: Array) -> Array:
        return np.tril(x, self.k)

    def backward(self, dy: Array) -> Array:
        return np.tril(dy, self.k)


def tril(x: TensorLike, k: int = 0) -> Tensor:
    """Return the lower triangle of each matrix, with zeros above diagonal k.

    What is left out may be NaN or infinite: it is not multiplied by 0.

    Args:
        x: (…, N, M).
        k: The highest diagonal that stays (`diagonal` in PyTorch).

    Raises:
        ShapeError: If x has fewer than two axes.
        ValueError: If k is no whole number.

    Examples:
        >>> tril([[1.0, 2.0], [3.0, 4.0]]).data
        array([[1., 0.],
               [3., 4.]], dtype=float32)
    """
    return TrilOp.apply(_matrices("tril", x), k=_diagonal("tril", k))


class TriuOp(Op):
    """yᵢⱼ = xᵢⱼ where j ≥ i + k, else 0;  dx = dy there, else 0"""

    def __init__(self, k: int = 0) -> None:
        self.k = k

    def forward(self, x: Array) -> Array:
        return np.triu(x, self.k)

    def backward(self, dy: Array) -> Array:
        return np.triu(dy, self.k)


def triu(x: TensorLike, k: int = 0) -> Tensor:
    """Return the upper triangle of each matrix, with zeros below diagonal k.

    What is left out may be NaN or infinite: it is not multiplied by 0.

    Args:
        x: (…, N, M).
        k: The lowest diagonal that stays (`diagonal` in PyTorch).

    Raises:
        ShapeError: If x has fewer than two axes.
        ValueError: If k is no whole number.

    Examples:
        >>> triu([[1.0, 2.0], [3.0, 4.0]], k=1).data
        array([[0., 2.],
               [0., 0.]], dtype=float32)
    """
    return TriuOp.apply(_matrices("triu", x), k=_diagonal("triu", k))


def _matrices(where: str, x: TensorLike) -> Tensor:
    x = as_tensor(x)
    if x.ndim < 2:
        raise ShapeError(f"{where}: expected matrices, (..., N, M), got shape {x.shape}")
    return x


def _diagonal(where: str, k: Any) -> int:
    if not is_whole(k):
        raise ValueError(f"{where}: k must be an int, got {shown(k)}")
    return int(k)
