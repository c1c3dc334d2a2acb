"""Network diagrams: every weight is a line of its size and sign."""

import numpy as np
import pytest

import neural_net_viz as viz
from neural_net_core import Dense, FeedForward, Flatten, ReLU, Sequential, ShapeError, Sigmoid, Tanh


def weights(shown):
    """Return the lines of weights (those with a tip), not those of the legend."""
    return [e for e in shown.all("line") if e.find("{http://www.w3.org/2000/svg}title") is not None]


def width(element):
    return float(element.get("style").partition("stroke-width:")[2])


def test_one_line_per_weight_with_its_sign(picture):
    shown = picture(viz.network_diagram([[[2.0, -4.0], [0.0, 1.0]]]))
    lines = {e[0].text: e for e in weights(shown)}
    assert len(lines) == 4
    negative = lines["weight from 2 to 1: −4"]
    assert "stroke-negative" in negative.get("class") and negative.get("stroke-dasharray")
    positive = lines["weight from 1 to 1: 2"]
    assert "stroke-positive" in positive.get("class") and not positive.get("stroke-dasharray")
    assert width(lines["weight from 1 to 2: 0"]) < width(positive) < width(negative)
    np.testing.assert_allclose(width(positive), 0.5 + 4.5 * 0.5)


def test_large_layers_say_how_many_nodes_are_left_out(picture):
    model = Sequential(Dense(64, 128), ReLU(), Dense(128, 10))
    shown = picture(viz.network_diagram(model))
    assert {"… 56 more", "… 120 more", "… 2 more"} <= set(shown.words())
    assert len(weights(shown)) == 8 * 8 * 2
    assert len(shown.with_class("node")) == 24
    assert "input (64)" in shown.words() and "hidden (128, relu)" in shown.words()
    few = picture(viz.network_diagram(model, max_nodes=3))
    assert len(few.with_class("node")) == 9 and "… 125 more" in few.words()


def test_values_are_what_the_network_computes(picture):
    model = FeedForward((2, 2, 1), Sigmoid, Sigmoid)
    state = [[[20, 20], [-20, -20]], [-10, 30], [[20, 20]], [-30]]
    model.load_state_dict(dict(zip(model.state_dict(), state, strict=True)))
    shown = picture(viz.network_diagram(model, inputs=[0.0, 1.0]))
    values = [t for t in shown.tips() if t.startswith("node")]
    assert values == [
        "node 1, value 0",
        "node 2, value 1",
        "node 1, value 1, bias −10",
        "node 2, value 1, bias 30",
        "node 1, value 1, bias −30",
    ]
    assert not model.layers[0]._forward_hooks


def test_biases_and_names_are_written(picture):
    shown = picture(
        viz.network_diagram([[[1.0, 2.0]]], [[0.25]], input_names=["A", "B"], output_names=["Y"])
    )
    assert {"A", "B", "Y", "b 0.25", "1", "2"} <= set(shown.words())
    without = picture(viz.network_diagram([[[1.0, 2.0]]], weight_labels=False))
    assert "2" not in without.words()


def test_activations_are_found_in_the_order_of_the_modules(picture):
    words = picture(
        viz.network_diagram(Sequential(Flatten(), Dense(2, 2), Tanh(), Dense(2, 2), Dense(2, 1)))
    ).words()
    assert {"hidden 1 (2, tanh)", "hidden 2 (2)", "output (1)"} <= set(words)


def test_bad_input():
    with pytest.raises(ShapeError, match="layer 1 takes 3 inputs, but layer 0 has 2 outputs"):
        viz.network_diagram([np.zeros((2, 2)), np.zeros((1, 3))])
    with pytest.raises(ShapeError, match=r"bias 0 is \(3,\), expected \(2,\)"):
        viz.network_diagram([np.zeros((2, 2))], [np.zeros(3)])
    with pytest.raises(ShapeError, match=r"lengths \[2, 1\], got \[2, 2\]"):
        viz.network_diagram([np.zeros((1, 2))], values=[[1, 2], [3, 4]])
    with pytest.raises(ValueError, match="Tanh has no Dense layer"):
        viz.network_diagram(Tanh())
    with pytest.raises(ValueError, match="2 or more, got 1"):
        viz.network_diagram([[[1.0]]], max_nodes=1)


def test_of_many_layers_the_first_and_the_last_are_drawn(picture):
    """No line leads over the gap, and the description still counts all."""
    weights = [np.full((2, 2), float(i + 1)) for i in range(60)]
    figure = viz.network_diagram(weights)
    shown = picture(figure)
    assert "53 more layers" in shown.words() and len(shown.with_class("node")) == 16
    assert "240 weights from 1 to 60" in figure.description
    assert {"input (2)", "hidden 3 (2)", "hidden 57 (2)", "output (2)"} <= set(shown.words())
    ends = [(float(e.get("x1")), float(e.get("x2"))) for e in shown.all("line") if e.get("y1")]
    columns = sorted({float(e.get("cx")) for e in shown.with_class("node")})
    assert (columns[3], columns[4]) not in ends and (columns[4], columns[5]) in ends


def test_weights_may_come_stacked():
    stacked = np.ones((2, 3, 3))
    assert viz.network_diagram(stacked) == viz.network_diagram(list(stacked))
