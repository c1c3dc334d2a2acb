"""How many answers are right: accuracy in four readings of "answer"."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from neural_net_core.checks import check_count, check_number
from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_core.tensor import TensorLike
from neural_net_utils.metrics._labels import as_array, as_classes, class_ids, class_pairs, yes_or_no
from neural_net_utils.metrics.streaming import Ratio, StreamingMetric, streams_as

__all__ = ["accuracy", "binary_accuracy", "exact_match", "top_k_accuracy"]


def _ratio(parts: Callable[..., tuple[float, float]]) -> Callable[..., StreamingMetric]:
    return lambda **keywords: Ratio(functools.partial(parts, **keywords))


def _quotient(parts: tuple[float, float]) -> float:
    right, count = parts
    return right / count if count else float("nan")


def _accuracy_parts(
    outputs: Any, targets: Any, *, ignore_index: int | None = None
) -> tuple[float, float]:
    predicted, truth, _ = class_pairs("accuracy", outputs, targets, ignore_index)
    return int(np.count_nonzero(predicted == truth)), len(truth)


@streams_as(_ratio(_accuracy_parts))
def accuracy(outputs: TensorLike, targets: TensorLike, *, ignore_index: int | None = None) -> float:
    """The share of samples whose highest score belongs to the right class.

    Args:
        outputs: scores (..., K), or class numbers (...).
        targets: class numbers (...).
        ignore_index: targets with this number, such as padding, do not count.

    Returns:
        0 to 1; NaN without any sample. Scores that hold NaN are never right.

    Raises:
        DTypeError, ShapeError: if the targets are not class numbers of the right shape.
        PositionError: if a number is that of no class; a ValueError and an IndexError.

    Examples:
        >>> accuracy([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]], [1, 0, 0])
        0.666...
    """
    return _quotient(_accuracy_parts(outputs, targets, ignore_index=ignore_index))


def _binary_parts(outputs: Any, targets: Any, *, threshold: float = 0.5) -> tuple[float, float]:
    threshold = check_number("binary_accuracy", "threshold", threshold)
    predicted, truth = yes_or_no("binary_accuracy", outputs, targets)
    return int(np.count_nonzero(_right(predicted, truth, threshold))), truth.size


def _right(predicted: Array, truth: Array, threshold: float) -> Array:
    """Which outputs are on the right side; NaN is on none."""
    right: Array = ((predicted > threshold) == truth) & ~np.isnan(predicted)
    return right


@streams_as(_ratio(_binary_parts))
def binary_accuracy(outputs: TensorLike, targets: TensorLike, *, threshold: float = 0.5) -> float:
    """The share of single outputs on the right side of a threshold.

    Args:
        outputs: probabilities of any shape; for logits give `threshold=0`.
        targets: 0 or 1, of the same shape.
        threshold: an output above it counts as 1.

    Returns:
        0 to 1; NaN without any output.

    Examples:
        >>> binary_accuracy([[0.9, 0.2], [0.4, 0.6]], [[1, 0], [1, 1]])
        0.75
    """
    return _quotient(_binary_parts(outputs, targets, threshold=threshold))


def _exact_parts(outputs: Any, targets: Any, *, threshold: float = 0.5) -> tuple[float, float]:
    threshold = check_number("exact_match", "threshold", threshold)
    predicted, truth = yes_or_no("exact_match", outputs, targets)
    if truth.ndim == 0:
        raise ShapeError("exact_match: expected outputs (n, ...), got a single number")
    right = _right(predicted, truth, threshold)
    whole = right.all(axis=tuple(range(1, right.ndim)))
    return int(np.count_nonzero(whole)), len(right)


@streams_as(_ratio(_exact_parts))
def exact_match(outputs: TensorLike, targets: TensorLike, *, threshold: float = 0.5) -> float:
    """The share of rows in which every output is on the right side of the threshold.

    Args:
        outputs: probabilities (n, ...), for example a full adder's sum and carry.
        targets: 0 or 1, of the same shape.
        threshold: an output above it counts as 1.

    Returns:
        0 to 1; NaN without any row.

    Examples:
        >>> exact_match([[0.9, 0.2], [0.4, 0.6]], [[1, 0], [1, 1]])
        0.5
    """
    return _quotient(_exact_parts(outputs, targets, threshold=threshold))


def _top_k_parts(outputs: Any, targets: Any, *, k: int = 5) -> tuple[float, float]:
    where = "top_k_accuracy"
    scores, truth = as_array(where, "outputs", outputs), as_classes(where, "targets", targets)
    if scores.shape[:-1] != truth.shape or scores.ndim != truth.ndim + 1:
        raise ShapeError(
            f"{where}: expected scores (..., K) for targets (...), got {scores.shape} for targets "
            f"{truth.shape}"
        )
    k = check_count(where, "k", k, 1, scores.shape[-1])
    truth = class_ids(where, truth, scores.shape[-1])
    own = np.take_along_axis(scores, truth[..., np.newaxis], axis=-1)
    # Ties count against the model: a constant output must not be 100 % right. NaN is never right.
    before = np.count_nonzero(scores >= own, axis=-1) - 1
    return int(np.count_nonzero((before < k) & ~np.isnan(own[..., 0]))), truth.size


@streams_as(_ratio(_top_k_parts))
def top_k_accuracy(outputs: TensorLike, targets: TensorLike, *, k: int = 5) -> float:
    """The share of samples whose right class is among the k highest scores.

    A class that ties with the right one counts as higher.

    Args:
        outputs: scores (..., K).
        targets: class numbers (...).
        k: 1 to K.

    Returns:
        0 to 1; NaN without any sample.

    Examples:
        >>> top_k_accuracy([[0.5, 0.3, 0.2], [0.5, 0.3, 0.2]], [1, 2], k=2)
        0.5
    """
    return _quotient(_top_k_parts(outputs, targets, k=k))
