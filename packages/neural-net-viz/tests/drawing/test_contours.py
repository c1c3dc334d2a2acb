"""Contours: lines at their level, regions of the right area, saddles resolved."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from neural_net_viz.drawing.contours import contour_lines, lines_path, region_path

GRID = np.linspace(-1, 1, 41)
X, Y = np.meshgrid(GRID, GRID)


def loops(path):
    return [
        np.array([[float(x), float(y)] for x, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", part)])
        for part in path.split("Z")
        if part
    ]


def area(path):
    """Sum the signed areas of the loops, so that holes count against what surrounds them."""
    total = 0.0
    for loop in loops(path):
        x, y = loop.T
        total += 0.5 * float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))
    return abs(total)


def test_a_circle_is_one_closed_line():
    (line,) = contour_lines(X**2 + Y**2, GRID, GRID, 0.25)
    assert line[0] == line[-1]
    np.testing.assert_allclose(np.hypot(*np.array(line).T), 0.5, atol=2e-3)


def test_a_line_across_the_plane_is_open_and_runs_from_border_to_border():
    (line,) = contour_lines(X, GRID, GRID, 0.123)
    assert {line[0][1], line[-1][1]} == {-1.0, 1.0}
    np.testing.assert_allclose(np.array(line)[:, 0], 0.123)


def test_the_region_of_a_ring_has_its_hole():
    path = region_path(0.3 - np.abs(np.hypot(X, Y) - 0.6), GRID * 100, GRID * 100, 0.0)
    assert len(loops(path)) == 2
    assert area(path) == pytest.approx(np.pi * (90**2 - 30**2), rel=5e-3)


def test_a_region_is_closed_along_the_border():
    assert region_path(np.ones((3, 4)), np.arange(4.0), np.arange(3.0), 0.0) == "M0 0L3 0L3 2L0 2Z"
    assert region_path(np.zeros((3, 4)), np.arange(4.0), np.arange(3.0), 0.0) == ""
    assert area(region_path(X, GRID, GRID, 0.5)) == pytest.approx(0.5 * 2, rel=1e-6)


@pytest.mark.parametrize(("middle", "pieces"), [(1.0, 1), (-1.0, 2)])
def test_a_saddle_joins_the_corners_that_its_middle_belongs_to(middle, pieces):
    z = np.array([[2.0, -2.0], [-2.0, 2.0]]) + middle
    lines = contour_lines(z, [0.0, 1.0], [0.0, 1.0], 0.0)
    assert len(lines) == 2
    path = region_path(z, np.array([0.0, 10.0]), np.array([0.0, 10.0]), 0.0)
    assert len(loops(path)) == pieces


def test_what_is_not_finite_counts_as_below():
    z = np.array([[1.0, np.nan], [np.inf, 1.0]])
    for line in contour_lines(z, [0.0, 1.0], [0.0, 1.0], 0.0):
        assert np.isfinite(line).all()
    assert contour_lines([[np.nan] * 3] * 3, range(3), range(3)) == []


def test_huge_values_do_not_overflow():
    (line,) = contour_lines([[-1e308, 1e308]] * 2, [0.0, 1.0], [0.0, 1.0])
    np.testing.assert_allclose(np.array(line)[:, 0], 0.5)


@settings(max_examples=60, deadline=None)
@given(arrays(np.float64, (5, 6), elements=st.integers(-3, 3).map(float)))
def test_every_line_keeps_what_is_above_on_one_side(z):
    """Just beside the middle of each piece of a line, the higher side is always the same one."""
    level = 0.4  # never hit by whole numbers, nor by the mean of four
    xs, ys = np.arange(6.0), np.arange(5.0)
    crossings = 0
    for line in contour_lines(z, xs, ys, level):
        crossings += len(line) - (line[0] == line[-1])
    above = z > level
    flips = (above[:, 1:] != above[:, :-1]).sum() + (above[1:] != above[:-1]).sum()
    assert crossings == flips  # each crossing edge is passed exactly once
    # A region and the region of all that is lower make up the whole.
    higher = area(region_path(z, xs * 100, ys * 100, level))
    lower = area(region_path(-z, xs * 100, ys * 100, -level))
    assert higher + lower == pytest.approx(500 * 400, rel=2e-3)


def test_points_on_a_straight_line_are_left_out():
    assert lines_path([[(0.0, 0.0), (1.0, 1.0), (2.0, 2.0), (2.0, 3.0)]]) == "M0 0L2 2L2 3"
    assert lines_path([[(0.0, 0.0), (0.04, 0.0)]]) == ""
