"""Sigmoid's gradient vanishes and the network stays where it was; the others learn the spirals."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import shapes
import spirals
import starts

import neural_net_viz as viz
from neural_net_core import GELU, BCEWithLogitsLoss, ReLU

SEEDS = range(3)


@pytest.fixture(scope="module")
def example():
    """Run the example's main file, which imports the others."""
    return SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("main.py"))))


def test_the_story_runs(example, tmp_path):
    result = example.main(quick=True, folder=tmp_path)
    assert result["Sigmoid"] < 0.6
    drawn = {path.stem for path in (tmp_path / "images").iterdir()}
    for name in ("sigmoid", "tanh", "relu", "gelu"):
        assert {f"gradients_{name}", f"histograms_{name}", f"boundary_{name}"} <= drawn
    assert {"rates", "dead", "functions_smooth", "slopes_smooth"} <= drawn


def test_sigmoid_stays_at_guessing(example):
    for lr in (0.1, 1.0):
        assert max(example.trained("Sigmoid", lr, SEEDS, steps=600)["accuracy"]) < 0.7


def test_sigmoids_gradient_vanishes_below_layer_3_and_relus_does_not(example):
    sizes = {
        name: np.median(
            example.trained(name, 0.1, SEEDS, steps=25, look_at=(0,))["gradients"][0], axis=1
        )
        for name in ("Sigmoid", "ReLU")
    }
    assert (np.diff(sizes["Sigmoid"]) > 0).all()  # smaller and smaller on the way back
    assert max(sizes["Sigmoid"][:3]) < 0.01 * sizes["Sigmoid"][-1]
    assert min(sizes["ReLU"]) > 0.1 * sizes["ReLU"][-1]


# Rates as the full run chose them on other starts.
@pytest.mark.parametrize(
    ("name", "lr", "least"), [("ReLU", 0.3, 0.94), ("LeakyReLU", 0.3, 0.96), ("GELU", 0.3, 0.95)]
)
def test_they_learn_the_spirals(example, name, lr, least):
    assert np.median(example.trained(name, lr, SEEDS)["accuracy"]) >= least


def test_a_rate_too_high_kills_relus_and_not_leaky_ones(example):
    assert np.median(example.trained("ReLU", 1.0, SEEDS, steps=200)["dead"]) > 0.1
    assert np.median(example.trained("LeakyReLU", 1.0, SEEDS, steps=200)["dead"]) == 0


def test_relu_with_the_default_start_fails_and_with_batch_norm_trains():
    assert max(starts.started("ReLU, PyTorch's default", 0.3, SEEDS, 600)["accuracy"]) < 0.75
    trained = starts.started("ReLU, default, BatchNorm", 0.3, SEEDS, 300)
    assert np.median(trained["accuracy"]) > 0.95


def test_batch_norm_brings_sigmoids_gradient_back():
    activation, start, _ = starts.CASES["sigmoid, He"]
    ratios = []
    for norm in (False, True):
        model = spirals.network(activation, SEEDS, start, norm)
        sizes = spirals.run(model, SEEDS, 0.1, 25, look_at=(0,))["gradients"][0]
        ratios.append(np.median(sizes[0] / sizes[-1]))
    assert ratios[0] < 1e-3 and ratios[1] > 0.1


def test_networks_side_by_side_share_nothing():
    both, alone = spirals.network(ReLU, range(2)), spirals.network(ReLU, range(1))
    x, y, _, _ = spirals.spirals(range(2))
    (BCEWithLogitsLoss()(both(x), y) * 2).backward()
    BCEWithLogitsLoss()(alone(x[:1]), y[:1]).backward()
    for a, b in zip(both.parameters(), alone.parameters(), strict=True):
        assert np.array_equal(a.numpy()[0], b.numpy()[0])
        np.testing.assert_allclose(a.grad[0], b.grad[0], rtol=1e-4, atol=1e-7)


def test_the_slopes_are_those_of_the_textbook():
    sigmoid, tanh, gelu = (
        shapes.value_and_slope(make)[1] for make in (starts.Sigmoid, starts.Tanh, GELU)
    )
    middle = len(shapes.X) // 2
    assert sigmoid[middle] == 0.25 and tanh[middle] == 1
    assert gelu[middle] == pytest.approx(0.5, abs=1e-6)
    assert gelu.min() < 0  # it is not monotone
    assert shapes.steepest(starts.Sigmoid) == 0.25


def test_a_unit_is_dead_if_no_point_reaches_it():
    slopes = np.ones((1, 4, 3))
    slopes[:, :, 0] = 0
    slopes[:, 1:, 1] = 0  # one point is enough to be alive
    np.testing.assert_allclose(spirals.dead_share(slopes), [1 / 3])
    np.testing.assert_allclose(spirals.saturated_share(slopes, 1.0), [7 / 12])


def test_a_film_of_another_seed_is_another_film(example):
    regions = example.regions
    assert regions.film(1).to_string() != regions.film(2).to_string()


def test_the_moons_are_parted_from_13_of_20_seeds(example, monkeypatch):
    # What would be drawn, in place of the drawing.
    monkeypatch.setattr(viz, "training_animation", lambda *drawn, title: drawn)
    losses = [example.regions.film(seed)[-1][-1] for seed in range(20)]
    assert sum(loss < 0.05 for loss in losses) == 13
    assert sum(loss > 0.2 for loss in losses) == 7
    assert losses[2] > 0.2
