"""Attention, alignment and similarity: matrices with their labels."""

import numpy as np
import pytest

import neural_net_viz as viz
from neural_net_core import ShapeError


def corners(shown, name):
    """Return the first corner of every square of a shade."""
    found = []
    for path in shown.with_class(name):
        found += [
            tuple(map(float, part.split("H")[0].split()))
            for part in path.get("d", "").split("M")[1:]
        ]
    return found


def frame(shown, number=0):
    element = shown.with_class("frame")[number]
    return [float(element.get(k)) for k in ("x", "y", "width", "height")]


def test_queries_go_down_and_keys_across(picture):
    weights = np.zeros((1, 3, 4))
    weights[0, 2, 1] = 1.0
    figure = viz.attention_maps(weights, query_labels="abc", key_labels="wxyz")
    shown = picture(figure)
    x, y, wide, tall = frame(shown)
    ((left, top),) = corners(shown, "fill-sequential-32")
    assert left == pytest.approx(x + wide / 4, abs=0.02)
    assert top == pytest.approx(y + 2 * tall / 3, abs=0.02)
    assert "strongest from c to x, 1" in figure.description
    places = {t.content: t.corners for t in shown.texts()}
    assert places["a"][0][1] < places["b"][0][1] < places["c"][0][1]
    assert places["w"][0][0] < places["x"][0][0] < places["z"][0][0]


def test_every_head_has_its_own_matrix_and_name(picture):
    shown = picture(viz.attention_maps(np.full((4, 2, 2), 0.5), query_labels="ab"))
    assert len(shown.with_class("frame")) == 4
    assert {"head 1", "head 4"} <= set(shown.words())


def test_labels_that_have_no_room_are_thinned_out(picture):
    labels = [f"token{i}" for i in range(100)]
    shown = picture(viz.attention_maps(np.ones((100, 100)) / 100, query_labels=labels))
    written = [w for w in shown.words() if w.startswith("token")]
    assert 10 < len(set(written)) < 100


def test_labels_must_fit():
    with pytest.raises(ShapeError, match=r"attention_maps\(query_labels\): expected 2 labels"):
        viz.attention_maps(np.ones((2, 2)), query_labels="abc")
    with pytest.raises(ShapeError, match="give key_labels for weights from 2 queries to 3 keys"):
        viz.attention_maps(np.ones((2, 3)), query_labels="ab")
    with pytest.raises(ShapeError, match="head_names"):
        viz.attention_maps(np.ones((2, 2)), head_names="ab")


def test_alignment_frames_the_strongest_source_of_each_target(picture):
    figure = viz.alignment_map([[0.1, 0.9], [0.8, 0.2]], ["x", "y"], ["b", "a"])
    shown = picture(figure)
    x, y, wide, tall = frame(shown)
    framed = [(float(e.get("x")), float(e.get("y"))) for e in shown.with_class("edge")]
    assert framed == [
        pytest.approx((x + wide / 2 + 1, y + 1), abs=0.02),
        pytest.approx((x + 1, y + tall / 2 + 1), abs=0.02),
    ]
    assert {"0.90", "0.10", "0.80", "0.20"} <= set(shown.words())


def test_similarity_is_the_cosine(picture):
    shown = picture(viz.similarity_matrix([[3.0, 4.0], [4.0, 3.0], [-3.0, -4.0]], "abc"))
    assert shown.words().count("0.96") == 2  # 24 / 25, both ways
    assert shown.words().count("−1.00") == 2
    assert shown.words().count("1.00") == 3
    assert len(corners(shown, "fill-signed-32")) >= 3
    assert len(corners(shown, "fill-signed-0")) == 2


def test_a_vector_of_zeros_has_no_similarity(picture):
    figure = viz.similarity_matrix([[1.0, 0.0], [0.0, 0.0], [1.0, 1.0]], "abc")
    assert picture(figure).words().count("NaN") == 5
    assert "Most alike: a and c (0.707)" in figure.description


def test_huge_vectors_do_not_overflow():
    figure = viz.similarity_matrix([[1e308, 1e308], [1e-308, 1e-308]])
    assert "Most alike: 1 and 2 (1)" in figure.description


def test_there_is_at_least_one_column():
    with pytest.raises(ValueError, match=r"\(columns\): expected 1 or more, got 0"):
        viz.attention_maps([[1.0]], columns=0)
