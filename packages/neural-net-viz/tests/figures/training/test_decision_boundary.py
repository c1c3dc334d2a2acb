"""Decision boundaries: the line lies where the model changes its mind."""

import re

import numpy as np
import pytest

import neural_net_viz as viz
from neural_net_core import FeedForward, Module, Sequential, ShapeError, Tensor

SQUARE = {"x_range": (0.0, 1.0), "y_range": (0.0, 1.0)}


def line(shown, coordinates):
    return np.array(coordinates(shown.with_class("line")[0].get("d")))


def frame(shown, coordinates):
    corners = coordinates(shown.with_class("axis")[-1].get("d"))
    return corners[0][0], corners[2][0], corners[0][1], corners[1][1]  # left, right, top, bottom


def test_a_level_boundary_lies_at_its_height(picture, coordinates):
    shown = picture(viz.decision_boundary(lambda x: x[:, 1], threshold=0.25, **SQUARE))
    points = line(shown, coordinates)
    _, _, top, bottom = frame(shown, coordinates)
    np.testing.assert_allclose(points[:, 1], bottom - 0.25 * (bottom - top), atol=0.2)


def test_a_circle_is_a_circle(picture, coordinates):
    shown = picture(
        viz.decision_boundary(lambda x: ((x - 0.5) ** 2).sum(1), threshold=0.09, **SQUARE)
    )
    points = line(shown, coordinates)
    left, right, top, bottom = frame(shown, coordinates)
    u = (points[:, 0] - left) / (right - left) - 0.5
    v = (points[:, 1] - top) / (bottom - top) - 0.5
    np.testing.assert_allclose(np.hypot(u, v), 0.3, atol=0.005)


def test_high_scores_take_the_positive_colour(picture, coordinates):
    shown = picture(viz.decision_boundary(lambda x: x[:, 0], resolution=9, **SQUARE))
    left, right, _, _ = frame(shown, coordinates)
    edges = {}
    for e in shown.root.iter():
        step = re.search(r"fill-signed-(\d+)", e.get("class") or "")
        if step and e.get("d"):
            edges[int(step[1])] = min(x for x, _ in coordinates(e.get("d")))
    # Each shade begins an equal part further right, and the positive ones in the middle.
    assert list(edges) == sorted(edges)
    expected = left + (right - left) * np.arange(1, 16) / 16
    np.testing.assert_allclose(list(edges.values()), expected, atol=0.11)
    assert min(step for step in edges if step > 16) == list(edges)[7]


def test_a_question_to_the_model_leaves_it_as_it_was():
    model = Sequential(FeedForward((2, 1)), Dropout())
    model.train()
    model[0].eval()
    viz.decision_boundary(model, resolution=4)
    assert [m.training for m in model.modules()] == [True, False, *[False] * 4, True]
    assert model[1].seen == [False]


class Dropout(Module):
    """Remembers in which mode it was called."""

    def __init__(self):
        self.seen = []

    def forward(self, x):
        self.seen.append(self.training)
        return x


def test_several_classes(picture):
    shown = picture(
        viz.decision_boundary(
            lambda x: np.stack([x[:, 0], x[:, 1], 0.5 - x.sum(1)], axis=1),
            [[0.9, 0.1], [0.1, 0.9], [0.0, 0.0]],
            [0, 1, 2],
            class_names=["right", "up", "corner"],
            resolution=16,
            **SQUARE,
        )
    )
    assert {"right", "up", "corner", "boundary"} <= set(shown.words())
    assert "among 3 classes" in shown.figure.description


def test_a_module_is_asked_in_its_own_dtype_and_not_recorded():
    class Watch(Module):
        def __init__(self):
            self.inner = FeedForward((2, 1), dtype=np.float64)

        def forward(self, x):
            assert isinstance(x, Tensor) and x.dtype == np.float64
            y = self.inner(x)
            assert not y.requires_grad
            return y

    viz.decision_boundary(Watch(), resolution=4)


def test_bad_input():
    def model(x):
        return x[:, 0]

    with pytest.raises(ShapeError, match=r"points\): expected \(N, 2\), got \(4, 3\)"):
        viz.decision_boundary(model, np.zeros((4, 3)))
    with pytest.raises(ShapeError, match=r"labels\): expected \(4,\), got \(3,\)"):
        viz.decision_boundary(model, np.zeros((4, 2)), [0, 1, 0])
    with pytest.raises(ShapeError, match="expected 16 answers to 16 points"):
        viz.decision_boundary(lambda x: x[:3, 0], resolution=4)
    with pytest.raises(ValueError, match="low < high"):
        viz.decision_boundary(model, x_range=(1.0, 1.0))
    with pytest.raises(ValueError, match="2 or more, got 1"):
        viz.decision_boundary(model, resolution=1)


def test_the_legend_names_a_boundary_only_if_there_is_one():
    points = np.array([[0.0, 0.0], [1.0, 1.0]])
    split = viz.decision_boundary(lambda x: x[:, 0], points, [0, 1], resolution=8)
    alike = viz.decision_boundary(lambda x: 0 * x[:, 0], points, [0, 1], resolution=8)
    assert ">boundary<" in split._repr_svg_()
    assert ">boundary<" not in alike._repr_svg_()


def test_many_points_are_drawn_smaller_and_with_less_room_around_them():
    few, many = (
        viz.decision_boundary(lambda x: x[:, 0], np.random.default_rng(0).random((n, 2)))
        for n in (50, 51)
    )
    assert 'r="5"' in few.to_string() and 'r="5"' not in many.to_string()
    assert 'r="3"' in many.to_string()
