"""The map of an embedding: points in place, names beside them, components by PCA."""

import numpy as np
import pytest

import neural_net_viz as viz
from neural_net_core import ShapeError
from neural_net_viz.figures.charts.scatter_map import principal_components


def test_components_keep_distances_of_flat_data():
    rng = np.random.default_rng(0)
    flat = rng.normal(size=(30, 2)) * [3.0, 1.0]
    basis = np.linalg.qr(rng.normal(size=(5, 2)))[0]
    places, shares = principal_components(flat @ basis.T + 7.0)

    def distances(v):
        return np.linalg.norm(v[:, None] - v[None], axis=-1)

    np.testing.assert_allclose(distances(places), distances(flat), atol=1e-9)
    assert sum(shares) == pytest.approx(1.0)
    assert shares[0] > shares[1]


def test_components_pass_over_what_is_not_finite():
    vectors = np.array([[0.0, 0, 0], [2, 0, 0], [np.nan, 1, 1], [4, 0, 0]])
    places, _ = principal_components(vectors)
    assert np.isnan(places[2]).all()
    np.testing.assert_allclose(places[[0, 1, 3], 0], [-2, 0, 2])


def test_points_lie_in_proportion_and_names_beside_them(picture):
    shown = picture(viz.scatter_map([[0, 0], [4, 0], [1, 0]], ["a", "b", "c"]))
    xs = [float(e.get("cx")) for e in shown.all("circle")]
    assert (xs[2] - xs[0]) / (xs[1] - xs[0]) == pytest.approx(0.25, abs=1e-3)
    for text in shown.texts():
        if text.content in "abc":
            middle = (text.corners[0][0] + text.corners[1][0]) / 2
            assert abs(middle - xs["abc".index(text.content)]) < 20


def test_groups_differ_in_marker_and_stand_in_the_legend(picture):
    shown = picture(viz.scatter_map([[0, 0], [1, 1]], groups=["noun", "verb"]))
    assert {"noun", "verb"} <= set(shown.words())
    assert len(shown.all("circle")) == 2  # one point, one in the legend
    assert len(shown.with_class("fill-series-1")) == 2


def test_names_without_room_are_counted_and_kept_under_the_pointer(picture):
    shown = picture(viz.scatter_map(np.zeros((50, 2)), [f"name {i}" for i in range(50)]))
    written = [w for w in shown.words() if w.startswith("name")]
    assert f"Names without room, shown under the pointer: {50 - len(written)}." in shown.words()
    assert {f"name {i}" for i in range(50)} <= set(shown.tips())


def test_bad_points():
    with pytest.raises(ShapeError, match=r"scatter_map\(points\): expected .*, got \(3, 1\)"):
        viz.scatter_map(np.zeros((3, 1)))
    with pytest.raises(ShapeError, match="groups"):
        viz.scatter_map(np.zeros((3, 2)), groups=["a"])
    with pytest.raises(ValueError, match="at most 5000, got 5001"):
        viz.scatter_map(np.zeros((5001, 2)))
