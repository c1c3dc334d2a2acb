"""One step down a slope: where it leads, and what is drawn of it."""

import numpy as np
import pytest

import neural_net_viz as viz
from neural_net_core import ShapeError, ops


def test_the_step_is_w_minus_lr_times_dw():
    words = viz.gradient_step(lambda w: 3 * w**2 - w, -2.0, lr=0.05).description
    assert "At w = −2 the loss L is 14 and its slope dw = −13" in words
    assert "w − lr · dw = −1.35, where it is 6.82" in words


def test_each_further_step_begins_where_the_last_ended(picture):
    shown = picture(viz.gradient_step(lambda w: w**2, 1.0, lr=0.25, steps=3))
    tips = [tip for tip in shown.tips() if tip.startswith("w: ")]
    assert tips == ["w: 0.5, 0.25", "w: 0.25, 0.0625", "w: 0.125, 0.0156", "w: 1, 1"]


def test_functions_of_tensors_will_do():
    def loss(w):
        return ops.exp(w) if hasattr(w, "backward") else np.exp(w)

    figure = viz.gradient_step(loss, 0.0, lr=1.0)
    assert "slope dw = 1;" in figure.description


def test_the_point_lies_on_the_curve(picture, coordinates):
    shown = picture(viz.gradient_step(lambda w: w**2, 1.0, lr=0.25, weight_range=(-1, 2)))
    longest = max(shown.with_class("stroke-series-0"), key=lambda e: len(e.get("d") or ""))
    curve = np.array(coordinates(longest.get("d")))
    (dot,) = [c for c in shown.all("circle") if float(c.get("r")) == 6]
    x, y = float(dot.get("cx")), float(dot.get("cy"))
    assert np.interp(x, curve[:, 0], curve[:, 1]) == pytest.approx(y, abs=0.5)


def test_the_arrow_says_what_it_is_where_there_is_room(picture):
    near = viz.gradient_step(lambda w: w**2, 1.0, lr=0.01, weight_range=(-9, 9))
    far = viz.gradient_step(lambda w: w**2, 1.0, lr=0.45)
    assert "− lr · dw" not in picture(near).words()
    assert "− lr · dw" in picture(far).words()


def test_wrong_arguments_are_named():
    with pytest.raises(
        ValueError, match="gradient_step: loss must be a function of weights, got 3"
    ):
        viz.gradient_step(3, 1.0, lr=0.1)
    with pytest.raises(ShapeError, match=r"expected \(2,\) losses for \(2,\) weights, got \(\)"):
        viz.gradient_step(lambda w: w.sum(), 1.0, lr=0.1)
    with pytest.raises(ValueError, match="at most 40"):
        viz.gradient_step(np.square, 1.0, lr=0.1, steps=41)
