"""The confusion matrix, and precision, recall and F1 read off it."""

from __future__ import annotations

from typing import Any, Literal, overload

import numpy as np

from neural_net_core.checks import check_count, check_word, is_number, shown
from neural_net_core.dtypes import Array
from neural_net_core.tensor import TensorLike
from neural_net_utils.metrics._labels import class_ids, class_pairs
from neural_net_utils.metrics.streaming import gathered

__all__ = ["Average", "confusion_matrix", "f1_score", "precision", "recall"]

Average = Literal["macro", "micro", "weighted", "binary"]


def confusion_matrix(
    outputs: TensorLike, targets: TensorLike, num_classes: int | None = None
) -> Array:
    """Count how often each class was taken for each.

    Args:
        outputs: scores (..., K), or class numbers (...).
        targets: class numbers (...).
        num_classes: K; None means the scores' last axis, or the largest class number plus 1.

    Returns:
        (K, K) intp: row = true class, column = predicted class.

    Raises:
        ValueError: if a class number is out of range (PositionError), or scores hold NaN.

    Examples:
        >>> confusion_matrix([0, 1, 1, 1], [0, 0, 1, 1]).tolist()
        [[1, 1], [0, 2]]
    """
    where = "confusion_matrix"
    predicted, truth, classes = class_pairs(where, outputs, targets)
    if (predicted < 0).any():
        raise ValueError(
            f"{where}: {np.count_nonzero(predicted < 0)} rows of the scores hold NaN, which is no "
            "class; leave them out or look for their cause"
        )
    if num_classes is not None:
        classes = check_count(where, "num_classes", num_classes)
    elif classes is None:
        classes = _needed(predicted, truth)
    class_ids(where, np.concatenate([predicted, truth]), classes)
    return np.bincount(truth * classes + predicted, minlength=classes**2).reshape(classes, classes)


def _needed(predicted: Array, truth: Array) -> int:
    """The largest class number plus 1."""
    return 1 + max(int(predicted.max(initial=-1)), int(truth.max(initial=-1)))


@overload
def precision(
    outputs: TensorLike,
    targets: TensorLike,
    *,
    average: Average = "macro",
    zero_division: float = 0.0,
) -> float: ...
@overload
def precision(
    outputs: TensorLike, targets: TensorLike, *, average: None, zero_division: float = 0.0
) -> Array: ...
@gathered
def precision(
    outputs: TensorLike,
    targets: TensorLike,
    *,
    average: Average | None = "macro",
    zero_division: float = 0.0,
) -> float | Array:
    r"""Of the samples called class c, the share that is class c.

    $$ P_c = \frac{TP_c}{TP_c + FP_c} $$

    Args:
        outputs: scores (..., K), or class numbers (...).
        targets: class numbers (...).
        average: "macro", the plain mean over the classes that occur in targets or predictions;
            "weighted", their mean weighted by the targets' counts; "micro", from the sums over
            all classes (here equal to accuracy); "binary", class 1 alone; None, one value per
            class (K,).
        zero_division: what 0/0 counts as; NaN leaves such classes out of the mean.

    Returns:
        0 to 1, or (K,) for `average=None`.

    Examples:
        >>> precision([0, 1, 1, 1], [0, 0, 1, 1], average=None).tolist()
        [1.0, 0.66...]
    """
    right, predicted, true = _counts("precision", outputs, targets)
    return _averaged("precision", right, predicted, true, average, zero_division, predicted, true)


@overload
def recall(
    outputs: TensorLike,
    targets: TensorLike,
    *,
    average: Average = "macro",
    zero_division: float = 0.0,
) -> float: ...
@overload
def recall(
    outputs: TensorLike, targets: TensorLike, *, average: None, zero_division: float = 0.0
) -> Array: ...
@gathered
def recall(
    outputs: TensorLike,
    targets: TensorLike,
    *,
    average: Average | None = "macro",
    zero_division: float = 0.0,
) -> float | Array:
    r"""Of the samples that are class c, the share that was called class c.

    $$ R_c = \frac{TP_c}{TP_c + FN_c} $$

    Args and Returns: as for `precision`.

    Examples:
        >>> recall([0, 1, 1, 1], [0, 0, 1, 1], average=None).tolist()
        [0.5, 1.0]
    """
    right, predicted, true = _counts("recall", outputs, targets)
    return _averaged("recall", right, true, true, average, zero_division, predicted, true)


@overload
def f1_score(
    outputs: TensorLike,
    targets: TensorLike,
    *,
    average: Average = "macro",
    zero_division: float = 0.0,
) -> float: ...
@overload
def f1_score(
    outputs: TensorLike, targets: TensorLike, *, average: None, zero_division: float = 0.0
) -> Array: ...
@gathered
def f1_score(
    outputs: TensorLike,
    targets: TensorLike,
    *,
    average: Average | None = "macro",
    zero_division: float = 0.0,
) -> float | Array:
    r"""The harmonic mean of precision and recall.

    $$ F_c = \frac{2\,TP_c}{2\,TP_c + FP_c + FN_c} $$

    Args and Returns: as for `precision`; 0/0 is left to classes without targets and predictions.

    Examples:
        >>> f1_score([0, 1, 1, 1], [0, 0, 1, 1], average=None).tolist()
        [0.66..., 0.8]
    """
    right, predicted, true = _counts("f1_score", outputs, targets)
    return _averaged(
        "f1_score", 2 * right, predicted + true, true, average, zero_division, predicted, true
    )


def _counts(where: str, outputs: Any, targets: Any) -> tuple[Array, Array, Array]:
    """Per class: right answers, predictions, true samples, each (K,)."""
    predicted, truth, classes = class_pairs(where, outputs, targets)
    classes = _needed(predicted, truth) if classes is None else classes
    called = predicted[predicted >= 0]  # scores that hold NaN call no class
    right = truth[predicted == truth]
    counted = [np.bincount(ids, minlength=classes) for ids in (right, called, truth)]
    return counted[0], counted[1], counted[2]


def _averaged(
    where: str,
    above: Array,
    below: Array,
    weights: Array,
    average: Average | None,
    zero_division: float,
    predicted: Array,
    true: Array,
) -> float | Array:
    """above / below per class, then the mean asked for."""
    check_word(where, "average", average, ("macro", "micro", "weighted", "binary", None))
    if average == "micro":
        above, below = above.sum(keepdims=True), below.sum(keepdims=True)
    if not is_number(zero_division):  # NaN is one
        raise ValueError(f"{where}: zero_division must be a number, got {shown(zero_division)}")
    values = np.full(len(above), zero_division, dtype=np.float64)
    np.divide(above, below, out=values, where=below > 0)
    if average is None:
        return values
    if average == "micro":
        return float(values[0])
    if average == "binary":
        if len(values) > 2:
            raise ValueError(
                f'{where}: average="binary" needs classes 0 and 1, got {len(values)} classes'
            )
        return float(values[1]) if len(values) == 2 else float(zero_division)
    counted = ((predicted + true) > 0) & ~np.isnan(values)
    shares = (weights if average == "weighted" else np.ones(len(values)))[counted]
    total = shares.sum()
    return float((values[counted] * shares).sum() / total) if total else float(zero_division)
