"""Image grids: every pixel has its shade, captions and marks stand below."""

import re

import numpy as np
import pytest

import neural_net_viz as viz
from neural_net_core import ShapeError


def area(element):
    """Sum the rectangles that a path of squares is made of."""
    boxes = re.findall(r"M([\d.]+) ([\d.]+)H([\d.]+)V([\d.]+)H\1Z", element.get("d"))
    assert len(boxes) == element.get("d").count("M")
    return sum((float(r) - float(x)) * (float(b) - float(y)) for x, y, r, b in boxes)


def test_the_area_of_each_shade_is_its_share_of_the_pixels(picture):
    image = np.zeros((4, 4))
    image[0] = 1.0
    shown = picture(viz.image_grid([image]))
    full = sum(map(area, shown.with_class("fill-ink-32")))
    empty = sum(map(area, shown.with_class("fill-ink-0")))
    np.testing.assert_allclose(full * 3, empty)


def test_all_images_share_one_range(picture):
    shown = picture(viz.image_grid([[[0.0, 0.5]], [[0.5, 1.0]]]))
    assert len(shown.with_class("fill-ink-16")) == 2
    shown = picture(viz.image_grid([[[0.0, 0.5]]], value_range=(0.0, 1.0)))
    assert len(shown.with_class("fill-ink-16")) == 1


def test_signed_images_have_zero_in_the_middle(picture):
    shown = picture(viz.image_grid([[[-1.0, 0.0, 4.0]]], colors="signed"))
    assert len(shown.with_class("fill-signed-16")) == 1
    assert len(shown.with_class("fill-signed-32")) == 1
    assert len(shown.with_class("fill-signed-12")) == 1


def test_captions_and_marks(picture):
    shown = picture(viz.image_grid(np.zeros((2, 1, 3, 3)), ["a", "b"], correct=[True, False]))
    assert {"a", "b"} <= set(shown.words())
    assert shown.tips() == ["right", "wrong"]


def test_columns(picture):
    tall = picture(viz.image_grid(np.zeros((6, 8, 8)), columns=1))
    wide = picture(viz.image_grid(np.zeros((6, 8, 8)), columns=6))
    assert tall.height > 3 * wide.height


@pytest.mark.parametrize(("count", "columns"), [(7, 7), (8, 4), (15, 5)])
def test_rows_are_about_equally_long(picture, count, columns):
    chosen = viz.image_grid(np.zeros((count, 8, 8))).to_string()
    assert chosen == viz.image_grid(np.zeros((count, 8, 8)), columns=columns).to_string()


def test_bad_input():
    with pytest.raises(ShapeError, match=r"expected \(N, 1, H, W\), got \(2, 3, 4, 4\)"):
        viz.image_grid(np.zeros((2, 3, 4, 4)))
    with pytest.raises(ShapeError, match="expected 2 flags, got 1"):
        viz.image_grid(np.zeros((2, 4, 4)), correct=[True])
    with pytest.raises(ValueError, match="got 'rainbow'"):
        viz.image_grid(np.zeros((2, 4, 4)), colors="rainbow")


def test_there_is_at_least_one_column():
    with pytest.raises(ValueError, match=r"\(columns\): expected 1 or more, got 0"):
        viz.image_grid(np.zeros((1, 2, 2)), columns=0)
