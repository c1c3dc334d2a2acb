"""Optimizer paths: surfaces, where the lines run, and the animation."""

import re

import numpy as np
import pytest

import neural_net_viz as viz
from neural_net_core import ShapeError
from neural_net_viz.figures.training.optimizer_paths import SURFACES, beale, rosenbrock, saddle


def styles(shown):
    """Return the style sheets: of what rests, and at the end of what moves."""
    assert len(shown.all("style")) == 2
    return "\n".join(e.text for e in shown.all("style"))


def test_the_surfaces_have_their_published_minima():
    for name in ("rosenbrock", "beale"):
        function, _, _, (x, y) = SURFACES[name]
        assert function(x, y) == 0
        near = np.random.default_rng(0).normal((x, y), 0.1, (500, 2))
        assert (function(*near.T) > 0).all()
    assert rosenbrock(-1.0, 2.0) == 4 + 100 and beale(0.0, 0.0) == 14.203125
    assert saddle(2.0, 1.0) == 3


def test_the_path_runs_through_its_points(picture, coordinates):
    walk = np.array([[-1.0, -1.0], [0.0, 0.0], [1.0, 1.0]])
    shown = picture(viz.optimizer_paths("saddle", {"a": walk}))
    points = np.array(coordinates(shown.with_class("line")[0].get("d")))
    assert len(points) == 3
    np.testing.assert_allclose(points[1], (points[0] + points[2]) / 2, atol=0.02)
    assert points[2, 0] > points[0, 0] and points[2, 1] < points[0, 1]


def test_the_animation_respects_readers_who_want_none(picture):
    shown = picture(viz.optimizer_paths("beale", {"a": [[1, 1], [2, 1], [3, 0.5]]}, seconds=3))
    style = styles(shown)
    inside = style.partition("@media (prefers-reduced-motion:no-preference)")[2]
    assert "animation:" in inside and "3s linear infinite" in inside
    outside = style.partition("@media (prefers-reduced-motion")[0]
    assert "animation" not in outside and "stroke-dashoffset" not in outside
    target = re.search(r"#(nnv-[0-9a-f]+-path-0)", inside)[1]
    assert shown.with_class("line")[0].get("id") == target


def test_a_path_ends_where_it_breaks(picture, coordinates):
    figure = viz.optimizer_paths("saddle", {"a": [[0, 0], [1, 1], [np.nan, 1], [1, 0]]})
    assert "after 1 steps at (1, 1)" in figure.description
    assert len(coordinates(picture(figure).with_class("line")[0].get("d"))) == 2


def test_bad_input():
    with pytest.raises(ValueError, match="'rosenbrock', 'beale' or 'saddle', got 'bowl'"):
        viz.optimizer_paths("bowl", {})
    with pytest.raises(ValueError, match="give x_range and y_range"):
        viz.optimizer_paths(lambda x, y: x + y, {})
    with pytest.raises(ShapeError, match=r"paths\['a'\]\): expected \(steps, 2\), got \(2, 3\)"):
        viz.optimizer_paths("saddle", {"a": np.zeros((2, 3))})
    with pytest.raises(ValueError, match="more than 0"):
        viz.optimizer_paths("saddle", {}, seconds=0)


def test_a_point_runs_through_the_steps_and_rests_at_the_end(picture):
    walk = [[-1.0, 0.0], [0.0, 0.0], [1.0, 0.0]]
    shown = picture(viz.optimizer_paths("saddle", {"a": walk}))
    style = styles(shown)
    frames = re.search(r"@keyframes \S+-move-0\{(.*?\})\}", style)[1]
    moves = re.findall(r"([\d.,%]+)\{transform:translate\((-?[\d.]+)px,(-?[\d.]+)px\)", frames)
    at = [m[0] for m in moves]
    shifts = np.array([[float(m[1]), float(m[2])] for m in moves])
    assert at == ["0%", "44%", "88%,100%"]
    np.testing.assert_allclose(shifts[1], shifts[0] / 2, atol=0.02)
    assert shifts[2].tolist() == [0, 0] and shifts[0, 0] < 0 and shifts[0, 1] == 0


def test_a_point_that_left_the_page_is_not_seen_there(picture):
    shown = picture(viz.optimizer_paths("saddle", {"a": [[0, 0], [1, 0], [9, 0]]}))
    style = styles(shown)
    assert re.search(r"#\S+-point-0\{opacity:0\}", style.partition("@media (prefers-reduced")[0])
    frames = re.search(r"@keyframes \S+-move-0\{(.*?\})\}", style)[1]
    assert re.findall(r"opacity:(\d)", frames) == ["1", "1", "0"]


def test_a_long_zigzag_is_drawn_with_its_corners(picture, coordinates):
    """Every fifth step of it would draw a zigzag of another shape, or none."""
    t = np.arange(401)
    x = -1.5 + 3 * t / 400
    corner = np.abs(t % 20 - 10) / 10  # 41 corners
    shown = picture(viz.optimizer_paths("saddle", {"a": np.stack([x, corner], axis=1)}))
    points = np.array(coordinates(shown.with_class("line")[0].get("d")))
    assert len(points) <= 100
    height = points[:, 1]
    top, bottom = height.min(), height.max()
    assert (
        np.isclose(height, top, atol=0.02).sum(),
        np.isclose(height, bottom, atol=0.02).sum(),
    ) == (21, 20)


def test_a_long_path_stays_within_a_pixel_and_keeps_its_pace(picture, coordinates):
    # A straight line, first slow and then fast: the corner is one of time alone.
    t = np.arange(301)
    x = np.where(t <= 200, t / 200, 1 + (t - 200) / 100 * 0.9) - 1
    shown = picture(viz.optimizer_paths("saddle", {"a": np.stack([x, 0 * x], axis=1)}))
    style = styles(shown)
    frames = re.search(r"@keyframes \S+-move-0\{(.*?\})\}", style)[1]
    at = [float(a) for a in re.findall(r"([\d.]+)%(?:,100%)?\{transform", frames)]
    assert len(at) < 10
    assert min(abs(a - 88 * 200 / 300) for a in at) < 0.5

    rng = np.random.default_rng(0)
    wild = np.cumsum(rng.normal(0, 0.02, (1_000, 2)), axis=0)
    figure = viz.optimizer_paths("saddle", {"a": wild})
    points = np.array(coordinates(picture(figure).with_class("line")[0].get("d")))
    assert 20 < len(points) <= 100
