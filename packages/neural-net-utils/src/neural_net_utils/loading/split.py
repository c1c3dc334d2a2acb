"""Parts of a data set: one train/test split, or k folds; plain, stratified or by group."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neural_net_core.checks import check_count, check_flag, is_number, is_whole, shown
from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_core.random import resolve_rng
from neural_net_core.tensor import TensorLike
from neural_net_utils._labels import as_rows, common_length, distinct_labels

__all__ = ["k_fold", "train_test_split"]


def train_test_split(
    *arrays: TensorLike,
    test_size: int | float = 0.2,
    stratify: TensorLike | None = None,
    groups: TensorLike | None = None,
    rng: np.random.Generator | None = None,
) -> tuple[Array, ...]:
    """Split arrays of equal length at random into a training and a test part.

    Args:
        *arrays: arrays (n, ...).
        test_size: a fraction in (0, 1), or the number of test samples.
        stratify: labels (n,): each label is split in proportion (largest remainders get the rest).
        groups: (n,): samples of one group, such as one writer, never stand in both parts; the
            test part then holds at least `test_size` samples, or a few more.
        rng: source of the random order; None means the library's generator.

    Returns:
        `x_train, x_test, y_train, y_test, ...`: two arrays for each array given. Both parts keep
        the order of the original.

    Raises:
        ShapeError: if lengths differ.
        ValueError: if a part would be empty, or `stratify` and `groups` are both given.

    Examples:
        >>> y = np.array([0, 0, 0, 0, 1, 1])
        >>> y_train, y_test = train_test_split(y, test_size=3, stratify=y)
        >>> y_test.tolist()
        [0, 0, 1]
    """
    sources = [as_rows("train_test_split", "arrays", array) for array in arrays]
    if not sources:
        raise ValueError("train_test_split: expected at least one array, got none")
    count = common_length("train_test_split", sources)
    wanted = _test_count(test_size, count)
    rng = resolve_rng(rng)
    if stratify is not None and groups is not None:
        raise ValueError("train_test_split: give stratify or groups, not both")
    if stratify is not None:
        labels = _labels("train_test_split", "stratify", stratify, count)
        test = _stratified_rows(labels, wanted, rng)
    elif groups is not None:
        test = _group_rows(_labels("train_test_split", "groups", groups, count), wanted, rng)
    else:
        test = rng.permutation(count)[:wanted]
    in_test = np.zeros(count, dtype=bool)
    in_test[test] = True
    return tuple(part for array in sources for part in (array[~in_test], array[in_test]))


def k_fold(
    count: int,
    k: int = 5,
    *,
    shuffle: bool = True,
    stratify: TensorLike | None = None,
    groups: TensorLike | None = None,
    rng: np.random.Generator | None = None,
) -> Iterator[tuple[Array, Array]]:
    """Give k pairs of training and test rows, so that each sample is tested exactly once.

    Args:
        count: number of samples.
        k: number of folds, 2 to `count`.
        shuffle: deal the samples in random order; otherwise in the order of the data.
        stratify: labels (count,): each fold gets its share of each label, to within one sample.
        groups: (count,): samples of one group stay in one fold; folds are kept about equally large.
        rng: source of the random order; None means the library's generator.

    Returns:
        An iterator over `(train_rows, test_rows)`, both ascending.

    Raises:
        ValueError: for a k out of range, more folds than groups, or both `stratify` and `groups`.

    Examples:
        >>> [test.tolist() for _, test in k_fold(5, 2, shuffle=False)]
        [[0, 1, 2], [3, 4]]
    """
    count = check_count("k_fold", "count", count, 2)
    if not (is_whole(k) and 2 <= k <= count):
        raise ValueError(f"k_fold: k must be from 2 to the {count} samples, got {shown(k)}")
    check_flag("k_fold", "shuffle", shuffle)
    if stratify is not None and groups is not None:
        raise ValueError("k_fold: give stratify or groups, not both")
    rng = resolve_rng(rng)
    order = rng.permutation(count) if shuffle else np.arange(count)
    fold = np.empty(count, dtype=np.intp)  # fold[i]: where sample i is tested
    if groups is not None:
        fold[:] = _folds_of_groups(_labels("k_fold", "groups", groups, count), k, order)
    elif stratify is not None:
        labels = _labels("k_fold", "stratify", stratify, count)
        # Dealt like cards, label after label: each label and the sizes spread evenly.
        by_label = order[np.argsort(labels[order], kind="stable")]
        fold[by_label] = np.arange(count) % k
    else:
        for number, rows in enumerate(np.array_split(order, k)):
            fold[rows] = number
    return ((np.flatnonzero(fold != i), np.flatnonzero(fold == i)) for i in range(int(k)))


def _stratified_rows(labels: Array, wanted: int, rng: np.random.Generator) -> Array:
    """`wanted` rows in which each label has its share."""
    counts = np.bincount(labels)
    exact = counts * wanted / len(labels)
    take = np.floor(exact).astype(int)
    # The largest remainders get what is left over.
    for code in np.argsort(take - exact, kind="stable")[: wanted - take.sum()]:
        take[code] += 1
    parts = [rng.permutation(np.flatnonzero(labels == c))[: take[c]] for c in range(len(counts))]
    return np.concatenate(parts)


def _group_rows(groups: Array, wanted: int, rng: np.random.Generator) -> Array:
    """Rows of random whole groups until at least `wanted` are together."""
    sizes = np.bincount(groups)
    order = rng.permutation(len(sizes))
    reached = np.cumsum(sizes[order])
    chosen = order[: int(np.searchsorted(reached, wanted)) + 1]
    if len(chosen) == len(sizes):
        raise ValueError(
            f"train_test_split: {len(sizes)} groups are too few: the test part took them all"
        )
    return np.flatnonzero(np.isin(groups, chosen))


def _folds_of_groups(groups: Array, k: int, order: Array) -> Array:
    """The fold of each sample: large groups first, each to the fold that is smallest so far."""
    counts = np.bincount(groups)
    if len(counts) < k:
        raise ValueError(f"k_fold: {k} folds need at least {k} groups, got {len(counts)}")
    seen = groups[order]
    first_seen = seen[np.sort(np.unique(seen, return_index=True)[1])]  # random among equal sizes
    fold_of, sizes = np.empty(len(counts), dtype=np.intp), np.zeros(k, dtype=int)
    for code in first_seen[np.argsort(-counts[first_seen], kind="stable")]:
        fold_of[code] = np.argmin(sizes)
        sizes[fold_of[code]] += counts[code]
    return fold_of[groups]


def _test_count(test_size: int | float, count: int) -> int:
    wanted = 0
    if is_whole(test_size):
        wanted = int(test_size)
    elif is_number(test_size) and 0 < test_size < 1:
        wanted = round(test_size * count)
    if not 0 < wanted < count:
        raise ValueError(
            "train_test_split: test_size must be a fraction in (0, 1) or a count from 1 to "
            f"{count - 1} that leaves both parts non-empty, got {shown(test_size)} for {count} "
            "samples"
        )
    return wanted


def _labels(where: str, name: str, values: TensorLike, count: int) -> Array:
    """The number of each sample's label, 0 to K - 1."""
    _, labels = distinct_labels(where, name, values)
    if labels.shape != (count,):
        raise ShapeError(f"{where}: expected {name} of shape ({count},), got {labels.shape}")
    return labels
