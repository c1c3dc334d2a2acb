"""How good the probabilities are: perplexity and calibration."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from neural_net_core.checks import check_count
from neural_net_core.errors import ShapeError
from neural_net_core.tensor import TensorLike
from neural_net_utils.metrics._labels import (
    as_array,
    as_classes,
    as_numbers,
    class_ids,
    class_pairs,
    kept_targets,
)
from neural_net_utils.metrics.streaming import Ratio, StreamingMetric, gathered, streams_as

__all__ = ["expected_calibration_error", "perplexity"]


def _surprise_parts(
    logits: Any, targets: Any, *, ignore_index: int | None = None
) -> tuple[float, float]:
    """Sum of -ln p(target) in float64, and the number of targets."""
    where = "perplexity"
    scores, truth = as_array(where, "logits", logits), as_classes(where, "targets", targets)
    if scores.shape[:-1] != truth.shape or scores.ndim != truth.ndim + 1:
        raise ShapeError(
            f"perplexity: expected logits (..., V) for targets (...), got {scores.shape} for "
            f"targets {truth.shape}"
        )
    kept = kept_targets(where, truth, ignore_index)
    scores = scores[kept].astype(np.float64)  # (n, V)
    truth = class_ids(where, truth[kept], scores.shape[-1])  # (n,)
    if truth.size == 0:
        return 0.0, 0.0
    top = scores.max(axis=-1)
    log_total = top + np.log(np.exp(scores - top[:, np.newaxis]).sum(axis=-1))
    own = np.take_along_axis(scores, truth[:, np.newaxis], axis=-1)[:, 0]
    return float((log_total - own).sum()), len(truth)


def _exp(value: float) -> float:
    """exp, infinite rather than an OverflowError beyond 709."""
    return math.inf if value >= 709 else math.exp(value)


def _perplexity_stream(**keywords: Any) -> StreamingMetric:
    return Ratio(functools.partial(_surprise_parts, **keywords), finish=_exp)


@streams_as(_perplexity_stream)
def perplexity(
    logits: TensorLike, targets: TensorLike, *, ignore_index: int | None = None
) -> float:
    r"""How many equally likely choices the model's uncertainty amounts to.

    $$ \exp\Big(-\frac1n \sum_i \ln p(t_i)\Big) $$

    Over many batches it streams exactly: the exponential of the mean over all tokens.

    Args:
        logits: (..., V), before the softmax.
        targets: class numbers (...).
        ignore_index: targets with this number, such as padding, do not count.

    Returns:
        1 (certain and right) to infinity; V for a uniform guess; NaN without targets.

    Examples:
        >>> round(perplexity([[0.0, 0.0, 0.0]], [1]), 6)
        3.0
    """
    total, count = _surprise_parts(logits, targets, ignore_index=ignore_index)
    return _exp(total / count) if count else math.nan


@gathered
def expected_calibration_error(
    probabilities: TensorLike, targets: TensorLike, *, bins: int = 15
) -> float:
    r"""How far stated confidence and accuracy lie apart.

    $$ \sum_b \frac{n_b}{n} \left| \mathrm{accuracy}_b - \mathrm{confidence}_b \right| $$

    over equally wide bins of the highest probability.

    Args:
        probabilities: (..., K), rows that sum to 1.
        targets: class numbers (...).
        bins: number of bins.

    Returns:
        0 (calibrated) to 1; NaN without samples.

    Source: Guo et al. (2017), On Calibration of Modern Neural Networks, arXiv:1706.04599, eq. 3.

    Examples:
        >>> expected_calibration_error([[0.75, 0.25]] * 4, [0, 0, 0, 1])
        0.0
    """
    where = "expected_calibration_error"
    bins = check_count(where, "bins", bins, 1)
    values = as_numbers(where, "probabilities", probabilities)
    predicted, truth, _ = class_pairs(where, values, targets)
    if truth.size == 0:
        return math.nan
    confidence = values.max(axis=-1).ravel()
    if not (confidence.max() <= 1 + 1e-5 and values.min() >= 0):  # False for NaN
        raise ValueError(
            f"{where}: probabilities must be from 0 to 1, got values from {values.min():g} to "
            f"{values.max():g}: apply softmax first"
        )
    # Bins are (0, 1/bins], (1/bins, 2/bins], …
    place = np.clip(np.ceil(confidence * bins).astype(np.intp) - 1, 0, bins - 1)
    gaps = np.bincount(place, weights=(predicted == truth) - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / truth.size)
