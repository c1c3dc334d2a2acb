"""What tiles of an attention hide."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from neural_net_layers import causal_keep
from neural_net_layers.fast.attention_visibility import Visibility


def test_hidden_scores_are_hidden_whatever_they_are():
    """−∞ added to ∞ would be NaN."""
    scores = np.array([[np.inf, 1.0, -1.0]])
    everything = (slice(0, 1), slice(0, 1), slice(0, 1), slice(0, 3))
    Visibility(np.array([[[[False, True, False]]]])).hide(scores, everything)
    assert scores.tolist() == [[-np.inf, 1.0, -np.inf]]
    Visibility(offset=-1).hide(scores, everything)
    assert scores.tolist() == [[-np.inf] * 3]


@settings(deadline=None)
@given(st.tuples(*[st.integers(1, 4)] * 4), st.none() | st.integers(-5, 6), st.data())
def test_a_tile_hides_what_the_masks_of_all_scores_hide_there(scores, offset, data):
    rng = np.random.default_rng(data.draw(st.integers(0, 999)))
    visible, keep = np.ones(scores, bool), None
    if data.draw(st.booleans()):
        keep = rng.random([data.draw(st.sampled_from([1, n])) for n in scores]) < 0.5
        visible &= keep
    if offset is not None:
        visible &= causal_keep(*scores[2:], offset)
    visibility = Visibility(keep, offset)
    for _ in range(2):  # the second tile may have the shape of the first
        starts = [data.draw(st.integers(0, n - 1)) for n in scores]
        stops = [
            data.draw(st.integers(a + 1, n)) for a, n in zip(starts[2:], scores[2:], strict=True)
        ]
        stops = [starts[0] + 1, starts[1] + 1, *stops]
        tile = tuple(map(slice, starts, stops))
        numbers = rng.normal(size=scores)[tile][0, 0]
        expected = np.where(visible[tile][0, 0], numbers, -np.inf)
        visibility.hide(numbers, tile)
        np.testing.assert_array_equal(numbers, expected)


@given(st.integers(0, 5), st.integers(0, 5), st.integers(-7, 7))
def test_the_last_key_that_a_query_sees_ends_a_row_of_tiles(queries, keys, offset):
    seen = causal_keep(queries, keys, offset).any(axis=0)
    if queries:
        assert Visibility(offset=offset).end(queries, keys) == seen.sum()
    assert Visibility().end(queries, keys) == keys
