"""Errors of numbers: mean absolute and squared error, and R²."""

from __future__ import annotations

from typing import Any

import numpy as np

from neural_net_core.errors import ShapeError
from neural_net_core.tensor import TensorLike
from neural_net_utils.metrics._labels import same_shape
from neural_net_utils.metrics.streaming import Ratio, StreamingMetric, gathered, streams_as

__all__ = ["mean_absolute_error", "mean_squared_error", "r2_score"]


def _absolute_parts(outputs: Any, targets: Any) -> tuple[float, float]:
    predicted, truth = same_shape("mean_absolute_error", outputs, targets)
    return float(np.abs(predicted - truth).sum()), truth.size


def _squared_parts(outputs: Any, targets: Any) -> tuple[float, float]:
    predicted, truth = same_shape("mean_squared_error", outputs, targets)
    return float(np.square(predicted - truth).sum()), truth.size


def _absolute_stream() -> StreamingMetric:
    return Ratio(_absolute_parts)


def _squared_stream() -> StreamingMetric:
    return Ratio(_squared_parts)


@streams_as(_absolute_stream)
def mean_absolute_error(outputs: TensorLike, targets: TensorLike) -> float:
    r"""The mean of |output - target| over all elements.

    Args:
        outputs: numbers of any shape.
        targets: numbers of the same shape.

    Returns:
        The error; NaN without elements.

    Examples:
        >>> mean_absolute_error([1.0, 4.0], [2.0, 2.0])
        1.5
    """
    total, count = _absolute_parts(outputs, targets)
    return total / count if count else float("nan")


@streams_as(_squared_stream)
def mean_squared_error(outputs: TensorLike, targets: TensorLike) -> float:
    r"""The mean of (output - target)² over all elements.

    Args:
        outputs: numbers of any shape.
        targets: numbers of the same shape.

    Returns:
        The error; NaN without elements.

    Examples:
        >>> mean_squared_error([1.0, 4.0], [2.0, 2.0])
        2.5
    """
    total, count = _squared_parts(outputs, targets)
    return total / count if count else float("nan")


@gathered
def r2_score(outputs: TensorLike, targets: TensorLike) -> float:
    r"""The share of the targets' variance that the outputs explain.

    $$ R^2 = 1 - \frac{\sum_i (t_i - y_i)^2}{\sum_i (t_i - \bar t)^2} $$

    Columns of (n, m) are scored apart and averaged.

    Args:
        outputs: (n,) or (n, m).
        targets: the same shape.

    Returns:
        At most 1; 0 for always guessing the mean, negative for worse. A constant target scores 1 if
        met exactly and 0 otherwise; NaN for fewer than 2 rows.

    Examples:
        >>> r2_score([1.0, 2.0, 3.0], [1.0, 2.0, 6.0])  # 1 - 9 / 14
        0.357...
    """
    predicted, truth = same_shape("r2_score", outputs, targets)
    if truth.ndim == 0:
        raise ShapeError("r2_score: expected outputs (n,) or (n, m), got a single number")
    if len(truth) < 2:
        return float("nan")
    predicted = predicted.reshape(len(truth), -1)
    truth = truth.reshape(len(truth), -1)
    missed = np.square(truth - predicted).sum(axis=0)
    spread = np.square(truth - truth.mean(axis=0)).sum(axis=0)
    constant = spread == 0
    ratio = missed / np.where(constant, 1, spread)
    return float(np.mean(np.where(constant, np.where(missed == 0, 1.0, 0.0), 1 - ratio)))
