"""Convolution saves parameters, its filters learn, and neither net forgives a shift unasked."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from neural_net_core import CrossEntropyLoss
from neural_net_utils import mnist_1d

HERE = Path(__file__).parent


def load(name):
    return SimpleNamespace(**runpy.run_path(str(HERE / name)))


@pytest.fixture(scope="module")
def example():
    """Run the example's main file, which imports the others."""
    return load("main.py")


@pytest.fixture(scope="module")
def small_cnn(example):
    """Train the CNN of 1,090 parameters for some of its epochs."""
    return example.digit_run(example.NETWORKS["CNN 5-5"], False, seed=20, epochs=20)


def test_networks_have_the_parameters_that_the_story_says(example):
    counts = {name: example.parameter_count(name) for name in example.NETWORKS}
    assert counts == {
        "linear": 650,
        "MLP 16": 1_210,
        "MLP 128": 9_610,
        "CNN 5-5": 1_090,
        "CNN 18-18": 6_004,
        "CNN 24-24-64": 30_738,
    }


def test_1090_parameters_read_digits(small_cnn):
    _, score, _ = small_cnn
    assert score >= 0.95


def test_a_shift_by_one_pixel_breaks_it_unless_it_has_seen_shifts(example, small_cnn):
    _, score, moved = small_cnn
    assert moved < score - 0.25
    _, _, taught = example.digit_run(example.NETWORKS["CNN 5-5"], True, seed=20, epochs=20)
    assert taught > moved + 0.2


def test_an_untrained_network_guesses(example):
    runs = load("digit_runs.py")
    model = example.NETWORKS["CNN 5-5"](np.random.default_rng(20))
    assert runs.share_right(model, *runs.digits("test")) < 0.3


def test_trained_filters_move_and_frozen_ones_do_not(example):
    score, moved = example.filter_run(False, seed=20, epochs=10)
    frozen_score, frozen_moved = example.filter_run(True, seed=20, epochs=10)
    assert moved > 0.2
    assert frozen_moved == 0
    assert min(score, frozen_score) > 0.85  # random filters are worth nearly as much


def test_the_gradient_of_the_filters_is_the_slope_of_the_loss(example):
    """A good score would not prove it: frozen filters score, too."""
    model = example.NETWORKS["CNN 5-5"](np.random.default_rng(0)).astype(np.float64)
    rng = np.random.default_rng(1)
    x, y = rng.random((4, 1, 8, 8)), np.array([3, 1, 4, 1])
    loss_fn = CrossEntropyLoss()

    def loss():
        return loss_fn(model(x), y)

    loss().backward()
    filters = model[3].weight
    direction = rng.standard_normal(filters.shape)
    slope = (filters.grad * direction).sum()
    around = []
    for step in (1e-6, -2e-6):
        filters.data += step * direction
        filters.version += 1
        around.append(loss().item())
    assert (around[0] - around[1]) / 2e-6 == pytest.approx(slope, rel=1e-5)


def test_neighbours_are_the_eight_shifts():
    shifted = load("shifted_digits.py")
    image = np.zeros((1, 1, 8, 8))
    image[0, 0, 3, 4] = 1
    places = {tuple(np.argwhere(moved[0, 0])[0]) for moved in shifted.neighbours(image)}
    assert places == {(3 + i, 4 + j) for i in (-1, 0, 1) for j in (-1, 0, 1)} - {(3, 4)}


def test_shuffling_costs_a_convolution_and_not_a_dense_network(example):
    scores = {
        (name, shuffled): example.signal_run(name, shuffled, seed=20, epochs=6)
        for name in ("dense", "convolutional")
        for shuffled in (False, True)
    }
    assert scores["convolutional", False] > scores["convolutional", True] + 0.1
    assert abs(scores["dense", False] - scores["dense", True]) < 0.1


def test_shuffled_signals_are_the_same_signals_in_another_order():
    task = load("one_dimension.py")
    x, y = task.signals(3, shuffled=False, n=50)
    z, same = task.signals(3, shuffled=True, n=50)
    plain, labels = mnist_1d(50, rng=np.random.default_rng(1_003))
    assert np.array_equal(x[:, 0], plain) and np.array_equal(y, labels)
    assert np.array_equal(y, same) and not np.array_equal(x, z)
    assert np.array_equal(np.sort(x), np.sort(z))


def test_all_figures_are_drawn(example, tmp_path):
    few = {"a": [0.5, 0.6], "b": [0.7, 0.9]}
    example.draw(few, few, few, few, tmp_path)
    example.draw_network(example.NETWORKS["CNN 5-5"](np.random.default_rng(0)), tmp_path)
    example.draw_signals(tmp_path)
    committed = {path.name for path in (HERE / "images").glob("*.svg")}
    assert {path.name for path in tmp_path.iterdir()} == committed
