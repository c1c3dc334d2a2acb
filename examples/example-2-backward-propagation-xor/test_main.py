"""A hidden layer learns XOR; untrained networks and single layers do not know it."""

import itertools
import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

example = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("main.py"))))


def test_the_story_holds(tmp_path):
    result = example.main(quick=True, folder=tmp_path)
    assert result["before"] > 0.4
    assert result["after"] < 0.1
    assert result["gradient_error"] < 1e-6
    assert result["no hidden layer"] == 0


@pytest.mark.parametrize("seed", range(5))
def test_every_row_is_right_with_margin(seed):
    model = example.network(seed)
    assert example.worst_error(model) > 0.4
    example.train(model)
    assert example.worst_error(model) < example.MARGIN


def test_the_film_ends_with_four_right_answers_from_each_of_20_seeds():
    models = [example.network(seed) for seed in range(20)]
    for model in models:
        example.train(model, example.FILM_STEPS)
    errors = [example.worst_error(model) for model in models]
    assert max(errors) < 0.5
    assert [seed for seed, error in enumerate(errors) if error >= example.MARGIN] == [19]


def test_a_single_layer_settles_at_one_half():
    model = example.network(0, sizes=(2, 1))
    example.train(model)
    np.testing.assert_allclose(example.outputs(model), 0.5, atol=0.01)


def test_no_line_separates_xor():
    # Every line through the square's grid of half units, on every angle tried: 3 of 4 at best.
    x, t = example.TABLE.inputs, example.TABLE.outputs[:, 0]
    best = 0
    for w1, w2, b in itertools.product(np.linspace(-2, 2, 17), repeat=3):
        best = max(best, int(((x @ [w1, w2] + b > 0) == (t > 0.5)).sum()))
    assert best == 3


@pytest.mark.parametrize("row", range(4))
def test_the_hand_calculation_matches_every_row(row):
    model = example.network(3)
    hand = example.backward_by_hand(model, row)
    for a, b in zip(hand.values(), example.backward_by_library(model, row), strict=True):
        np.testing.assert_allclose(b, a, atol=1e-6)
