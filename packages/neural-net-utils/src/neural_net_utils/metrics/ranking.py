"""How well scores rank: areas under the ROC and precision-recall curves, ties treated exactly."""

from __future__ import annotations

from typing import Any

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_core.tensor import TensorLike
from neural_net_utils.metrics._labels import as_array, as_numbers
from neural_net_utils.metrics.streaming import gathered

__all__ = ["average_precision", "roc_auc"]


@gathered
def roc_auc(scores: TensorLike, targets: TensorLike) -> float:
    r"""The probability that a random positive sample scores higher than a random negative one.

    $$ \mathrm{AUC} = P(s_+ > s_-) + \tfrac12 P(s_+ = s_-)
       = \frac{\sum_{i \in +} \mathrm{rank}(s_i) - n_+ (n_+ + 1) / 2}{n_+ n_-} $$

    with mean ranks for ties. For K classes: the plain mean of each class against the rest.

    Args:
        scores: (n,) or (n, 1) for two classes, any monotone score; (n, K) for K.
        targets: (n,) or (n, 1), 0 and 1; class numbers (n,) for K.

    Returns:
        0 to 1, 0.5 for guessing; NaN if a class or its complement has no sample.

    Source: Hanley & McNeil (1982), The meaning and use of the area under a ROC curve.

    Examples:
        >>> roc_auc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])  # 3 of the 4 pairs are in order
        0.75
    """
    values, positive = _one_against_rest("roc_auc", scores, targets)
    return float(np.mean([_auc(v, p) for v, p in zip(values, positive, strict=True)]))


@gathered
def average_precision(scores: TensorLike, targets: TensorLike) -> float:
    r"""The area under the precision-recall curve, as the step sum over falling thresholds.

    $$ \mathrm{AP} = \sum_k (R_k - R_{k-1}) P_k $$

    Guessing scores the share of positives. Prefer it to `roc_auc` where positives are rare.

    Args:
        scores: as for `roc_auc`.
        targets: as for `roc_auc`.

    Returns:
        0 to 1; NaN if a class has no sample.

    Examples:
        >>> average_precision([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])  # 1/2 · 1 + 1/2 · 2/3
        0.833...
    """
    values, positive = _one_against_rest("average_precision", scores, targets)
    return float(np.mean([_ap(v, p) for v, p in zip(values, positive, strict=True)]))


def _auc(scores: Array, positive: Array) -> float:
    count = int(np.count_nonzero(positive))
    others = len(positive) - count
    if count == 0 or others == 0 or np.isnan(scores).any():
        return float("nan")
    _, place, sizes = np.unique(scores, return_inverse=True, return_counts=True)
    last = np.cumsum(sizes)  # rank of the last of each group of equal scores
    mean_rank = last - (sizes - 1) / 2
    return float((mean_rank[place][positive].sum() - count * (count + 1) / 2) / (count * others))


def _ap(scores: Array, positive: Array) -> float:
    count = int(np.count_nonzero(positive))
    if count == 0 or np.isnan(scores).any():
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    falling = scores[order]
    ends = np.append(np.flatnonzero(np.diff(falling)), len(falling) - 1)  # ties share a threshold
    found = np.cumsum(positive[order])[ends]
    recall = found / count
    return float(np.sum(np.diff(recall, prepend=0) * found / (ends + 1)))


def _one_against_rest(where: str, scores: Any, targets: Any) -> tuple[list[Array], list[Array]]:
    values, truth = as_numbers(where, "scores", scores), as_array(where, "targets", targets)
    if truth.ndim == 2 and truth.shape[1] == 1:
        truth = truth[:, 0]
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if truth.ndim != 1 or values.ndim not in (1, 2) or len(values) != len(truth):
        raise ShapeError(
            f"{where}: expected scores (n,) or (n, K) and targets (n,), got {values.shape} and "
            f"{truth.shape}"
        )
    classes = 2 if values.ndim == 1 else values.shape[1]
    if truth.size and not np.isin(truth, np.arange(classes)).all():
        raise ValueError(
            f"{where}: targets must be class numbers from 0 to {classes - 1}, got "
            f"{np.setdiff1d(truth, np.arange(classes))[:5].tolist()}"
        )
    if values.ndim == 1:
        return [values], [truth == 1]
    return list(values.T), [truth == c for c in range(classes)]
