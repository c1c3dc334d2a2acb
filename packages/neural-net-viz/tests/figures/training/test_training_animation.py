"""The animation of a training run: frames, what each shows, and readers who want none."""

import re

import numpy as np
import pytest

import neural_net_viz as viz
from neural_net_core import Dense, FeedForward, Sequential, ShapeError, Sigmoid

X, T = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), [0, 1, 1, 0]


def styles(shown):
    """Return the style sheets: of what rests, and at the end of what moves."""
    assert len(shown.all("style")) == 2
    return "\n".join(e.text for e in shown.all("style"))


def network(w, b):
    """One neuron with these weights."""
    model = Sequential(Dense(2, 1), Sigmoid())
    model.load_state_dict({"0.weight": [w], "0.bias": [b]})
    return model


def states(*pairs):
    return {
        10 * k: {"0.weight": np.array([w]), "0.bias": np.array([b])}
        for k, (w, b) in enumerate(pairs)
    }


def animate(snapshots, losses=None, **options):
    losses = np.linspace(1, 0.1, 10 * len(snapshots)) if losses is None else losses
    return viz.training_animation(network([0, 0], 0), snapshots, X, T, losses, **options)


def frame(shown, k):
    return next(g for g in shown.all("g") if g.get("id").endswith(f"-frame-{k}"))


def test_every_frame_shows_alone_and_the_last_one_rests(picture):
    shown = picture(animate(states(*[([1, k], 0) for k in range(4)]), seconds=5))
    style = styles(shown)
    keys = re.search(r"@keyframes \S+-film\{(.*?\})\}", style)[1]
    shown_at = {}
    state = {}
    for at, declared in re.findall(r"([\d.]+)%\{(.*?)\}", keys):
        state |= dict(pair.split(":") for pair in declared.split(";"))
        shown_at[at] = [k for k in range(4) if state[f"--nnv-frame-{k}"] == "visible"]
    assert shown_at == {"0": [0], "21.5": [1], "43": [2], "64.5": [3]}
    assert style.count("5s step-end infinite") == 1


def test_readers_who_want_no_motion_see_the_last_frame(picture):
    style = styles(picture(animate(states(([1, 0], 0), ([2, 0], 0)))))
    still = re.sub(r"(?s)@media \(prefers-reduced-motion:no-preference\).*", "", style)
    assert "animation" not in still
    assert re.findall(r"-frame-(\d)\{visibility:hidden\}", still) == ["0"]


def test_the_boundary_lies_where_the_network_says_one_half(picture, coordinates):
    # σ(4 (x₁ − 0.5)): upright through the middle; then through x₁ = 0, a sixth of the width.
    shown = picture(animate(states(([4, 0], -2), ([4, 0], 0))))
    edges = []
    box = shown.with_class("frame")[0]
    left, side = float(box.get("x")), float(box.get("width"))
    for k in (0, 1):
        line = next(e for e in frame(shown, k).iter() if "nnv-line" in (e.get("class") or ""))
        xs = np.array(coordinates(line.get("d")))[:, 0]
        np.testing.assert_allclose(xs, xs[0], atol=0.11)
        edges.append((xs[0] - left) / side)
    np.testing.assert_allclose(edges, [0.5, 1 / 6], atol=0.01)


def test_logits_and_probabilities_give_the_same_map():
    with_sigmoid = animate(states(([4, -3], 1)))
    bare = Sequential(Dense(2, 1))
    losses = np.linspace(1, 0.1, 10)
    without = viz.training_animation(bare, states(([4, -3], 1)), X, T, losses)
    assert with_sigmoid == without


def test_widths_are_those_of_the_weights_in_all_frames(picture):
    shown = picture(animate(states(([1, -2], 0), ([0, 4], 0))))
    widths = [
        [
            float(re.search(r"[\d.]+", e.get("style"))[0])
            for e in frame(shown, k).iter()
            if e.get("style")
        ]
        for k in (0, 1)
    ]
    np.testing.assert_allclose(widths, [[0.4 + 6.6 / 4, 0.4 + 6.6 / 2], [0.4, 7]], atol=0.01)
    dashed = [e.get("stroke-dasharray") for e in frame(shown, 0).iter() if e.get("style")]
    assert dashed == [None, "5 3"]


def test_the_mark_stands_on_the_curve(picture, coordinates):
    shown = picture(animate(states(([1, 0], 0), ([2, 0], 0)), losses=np.geomspace(1, 0.01, 21)))
    curve = np.array(coordinates(shown.with_class("stroke-series-0")[0].get("d")))
    for k, at in ((0, 0), (1, 10)):
        (mark,) = [e for e in frame(shown, k).iter() if e.get("cx")]
        np.testing.assert_allclose(
            [float(mark.get("cx")), float(mark.get("cy"))], curve[at], atol=0.01
        )


def test_the_model_is_left_as_it_was():
    model = FeedForward((2, 3, 1), rng=np.random.default_rng(0)).train()
    before = {name: np.array(value) for name, value in model.state_dict().items()}
    other = FeedForward((2, 3, 1), rng=np.random.default_rng(1)).state_dict()
    viz.training_animation(model, {0: other}, X, T, [1.0])
    assert model.training
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


def test_bad_input():
    one = states(([1, 0], 0))
    with pytest.raises(ValueError, match="expected at least one"):
        animate({})
    with pytest.raises(ValueError, match="from step 0 to 10, but losses after 0 to 4 steps"):
        animate(states(([1, 0], 0), ([1, 0], 0)), losses=np.ones(5))
    with pytest.raises(ValueError, match="more than 0, got 0"):
        animate(one, seconds=0)
    with pytest.raises(ShapeError, match=r"got \(4, 2\) and \(3,\)"):
        viz.training_animation(network([1, 0], 0), one, X, T[:3], [1.0])
    wide = FeedForward((2, 13, 1))
    with pytest.raises(ValueError, match="at most 12 nodes in a layer, got 13"):
        viz.training_animation(wide, {0: wide.state_dict()}, X, T, [1.0])
    deep = FeedForward((3, 1))
    with pytest.raises(ShapeError, match=r"2 inputs and 1 output, got \[3, 1\]"):
        viz.training_animation(deep, {0: deep.state_dict()}, X, T, [1.0])
    with pytest.raises(ValueError, match="Sigmoid has no Dense layer"):
        viz.training_animation(Sigmoid(), {0: {}}, X, T, [1.0])
