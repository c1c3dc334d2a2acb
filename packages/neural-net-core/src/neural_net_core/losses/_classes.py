"""Class axes and class indices, as cross-entropy and negative log-likelihood share them."""

from typing import Any

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.errors import DTypeError, ShapeError
from neural_net_core.tensor import Tensor

__all__: list[str] = []


def class_axis(name: str, x: Tensor) -> int:
    """Return the axis of the classes: the first of (K,), the second of (N, K, …)."""
    if x.ndim == 0:
        raise ShapeError(f"{name}: expected scores (N, K, …) or (K,), got a 0-d tensor")
    return 0 if x.ndim == 1 else 1


def as_rows(x: Array, axis: int) -> Array:
    """Move the classes to the last axis and join the others: (M, K)."""
    return np.moveaxis(x, axis, -1).reshape(-1, x.shape[axis])


def from_rows(rows: Array, shape: tuple[int, ...], axis: int) -> Array:
    """Undo `as_rows`."""
    others = shape[:axis] + shape[axis + 1 :]
    return np.moveaxis(rows.reshape(*others, shape[axis]), -1, axis)


def check_indices(name: str, x: Tensor, target: Any, axis: int, ignore_index: int) -> Array:
    """Return class indices as a flat array, or raise if shape or values do not fit."""
    indices = np.asarray(target.data if isinstance(target, Tensor) else target)
    expected = x.shape[:axis] + x.shape[axis + 1 :]
    if indices.dtype.kind not in "iu":
        raise DTypeError(f"{name}: expected integer class indices, got {indices.dtype}")
    if indices.shape != expected:
        raise ShapeError(
            f"{name}: expected class indices of shape {expected} for scores {x.shape}, "
            f"got {indices.shape}"
        )
    classes = x.shape[axis]
    wrong = ((indices < 0) | (indices >= classes)) & (indices != ignore_index)
    if wrong.any():
        raise ValueError(
            f"{name}: expected class indices from 0 to {classes - 1} (or ignore_index "
            f"{ignore_index}), got {indices[wrong].flat[0]}"
        )
    return indices.reshape(-1)


def class_weights(name: str, weight: Any, x: Tensor, axis: int) -> Array | None:
    """Return the weights of the classes in x's dtype, or raise if their number is wrong."""
    if weight is None:
        return None
    w = np.asarray(weight.data if isinstance(weight, Tensor) else weight, dtype=x.dtype)
    if w.shape != (x.shape[axis],):
        raise ShapeError(f"{name}: expected weight of shape ({x.shape[axis]},), got {w.shape}")
    return w


def row_factors(
    indices: Array, weight: Array | None, ignore_index: int, dtype: Any
) -> tuple[Array, Array]:
    """Return for each row the index (0 where ignored) and the factor (0 where ignored)."""
    kept = indices != ignore_index
    safe = np.where(kept, indices, 0)
    factors = kept.astype(dtype) if weight is None else weight[safe] * kept
    return safe, factors


def over_total(total: float) -> float:
    """Return 1 / total, and 0 if every target was ignored: nothing to learn is no loss."""
    return 1 / total if total else 0.0
