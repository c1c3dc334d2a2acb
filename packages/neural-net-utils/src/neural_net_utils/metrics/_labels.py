"""What the metrics accept: class numbers or scores, checked once."""

from __future__ import annotations

import sys
from typing import Any

from neural_net_core import Tensor
from neural_net_core.checks import check_array, check_count
from neural_net_core.dtypes import Array
from neural_net_core.errors import DTypeError, ShapeError
from neural_net_core.tensor import TensorLike

__all__ = ["as_array", "class_pairs", "same_shape"]


def as_array(where: str, name: str, values: Any) -> Array:
    """An array of a Tensor, an array or nested lists."""
    return values.data if isinstance(values, Tensor) else check_array(where, name, values)


def class_pairs(
    where: str, outputs: TensorLike, targets: TensorLike, ignore_index: int | None = None
) -> tuple[Array, Array]:
    """Predicted and true class numbers, both (n,), without the ignored ones.

    `outputs` holds class numbers of the targets' shape, or scores with one more axis, the classes.
    """
    scores, truth = as_array(where, "outputs", outputs), as_array(where, "targets", targets)
    if truth.dtype.kind not in "iub":
        raise DTypeError(
            f"{where}: expected integer class numbers as targets, got {truth.dtype}; "
            "outputs in (0, 1) against targets 0 and 1 are scored by binary_accuracy, one-hot "
            "targets need targets.argmax(axis=-1)"
        )
    if scores.shape[:-1] == truth.shape and scores.ndim > truth.ndim:
        predicted = scores.argmax(axis=-1)
    elif scores.shape == truth.shape and scores.dtype.kind in "iub":
        predicted = scores
    else:
        raise ShapeError(
            f"{where}: expected scores (..., K) or class numbers (...) for targets (...), got "
            f"{scores.dtype} {scores.shape} for targets {truth.shape}"
        )
    predicted, truth = predicted.ravel(), truth.ravel()
    if ignore_index is not None:
        check_count(where, "ignore_index", ignore_index, -sys.maxsize)
        kept = truth != ignore_index
        predicted, truth = predicted[kept], truth[kept]
    return predicted, truth


def same_shape(where: str, outputs: TensorLike, targets: TensorLike) -> tuple[Array, Array]:
    """Two arrays of one shape."""
    predicted, truth = as_array(where, "outputs", outputs), as_array(where, "targets", targets)
    if predicted.shape != truth.shape:
        raise ShapeError(
            f"{where}: expected outputs and targets of one shape, got {predicted.shape} and "
            f"{truth.shape}"
        )
    return predicted, truth
