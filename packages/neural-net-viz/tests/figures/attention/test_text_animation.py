"""A text that appears: every token keeps its place once it is there."""

import re

import pytest

import neural_net_viz as viz
from neural_net_core import ShapeError

TOKENS = ["To", " be", ",", "\n", "or", " not"]
SHARES = [1.0, 0.25, 0.5, 0.75, 0.1, 0.9]


def test_every_token_is_there_in_order(picture):
    shown = picture(viz.text_animation(TOKENS))
    assert shown.words()[1:] == ["To", "␣be", ",", "⏎", "or", "␣not"]


def test_a_lines_end_begins_a_new_line(picture):
    at = {t.content: t.corners[0] for t in picture(viz.text_animation(TOKENS)).texts()}
    assert at["⏎"][1] == at["To"][1] < at["or"][1]
    assert at["or"][0] == at["To"][0]


def test_the_prompt_stands_there_and_the_rest_comes(picture):
    figure = viz.text_animation(TOKENS, SHARES, prompt=2, seconds=3)
    shown = picture(figure)
    kept = [g for g in shown.all("g") if "-kept-" in g.get("id")]
    assert ["".join(g.itertext()).strip().split("\n")[-1] for g in kept] == [",", "⏎", "or", "␣not"]
    moving = figure.to_string().partition("prefers-reduced-motion")[2]
    assert "film 3s step-end infinite" in moving
    start = re.search(r"0%\{([^}]*)\}", moving)[1]
    assert re.findall(r"kept-(\d):visible", start) == ["0"]
    for k in range(1, 4):
        assert len(re.findall(rf"nnv-kept-{k}:visible", moving)) == 1


def test_the_shade_is_the_probability():
    tips = re.findall(r"<title>([^<]*: [\d.]+)</title>", viz.text_animation("ab", [0.25, 1.0])
                      .to_string())  # fmt: skip
    assert tips == ["a: 0.25", "b: 1"]
    words = viz.text_animation(TOKENS, SHARES, prompt=1).description
    assert words.endswith("Least likely: or (0.1).")


def test_wrong_arguments_are_named():
    with pytest.raises(ShapeError, match="expected 6, one per token, got 1"):
        viz.text_animation(TOKENS, [1.0])
    with pytest.raises(ValueError, match="prompt"):
        viz.text_animation(TOKENS, prompt=7)
    with pytest.raises(ValueError, match="seconds"):
        viz.text_animation(TOKENS, seconds=0)
