"""Splits and folds: disjoint, complete, in proportion."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neural_net_core.errors import ShapeError
from neural_net_utils.loading.split import k_fold, train_test_split


def rng(seed=0):
    return np.random.default_rng(seed)


@given(n=st.integers(2, 60), seed=st.integers(0, 5), data=st.data())
@settings(max_examples=60, deadline=None)
def test_parts_are_disjoint_and_complete(n, seed, data):
    """Every sample stands in exactly one part, rows of all arrays stay together."""
    size = data.draw(st.integers(1, n - 1))
    x, y = np.arange(n) * 10, np.arange(n)
    x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=size, rng=rng(seed))
    assert len(y_test) == size
    assert sorted([*y_train, *y_test]) == list(range(n))
    assert np.array_equal(x_train, y_train * 10)
    assert np.array_equal(x_test, y_test * 10)


@given(counts=st.lists(st.integers(1, 30), min_size=1, max_size=5), seed=st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_stratified_split_is_in_proportion(counts, seed):
    """Each label's share of the test part is exact to within one sample."""
    labels = rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    n = len(labels)
    if n < 4:
        return
    _, test = train_test_split(labels, test_size=0.25, stratify=labels, rng=rng(seed))
    assert len(test) == round(0.25 * n)
    rest = {True: [], False: []}  # beyond whole samples, in n-th parts: one more for it, or not
    for label, count in enumerate(counts):
        exact, taken = count * len(test), np.sum(test == label)
        assert abs(taken - exact / n) < 1
        rest[bool(taken * n > exact)].append(exact % n)
    assert min(rest[True], default=n) >= max(rest[False], default=0), "largest remainders first"


def test_labels_with_the_largest_remainders_have_what_is_left():
    labels = np.repeat([0, 1, 2], [7, 2, 1])  # shares of 2.8, 0.8 and 0.4
    _, test = train_test_split(labels, test_size=4, stratify=labels)
    assert test.tolist() == [0, 0, 0, 1]


def test_split_is_random_and_repeatable():
    """Another seed gives another split, the same seed the same; parts keep the original order."""
    x = np.arange(100)
    first = train_test_split(x, rng=rng(1))[1]
    assert np.array_equal(train_test_split(x, rng=rng(1))[1], first)
    assert not np.array_equal(train_test_split(x, rng=rng(2))[1], first)
    assert np.all(np.diff(first) > 0)
    assert len(first) == 20


def test_groups_are_never_torn():
    """A writer's samples stand on one side, in a split and in folds."""
    groups = rng().integers(0, 13, size=200)
    train, test = train_test_split(groups, test_size=0.2, groups=groups, rng=rng(1))
    assert not set(train) & set(test)
    assert 40 <= len(test) <= 80
    sizes = []
    for train_rows, test_rows in k_fold(200, 4, groups=groups, rng=rng(2)):
        assert not set(groups[train_rows]) & set(groups[test_rows])
        sizes.append(len(test_rows))
    assert sum(sizes) == 200
    assert max(sizes) - min(sizes) <= 20


@given(n=st.integers(4, 50), k=st.integers(2, 4), seed=st.integers(0, 3), shuffle=st.booleans())
@settings(max_examples=60, deadline=None)
def test_folds_test_each_sample_once(n, k, seed, shuffle):
    """k folds of nearly equal size cover everything; stratified ones also each label."""
    labels = rng(seed).integers(0, 3, size=n)
    for stratify in (None, labels):
        seen = []
        for train, test in k_fold(n, k, shuffle=shuffle, stratify=stratify, rng=rng(seed)):
            assert sorted([*train, *test]) == list(range(n))
            assert n // k <= len(test) <= n // k + 1
            if stratify is not None:
                for label in range(3):
                    share = np.sum(labels == label) / k
                    assert abs(np.sum(labels[test] == label) - share) < 1
            seen += test.tolist()
        assert sorted(seen) == list(range(n))


def test_folds_without_shuffle_are_in_order():
    """shuffle=False deals consecutive rows."""
    tests = [test.tolist() for _, test in k_fold(7, 3, shuffle=False)]
    assert tests == [[0, 1, 2], [3, 4], [5, 6]]


def test_folds_by_default():
    """Five, in random order."""
    tests = [test.tolist() for _, test in k_fold(100, rng=rng())]
    assert [len(test) for test in tests] == [20] * 5
    assert tests != np.arange(100).reshape(5, 20).tolist()
    assert [test.tolist() for _, test in k_fold(2, 2, shuffle=False)] == [[0], [1]]


def test_as_many_folds_as_groups():
    groups = np.array([3, 5, 3, 9, 9, 9])
    tests = [set(groups[test]) for _, test in k_fold(6, 3, groups=groups)]
    assert sorted(tests, key=min) == [{3}, {5}, {9}]


@pytest.mark.parametrize("size", [0, 0.0, 1.0, 10, -1, 0.01, float("nan")])
def test_bad_sizes(size):
    """A part must not be empty."""
    with pytest.raises(ValueError, match="test_size must be"):
        train_test_split(np.arange(10), test_size=size)


def test_bad_arguments():
    """Lengths, labels, groups and k are checked."""
    x = np.arange(10)
    with pytest.raises(ShapeError, match="equal length"):
        train_test_split(x, x[:9])
    with pytest.raises(ShapeError, match=r"expected stratify of shape \(10,\), got \(9,\)"):
        train_test_split(x, stratify=x[:9])
    with pytest.raises(ValueError, match="not both"):
        train_test_split(x, stratify=x, groups=x)
    with pytest.raises(ValueError, match="groups are too few"):
        train_test_split(x, groups=np.zeros(10))
    with pytest.raises(ValueError, match="at least one array"):
        train_test_split()
    with pytest.raises(ValueError, match="k must be from 2 to the 10 samples, got 11"):
        list(k_fold(10, 11))
    with pytest.raises(ValueError, match="3 folds need at least 3 groups, got 2"):
        list(k_fold(10, 3, groups=x % 2))
    with pytest.raises(ValueError, match="k_fold: shuffle must be"):
        k_fold(10, 2, shuffle="no")
    with pytest.raises(ValueError, match="not both"):
        list(k_fold(10, 2, groups=x, stratify=x))


@pytest.mark.parametrize(
    ("count", "k"), [(5, 1), (5, 6), (5, 2.0), (5, None), (5, True), (0, 2), (2.5, 2), ("5", 2)]
)
def test_folds_that_cannot_be_are_refused_at_the_call(count, k):
    """Not only when the first fold is asked for."""
    with pytest.raises(ValueError, match=r"k_fold: (k|count) must be"):
        k_fold(count, k)
