"""Edit distance and label error rate."""

import functools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import DTypeError, ShapeError, Tensor
from neural_net_utils.metrics import as_streaming, edit_distance, label_error_rate

words = st.lists(st.integers(0, 3), max_size=7)


def by_definition(a, b):
    """The recursion as it is read: the last item is put in, left out, exchanged or kept."""

    @functools.cache
    def d(i, j):
        if min(i, j) == 0:
            return max(i, j)
        return min(d(i - 1, j) + 1, d(i, j - 1) + 1, d(i - 1, j - 1) + (a[i - 1] != b[j - 1]))

    return d(len(a), len(b))


@given(words, words)
def test_distances_follow_the_recursion(a, b):
    assert edit_distance(a, b) == by_definition(a, b)
    assert edit_distance(np.array(a, int), Tensor(np.array(b, int))) == by_definition(a, b)


@given(words, words, words)
def test_distances_are_distances(a, b, c):
    """0 for equal ones alone, the same both ways, and no way round is shorter."""
    assert (edit_distance(a, b) == 0) == (a == b)
    assert edit_distance(a, b) == edit_distance(b, a)
    assert edit_distance(a, c) <= edit_distance(a, b) + edit_distance(b, c)
    assert abs(len(a) - len(b)) <= edit_distance(a, b) <= max(len(a), len(b))
    assert edit_distance(a + c, b + c) == edit_distance(a, b)


def test_texts_and_words():
    assert edit_distance("intention", "execution") == 5
    assert edit_distance("", "abc") == edit_distance("abc", "") == 3
    assert edit_distance(["a", "b", "c"], ["a", "c"]) == 1
    assert edit_distance([1.0, True], (1, 1)) == 0


@given(st.lists(st.tuples(words, words), max_size=5))
def test_a_rate_is_all_edits_over_all_labels_in_parts_too(pairs):
    found, right = [a for a, _ in pairs], [np.array(b, int) for _, b in pairs]
    edits, labels = sum(by_definition(a, b) for a, b in pairs), sum(len(b) for _, b in pairs)
    expected = edits / labels if labels else math.nan
    assert label_error_rate(found, right) == pytest.approx(expected, nan_ok=True)
    stream = as_streaming(label_error_rate)
    for a, b in zip(found, right, strict=True):
        stream.update([a], [b])
    assert stream.compute() == pytest.approx(expected, nan_ok=True)


def test_what_does_not_fit():
    for wrong in (None, 3, {1, 2}, {"a": 1}, np.float32(1)):
        with pytest.raises(DTypeError, match="edit_distance: b must be a sequence of labels, got"):
            edit_distance([1], wrong)
    with pytest.raises(ShapeError, match="edit_distance: a must have 1 axis, got an array"):
        edit_distance(np.zeros((2, 2)), [1])
    with pytest.raises(DTypeError, match=r"edit_distance: a must hold numbers or texts, got \[\["):
        edit_distance([[1], [2]], [1])
    with pytest.raises(ShapeError, match="expected as many outputs as targets, got 1 and 2"):
        label_error_rate([[1]], [[1], [2]])
    for wrong in (None, 3, "text", np.array(1.0)):
        with pytest.raises(DTypeError, match="label_error_rate: outputs must be sequences of lab"):
            label_error_rate(wrong, [[1]])
    with pytest.raises(DTypeError, match="label_error_rate: targets must be a sequence of labels"):
        label_error_rate([[1]], [1])
