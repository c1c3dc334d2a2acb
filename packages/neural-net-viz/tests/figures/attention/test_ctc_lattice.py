"""The lattice of CTC: which nodes and steps are drawn, and how many paths there are."""

import itertools

import numpy as np
import pytest

import neural_net_viz as viz
from neural_net_core import ShapeError


def walks(steps, labels):
    """Return all walks through the places that read as the labels, by the rule of reading."""
    rows = [labels[i // 2] if i % 2 else "␣" for i in range(2 * len(labels) + 1)]
    found = set()
    for walk in itertools.product(range(len(rows)), repeat=steps):
        path = [rows[s] for s in walk]
        ahead = all(b - a in (0, 1, 2) for a, b in itertools.pairwise(walk))
        ends = walk[0] < 2 and walk[-1] >= len(rows) - 2
        if ahead and ends and [k for k, _ in itertools.groupby(path) if k != "␣"] == list(labels):
            found.add(walk)
    return rows, found


@pytest.mark.parametrize("labels", ["", "a", "aa", "ab", "aba", "abb"])
@pytest.mark.parametrize("steps", range(1, 6))
def test_nodes_and_steps_are_those_of_whole_paths(picture, steps, labels):
    rows, paths = walks(steps, labels)
    figure = viz.ctc_lattice(np.full((steps, len(rows)), 0.5), labels)
    shown = picture(figure)
    nodes = {(t, s) for walk in paths for t, s in enumerate(walk)}
    edges = {(t, a, b) for walk in paths for t, (a, b) in enumerate(itertools.pairwise(walk))}
    assert len(shown.with_class("fill-axis")) == steps * len(rows) - len(nodes)
    assert len([e for e in shown.all("line") if e.get("x1") != e.get("x2")]) == len(edges)
    count = f"{len(paths)} path{'s' * (len(paths) != 1)} from"
    assert count in figure.description


def test_numbers_stand_in_their_nodes(picture):
    shown = picture(viz.ctc_lattice([[0.25, 0.75, 0], [0.1, 0.2, 0.8]], "a", blank="-"))
    texts = {t.content: t.corners[0] for t in shown.texts()}
    assert {"0.25", "0.75", "0.20", "0.80", "a", "-"} <= set(texts)
    assert texts["0.75"][1] > texts["0.25"][1] and texts["0.20"][0] > texts["0.75"][0]
    assert "0.10" not in texts  # no path reads as "a" from there
    assert {"frame 2, a: 0.2", "frame 2, -: 0.1"} <= set(shown.tips())


def test_of_very_many_frames_and_places_the_first_are_drawn(picture):
    figure = viz.ctc_lattice(np.ones((200, 101)), range(50))
    words = " ".join(picture(figure).words())
    assert "(the first 30 of 200 frames)" in words and "(the first 30 of 101 places)" in words
    assert "Very many paths" in figure.description
    assert len(picture(figure).all("circle")) == 900


def test_labels_that_do_not_fit():
    with pytest.raises(ShapeError, match=r"expected values \(T, 5\) for 2 labels .* got \(2, 3\)"):
        viz.ctc_lattice(np.ones((2, 3)), "ab")
