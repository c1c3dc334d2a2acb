"""The layered layout: rows, order, room."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neural_net_viz.drawing.layered_layout import lay_out, nearest_with_gaps


@st.composite
def graphs(draw):
    count = draw(st.integers(1, 14))
    pairs = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1))
    edges = [(max(e), min(e)) for e in draw(st.lists(pairs, max_size=25)) if e[0] != e[1]]
    widths = draw(st.lists(st.integers(1, 80), min_size=count, max_size=count))
    return widths, edges


@settings(max_examples=80, deadline=None)
@given(graphs())
def test_sources_stand_higher_and_neighbours_keep_their_distance(graph):
    widths, edges = graph
    layout = lay_out(widths, edges, gap=7.0)
    for (source, target), route in zip(edges, layout.routes, strict=True):
        assert layout.rows[source] > layout.rows[target]
        assert len(route) == layout.rows[source] - layout.rows[target] - 1
    for row in set(layout.rows):
        nodes = [n for n in range(len(widths)) if layout.rows[n] == row]
        boxes = sorted((layout.centres[n] - widths[n] / 2, widths[n]) for n in nodes)
        for (left, width), (following, _) in pairwise(boxes):
            assert left + width + 7.0 <= following + 1e-6
    ends = [c + s * w / 2 for c, w in zip(layout.centres, widths, strict=True) for s in (-1, 1)]
    assert min(ends) >= -1e-6 and max(ends) <= layout.width + 1e-6
    assert lay_out(widths, edges, gap=7.0) == layout


def test_crossings_that_can_be_avoided_are():
    # Four pairs given in opposite orders above and below.
    edges = [(4 + i, 3 - i) for i in range(4)]
    layout = lay_out([10] * 8, edges)
    for a in edges:
        for b in edges:
            above = layout.centres[a[0]] - layout.centres[b[0]]
            below = layout.centres[a[1]] - layout.centres[b[1]]
            assert above * below >= 0


def test_a_chain_is_straight():
    layout = lay_out([10, 40, 20], [(2, 1), (1, 0)])
    assert len(set(layout.centres)) == 1


def test_a_chain_stays_straight_with_parameters_beside_each_link():
    # 0 <- 1 <- 2 <- 3 <- 4 and two more leaves into each but the last.
    edges = [(k + 1, k) for k in range(4)] + [(5 + k, k // 2) for k in range(8)]
    layout = lay_out([40.0] * 13, edges)
    trunk = layout.centres[:4]
    assert max(trunk) - min(trunk) < 10
    assert layout.width < 4 * 60


def test_a_long_chain_needs_no_recursion():
    layout = lay_out([1.0] * 3000, [(i + 1, i) for i in range(2999)])
    assert layout.rows[-1] == 2999


def test_a_cycle_is_an_error():
    with pytest.raises(ValueError, match="without cycles"):
        lay_out([1, 1], [(0, 1), (1, 0)])


@given(st.lists(st.tuples(st.floats(-100, 100), st.floats(0, 20)), min_size=1, max_size=8))
def test_nearest_places_are_feasible_and_no_small_shift_is_better(pairs):
    wanted, gaps = [p[0] for p in pairs], [p[1] for p in pairs[1:]]
    weights = [1.0 + abs(p[0]) for p in pairs]
    places = np.array(nearest_with_gaps(wanted, gaps, weights))
    assert (np.diff(places) >= np.array(gaps) - 1e-9).all()
    best = np.sum(weights * (places - wanted) ** 2)
    rng = np.random.default_rng(0)
    for _ in range(50):
        other = places + rng.normal(0, 0.5, len(places))
        if (np.diff(other) >= gaps).all():
            assert np.sum(weights * (other - wanted) ** 2) >= best * (1 - 1e-9) - 1e-6
