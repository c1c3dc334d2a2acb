"""How far sequences of labels are from those that they should be, of whatever lengths."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from neural_net_core import Tensor
from neural_net_core.checks import shown
from neural_net_core.dtypes import Array
from neural_net_core.errors import DTypeError, ShapeError
from neural_net_core.tensor import TensorLike
from neural_net_utils.metrics.streaming import Ratio, streams_as

__all__ = ["edit_distance", "label_error_rate"]


def edit_distance(a: TensorLike | Sequence[Any] | str, b: TensorLike | Sequence[Any] | str) -> int:
    r"""How many items must be put in, left out or exchanged to turn one sequence into another.

    $$ d_{ij} = \min(d_{i-1,\,j} + 1,\; d_{i,\,j-1} + 1,\; d_{i-1,\,j-1} + [a_i \ne b_j]) $$

    where $d_{ij}$ is the distance of the first i items of a from the first j of b.

    Args:
        a: labels (n,), a list of words, or a text.
        b: the same kind of thing, of any length.

    Returns:
        From the difference of the lengths to the greater one.

    Raises:
        DTypeError: if one is no sequence, or holds what cannot be compared.
        ShapeError: if an array has not one axis.

    Source: Levenshtein (1966), Binary codes capable of correcting deletions, insertions, and
        reversals; the table is Wagner and Fischer's (1974).

    Examples:
        >>> edit_distance("kitten", "sitting")  # k to s, e to i, and a g at the end
        3
        >>> edit_distance([4, 0, 7], [4, 7])
        1
    """
    numbers: dict[Any, int] = {}
    return _distance(*(_numbered("edit_distance", n, s, numbers) for n, s in (("a", a), ("b", b))))


def _error_parts(outputs: Any, targets: Any) -> tuple[float, float]:
    name = "label_error_rate"
    found, right = _rows(name, "outputs", outputs), _rows(name, "targets", targets)
    if len(found) != len(right):
        raise ShapeError(
            f"{name}: expected as many outputs as targets, got {len(found)} and {len(right)}"
        )
    numbers: dict[Any, int] = {}
    edits = labels = 0
    for a, b in zip(found, right, strict=True):
        truth = _numbered(name, "targets", b, numbers)
        edits += _distance(_numbered(name, "outputs", a, numbers), truth)
        labels += len(truth)
    return edits, labels


@streams_as(lambda **keywords: Ratio(functools.partial(_error_parts, **keywords)))
def label_error_rate(
    outputs: TensorLike | Sequence[Any], targets: TensorLike | Sequence[Any]
) -> float:
    r"""How many edits the decoded sequences need, per label of the right ones.

    $$ \mathrm{LER} = \frac{\sum_n d(h_n, t_n)}{\sum_n |t_n|} $$

    With words in place of labels it is speech recognition's word error rate. (Graves et al. 2006
    take the mean of the quotients of single sequences, in which an error in a short one weighs
    more, and an empty one has none.)

    Args:
        outputs: decoded sequences h, one for each target: arrays, lists or texts.
        targets: the right sequences t.

    Returns:
        0 if all is right; above 1 if more is wrong than there is. NaN without any label.

    Raises:
        ShapeError: if their numbers differ.
        DTypeError: if they are not sequences of sequences.

    Examples:
        >>> label_error_rate([[4, 0, 7], [1]], [[4, 7], [1, 2, 3]])  # one too many, two missing
        0.6
    """
    edits, labels = _error_parts(outputs, targets)
    return edits / labels if labels else float("nan")


def _distance(a: Array, b: Array) -> int:
    """Return the edit distance, by one row of the table after the other."""
    place = np.arange(len(b) + 1)
    row = place
    for i, item in enumerate(a, 1):
        row = np.append(i, np.minimum(row[1:] + 1, row[:-1] + (b != item)))
        # d_{i,j−1} + 1 is of this row itself: the least to the left, plus the way from there.
        row = np.minimum.accumulate(row - place) + place
    return int(row[-1])


def _rows(where: str, name: str, sequences: Any) -> list[Any]:
    """Return the sequences as a list."""
    if isinstance(sequences, Tensor):
        sequences = sequences.data
    if isinstance(sequences, np.ndarray) and sequences.ndim:
        return list(sequences)
    if not isinstance(sequences, list | tuple):
        raise DTypeError(f"{where}: {name} must be sequences of labels, got {shown(sequences)}")
    return list(sequences)


def _numbered(where: str, name: str, sequence: Any, numbers: dict[Any, int]) -> Array:
    """Return one number for each item, the same for equal ones."""
    if isinstance(sequence, Tensor):
        sequence = sequence.data
    if isinstance(sequence, np.ndarray):
        if sequence.ndim != 1:
            raise ShapeError(f"{where}: {name} must have 1 axis, got {shown(sequence)}")
        sequence = sequence.tolist()
    if not isinstance(sequence, str | list | tuple):
        raise DTypeError(f"{where}: {name} must be a sequence of labels, got {shown(sequence)}")
    try:
        found = [numbers.setdefault(item, len(numbers)) for item in sequence]
    except TypeError:
        raise DTypeError(
            f"{where}: {name} must hold numbers or texts, got {shown(sequence)}"
        ) from None
    return np.array(found, dtype=np.intp)
