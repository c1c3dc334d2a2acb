"""Saliency: image, signed gradient and its strength, on the right pixels."""

import numpy as np
import pytest

import neural_net_viz as viz
from neural_net_core import ShapeError


def test_the_three_panels_show_their_own_quantity(picture):
    gradient = np.zeros((4, 4))
    gradient[1, 2] = -3.0
    gradient[0, 0] = 1.5
    shown = picture(viz.saliency_map(np.eye(4), gradient))
    names = ("image", "gradient", "strength of the gradient")
    panels = {t.content: t.corners[0][0] for t in shown.texts() if t.content in names}
    frames = sorted(float(e.get("x")) for e in shown.with_class("frame"))
    assert list(panels.values()) == frames
    side = float(shown.with_class("frame")[0].get("width")) / 4

    def places(name):
        return [p.get("d")[1:].split("H")[0] for p in shown.with_class(name) if p.get("d")]

    (negative,) = places("fill-signed-0")
    x, _ = map(float, negative.split())
    assert x == pytest.approx(frames[1] + 2 * side, abs=0.01)
    (strong,) = places("fill-sequential-32")
    x, _ = map(float, strong.split())
    assert x == pytest.approx(frames[2] + 2 * side, abs=0.01)


def test_the_strongest_channel_counts():
    gradient = np.zeros((3, 2, 2))
    gradient[0, 0, 1] = 0.25
    gradient[2, 0, 1] = -4.0
    figure = viz.saliency_map(np.ones((3, 2, 2)), gradient)
    assert figure.description.endswith("strongest at row 1, column 2, with −4.")


def test_image_and_gradient_have_one_shape():
    with pytest.raises(ShapeError, match=r"image's shape \(1, 2, 2\), got \(1, 3, 3\)"):
        viz.saliency_map(np.ones((2, 2)), np.ones((3, 3)))
    with pytest.raises(ShapeError, match="at least one pixel"):
        viz.saliency_map(np.ones((0, 2)), np.ones((0, 2)))
