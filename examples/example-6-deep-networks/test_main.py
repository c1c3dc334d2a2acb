"""A plain deep stack learns nothing; with sums it does, and with norms as well in fewer steps."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import beginnings
import descent
import numpy as np
import pytest
import stacks

SEEDS = range(3)


@pytest.fixture(scope="module")
def example():
    """Run the example's main file, which imports the others."""
    return SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("main.py"))))


def test_the_story_runs(example, tmp_path):
    result = example.main(quick=True, folder=tmp_path)
    assert result["residual, LayerNorm, 12"] > result["plain, PyTorch's default, 12"]
    assert {path.name for path in (tmp_path / "images").iterdir()} == {
        "gradients.svg",
        "likeness.svg",
        "curves.svg",
        "depths.svg",
    }


def test_64_plain_layers_fail_where_residual_ones_with_layer_norm_succeed(example):
    task = descent.spirals(SEEDS)
    for lr in (0.003, 0.01):
        plain = example.trained("plain", task, lr, SEEDS, depth=64, steps=150)
        assert np.median(plain["accuracy"]) < 0.8 and np.isinf(plain["reached"]).all()
    normed = example.trained("residual, LayerNorm", task, 0.01, SEEDS, depth=64, steps=150)
    assert np.median(normed["accuracy"]) >= 0.98
    assert np.median(normed["reached"]) <= 125


def test_residual_networks_of_32_layers_learn_without_a_norm(example):
    runs = example.trained("residual", descent.spirals(SEEDS), 0.03, SEEDS, depth=32, steps=300)
    assert np.median(runs["accuracy"]) >= 0.97


def test_six_plain_layers_are_no_failure(example):
    runs = example.trained("plain", descent.spirals(SEEDS), 0.1, SEEDS, depth=6, steps=300)
    assert np.median(runs["accuracy"]) >= 0.97


def test_the_gradient_vanishes_by_depth_only_with_the_default_start_and_no_sum():
    ratio = {
        (kind, depth): np.median(norms[:, 0] / norms[:, -1])
        for kind in ("plain, PyTorch's default", "plain", "residual")
        for depth in (6, 24)
        for norms in [beginnings.first_gradients(kind, depth, SEEDS)]
    }
    assert ratio["plain, PyTorch's default", 24] < 1e-6 * ratio["plain, PyTorch's default", 6]
    assert ratio["plain", 24] > 0.01
    assert ratio["residual", 24] > 0.05


def test_points_become_alike_in_a_plain_stack_and_not_in_a_residual_one():
    plain, residual = (beginnings.likeness(k, 32, SEEDS) for k in ("plain", "residual, LayerNorm"))
    assert (plain[:, -1] > 0.95).all() and (plain[:, 0] < 0.6).all()
    assert (residual[:, -1] < plain[:, -1] - 0.05).all()


def test_unscaled_sums_grow_with_depth():
    sizes = {}
    for kind in ("residual", "residual, not scaled"):
        model = stacks.network(kind, 32, SEEDS, (2, 2))
        sizes[kind] = np.abs(model(descent.spirals(SEEDS).x).numpy()).mean()
    assert sizes["residual, not scaled"] > 20 * sizes["residual"]


@pytest.mark.parametrize("kind", stacks.KINDS)
def test_networks_side_by_side_share_nothing(kind):
    task = descent.spirals(range(2))
    both, alone = (stacks.network(kind, 6, range(n), (2, 2)) for n in (2, 1))
    descent.gradients(both, task.x, task.y)
    descent.gradients(alone, task.x[:1], task.y[:1])
    for a, b in zip(stacks.weights(both), stacks.weights(alone), strict=True):
        assert np.array_equal(a.numpy()[0], b.numpy()[0])
        np.testing.assert_allclose(a.grad[0], b.grad[0], rtol=1e-3, atol=1e-6)


def test_all_kinds_have_the_same_layers():
    for kind in stacks.KINDS:
        layers = stacks.weights(stacks.network(kind, 12, range(1), (2, 2)))
        assert [w.shape for w in layers] == [(1, 2, 32)] + 10 * [(1, 32, 32)] + [(1, 32, 2)]
