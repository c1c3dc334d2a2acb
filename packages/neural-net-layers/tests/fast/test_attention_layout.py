"""Arrays of any number of axes as four, and back."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from neural_net_layers.fast.attention_layout import Layout

LEADS = st.lists(st.integers(1, 3), max_size=3).map(tuple)


@settings(deadline=None)
@given(LEADS, st.integers(1, 3), st.data())
def test_what_broadcasts_to_the_scores_does_so_with_four_axes(lead, heads, data):
    scores = (*lead, heads, 2, 4)
    ones = data.draw(st.lists(st.booleans(), min_size=len(scores), max_size=len(scores)))
    shape = tuple(1 if one else n for n, one in zip(scores, ones, strict=True))
    shape = shape[data.draw(st.integers(0, len(shape) - 1)) :]
    x = np.arange(math.prod(shape)).reshape(shape)
    layout = Layout((*scores[:-1], 5), (*lead, heads, 4, 5), (*lead, heads, 4, 3))
    four = layout.with_four_axes(x)
    whole = (math.prod(lead), *scores[-3:])
    expected = np.broadcast_to(x, scores).reshape(whole)
    np.testing.assert_array_equal(np.broadcast_to(four, whole), expected)


def test_what_is_the_same_for_all_examples_is_not_copied_for_each_of_them():
    layout = Layout((3, 2, 2, 4, 5), (3, 2, 2, 4, 5), (3, 2, 2, 4, 5))
    for shape in ((1, 1, 2, 4, 4), (1, 1, 1, 4, 1), (2, 4, 4), (4, 4), (4,)):
        assert layout.with_four_axes(np.ones(shape)).shape[0] == 1
    assert layout.with_four_axes(np.ones((1, 2, 1, 4, 4))).shape[0] == 6


def test_one_head_alone_has_four_axes_too():
    layout = Layout((3, 5), (4, 5), (4, 2))
    assert layout.groups == 1
    q, k = np.arange(15).reshape(3, 5), np.arange(20).reshape(4, 5)
    of_q, of_k = layout.split(q, k)
    assert of_q.shape == (1, 1, 3, 5) and of_k.shape == (1, 1, 4, 5)
    np.testing.assert_array_equal(layout.joined(of_q), q)
    assert layout.with_four_axes(np.ones(4)).shape == (1, 1, 1, 4)


@given(LEADS, st.integers(1, 2), st.integers(1, 3))
def test_what_is_split_and_joined_is_as_it_was(lead, shared, groups):
    query, key = (*lead, shared * groups, 2, 3), (*lead, shared, 4, 3)
    layout = Layout(query, key, key)
    assert layout.groups == groups
    q, k = (np.arange(math.prod(shape)).reshape(shape) for shape in (query, key))
    of_q, of_k = layout.split(q, k)
    assert of_q.shape == (math.prod(lead), *query[-3:])
    assert of_k.shape == (math.prod(lead), *key[-3:])
    np.testing.assert_array_equal(layout.joined(of_q), q)
    assert layout.joined(of_q[..., :1]).shape == (*query[:-1], 1)
