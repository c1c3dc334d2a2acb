"""What the metrics accept: class numbers or scores, checked once."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from neural_net_core import Tensor
from neural_net_core.checks import check_array, check_count
from neural_net_core.dtypes import Array
from neural_net_core.errors import DTypeError, PositionError, ShapeError
from neural_net_core.tensor import TensorLike

__all__ = [
    "as_array",
    "as_classes",
    "as_numbers",
    "class_ids",
    "class_pairs",
    "kept_targets",
    "same_shape",
    "yes_or_no",
]


def as_array(where: str, name: str, values: Any) -> Array:
    """An array of a Tensor, an array or nested lists."""
    return values.data if isinstance(values, Tensor) else check_array(where, name, values)


def as_numbers(where: str, name: str, values: Any) -> Array:
    """The same as float64, in which small integers do not wrap and bools can be subtracted."""
    return as_array(where, name, values).astype(np.float64, copy=False)


def as_classes(where: str, name: str, values: TensorLike) -> Array:
    """An array of whole numbers, of whatever dtype: 2.0 is class 2.

    Raises:
        DTypeError: if one is not whole, or NaN or infinite.
    """
    array = as_array(where, name, values)
    wrong = _broken(array)
    if wrong.any():
        raise DTypeError(
            f"{where}: expected integer class numbers as {name}, got {array[wrong].flat[0]:g}; "
            "outputs in (0, 1) against targets 0 and 1 are scored by binary_accuracy, one-hot "
            "targets need targets.argmax(axis=-1)"
        )
    return array


def _broken(array: Array) -> Array:
    """Which numbers are not whole: fractions, NaN, infinities."""
    if array.dtype.kind != "f":
        return np.zeros(array.shape, dtype=bool)
    wrong: Array = ~np.isfinite(array) | (array != np.trunc(array))
    return wrong


def class_pairs(
    where: str, outputs: TensorLike, targets: TensorLike, ignore_index: int | None = None
) -> tuple[Array, Array, int | None]:
    """Predicted and true class numbers, both (n,), without the ignored ones, and K if known.

    `outputs` holds class numbers of the targets' shape, or scores with one more axis, the classes.
    NaN is no class: scores that hold one predict −1, which no target is.

    Raises:
        PositionError: if a number is that of no class.
    """
    scores, truth = as_array(where, "outputs", outputs), as_classes(where, "targets", targets)
    kept = kept_targets(where, truth, ignore_index)
    if scores.shape[:-1] == truth.shape and scores.ndim > truth.ndim:
        classes = scores.shape[-1]
        truth = class_ids(where, truth[kept], classes)
        rows = scores[kept]  # (n, K)
        if not rows.size:
            return truth, truth, classes
        predicted = rows.argmax(axis=-1).astype(np.intp, copy=False)
        predicted[np.isnan(rows.max(axis=-1))] = -1
        return predicted, truth, classes
    if scores.shape == truth.shape and truth.dtype.kind == "f":
        as_classes(where, "outputs of the targets' shape", scores)
    if scores.shape == truth.shape and not _broken(scores).any():
        return class_ids(where, scores[kept]), class_ids(where, truth[kept]), None
    raise ShapeError(
        f"{where}: expected scores (..., K) or class numbers (...) for targets (...), got "
        f"{scores.dtype} {scores.shape} for targets {truth.shape}"
    )


def kept_targets(where: str, truth: Array, ignore_index: int | None) -> Array:
    """Which targets count."""
    if ignore_index is None:
        return np.ones(truth.shape, dtype=bool)
    return np.asarray(truth != check_count(where, "ignore_index", ignore_index, -sys.maxsize))


def class_ids(where: str, numbers: Array, classes: int | None = None) -> Array:
    """Class numbers as intp, the dtype of indices.

    Raises:
        PositionError: if one is negative, or not below the number of classes.
    """
    # Half of what an index can be: floating numbers beyond that may round up to more.
    top = np.iinfo(np.intp).max // 2 if classes is None else classes - 1
    wrong = (numbers < 0) | (numbers > top)
    if wrong.any():
        allowed = "from 0" if classes is None else f"from 0 to {top}"
        raise PositionError(
            f"{where}: class numbers must be {allowed}, got {numbers[wrong].flat[0]}"
        )
    return numbers.astype(np.intp, copy=False)


def same_shape(where: str, outputs: TensorLike, targets: TensorLike) -> tuple[Array, Array]:
    """Two arrays of one shape, float64."""
    predicted = as_numbers(where, "outputs", outputs)
    truth = as_numbers(where, "targets", targets)
    if predicted.shape != truth.shape:
        raise ShapeError(
            f"{where}: expected outputs and targets of one shape, got {predicted.shape} and "
            f"{truth.shape}"
        )
    return predicted, truth


def yes_or_no(where: str, outputs: TensorLike, targets: TensorLike) -> tuple[Array, Array]:
    """Outputs, and targets that are 0 or 1, of one shape.

    Raises:
        ValueError: if a target is neither.
    """
    predicted, truth = same_shape(where, outputs, targets)
    wrong = (truth != 0) & (truth != 1)
    if wrong.any():
        raise ValueError(f"{where}: targets must be 0 or 1, got {truth[wrong].flat[0]:g}")
    return predicted, truth == 1
