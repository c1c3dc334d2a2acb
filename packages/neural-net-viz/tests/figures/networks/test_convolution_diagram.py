"""A kernel over an image: the output is the cross-correlation, the sum is that of its place."""

import re

import numpy as np
import pytest

import neural_net_viz as viz
from neural_net_core import ShapeError

IMAGE = np.arange(20.0).reshape(4, 5) % 7
KERNEL = np.array([[1.0, -1.0], [2.0, 0.0]])


def number(text):
    return float(text.replace("−", "-"))


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 0), (1, 1), (2, 2), (3, 1)])
def test_the_output_is_the_cross_correlation(picture, stride, padding):
    padded = np.pad(IMAGE, padding)
    rows = (padded.shape[0] - 2) // stride + 1
    columns = (padded.shape[1] - 2) // stride + 1
    expected = [
        (padded[i * stride : i * stride + 2, j * stride : j * stride + 2] * KERNEL).sum()
        for i in range(rows)
        for j in range(columns)
    ]
    for animated in (False, True):
        figure = viz.convolution_diagram(
            IMAGE, KERNEL, stride=stride, padding=padding, animated=animated
        )
        words = [w for w in picture(figure).words() if re.fullmatch(r"−?\d+", w)]
        assert list(map(number, words[padded.size + KERNEL.size :]))[: len(expected)] == expected


def test_the_sum_is_that_of_the_place(picture):
    figure = viz.convolution_diagram(IMAGE, KERNEL, row=1, column=3)
    window = IMAGE[1:3, 3:5]
    (text,) = [w for w in picture(figure).words() if " = " in w]
    assert text in figure.description
    products, result = text.split(" = ")
    factors = [
        [number(f.strip("()")) for f in product.split(" · ")] for product in products.split(" + ")
    ]
    pairs = list(zip(KERNEL.ravel(), window.ravel(), strict=True))
    assert [tuple(f) for f in factors] == [(w, x) for w, x in pairs if w and x]
    assert number(result) == (KERNEL * window).sum() == sum(w * x for w, x in factors)


def test_the_window_lies_over_what_it_sees(picture):
    shown = picture(viz.convolution_diagram(IMAGE, KERNEL, row=1, column=1, stride=2))
    inner = shown.with_class("stroke-series-1")[0]
    x, y = map(float, re.match(r"M([\d.]+) ([\d.]+)h", inner.get("d")).groups())
    frames = shown.with_class("frame")
    left, top = float(frames[0].get("x")), float(frames[0].get("y"))
    cell = float(frames[0].get("width")) / IMAGE.shape[1]
    assert ((x - left) / cell, (y - top) / cell) == pytest.approx((2, 2))


def test_animated_every_place_has_its_frame_and_the_output_stays(picture):
    figure = viz.convolution_diagram(IMAGE, KERNEL, animated=True, seconds=7)
    shown = picture(figure)
    names = [g.get("id").split("-", 2)[2] for g in shown.all("g")]
    assert [n for n in names if n.startswith("kept")] == [f"kept-{k}" for k in range(12)]
    assert [n for n in names if n.startswith("frame")] == [f"frame-{k}" for k in range(12)]
    svg = figure.to_string()
    assert "film 7s step-end infinite" in svg
    # At rest the last place shows, and the whole output.
    still = svg.partition("prefers-reduced-motion")[0]
    hidden = re.findall(r"-((?:frame|kept)-\d+)\{visibility:hidden", still)
    assert hidden == [f"frame-{k}" for k in range(11)]


def test_wrong_arguments_are_named():
    with pytest.raises(ShapeError, match=r"kernel that fits into the image \(1, 1\)"):
        viz.convolution_diagram([[1.0]], [[1.0, 2.0]])
    with pytest.raises(ValueError, match=r"row"):
        viz.convolution_diagram(IMAGE, KERNEL, row=3)
    with pytest.raises(ValueError, match=r"column"):
        viz.convolution_diagram(IMAGE, KERNEL, column=4)
    with pytest.raises(ValueError, match=r"image with padding"):
        viz.convolution_diagram(IMAGE, KERNEL, padding=4)
    with pytest.raises(ValueError, match=r"stride"):
        viz.convolution_diagram(IMAGE, KERNEL, stride=0)
    with pytest.raises(ValueError, match=r"seconds"):
        viz.convolution_diagram(IMAGE, KERNEL, animated=True, seconds=0)
