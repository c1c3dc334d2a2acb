"""Adam at its own best rate beats SGD at its own; a rate far too high diverges and is said so."""

import math
import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

example = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("main.py"))))


def test_the_story_runs(tmp_path):
    result = example.main(quick=True, folder=tmp_path)
    assert result["ratio"] >= 4.2
    assert result["Adam error"] <= 0.03
    assert result["diverged"]
    assert {p.name for p in (tmp_path / "images").iterdir()} == {
        "rates.svg",
        "curves.svg",
        "steps.svg",
    }


def test_adam_needs_at_least_4_2_times_fewer_steps_than_sgd():
    # Rates as the full run chose them on other starts.
    seeds = range(5)
    adam = [example.run(example.Adam, 0.03, seed)["steps"] for seed in seeds]
    sgd = [example.run(example.SGD, 0.3, seed)["steps"] for seed in seeds]
    assert max(adam) < math.inf
    assert np.median(sgd) / np.median(adam) >= 4.2


def test_at_its_default_rate_adam_is_no_faster_than_sgd():
    slow = example.run(example.Adam, 1e-3, seed=0)["steps"]
    assert slow > 1_000


@pytest.mark.parametrize("name", ["SGD", "momentum 0.9"])
def test_a_rate_far_too_high_diverges_and_is_reported(name):
    wild = example.run(example.OPTIMIZERS[name], 30.0, seed=0)
    assert wild["diverged"]
    assert wild["steps"] == math.inf
    assert len(wild["errors"]) < 100


def test_a_run_that_is_too_short_is_not_called_solved():
    short = example.run(example.SGD, 0.3, seed=0, steps=50)
    assert short["steps"] == math.inf and not short["diverged"]


def test_adam_and_nesterov_converge_alike_and_faster_than_adagrad():
    paper = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("adam_paper.py"))))
    rates = {"AdaGrad": 0.3, "SGD Nesterov": 1.0, "Adam": 0.1}  # as the full run chose them
    cost = {
        name: paper.run(paper.OPTIMIZERS[name], lr, seed=0, epochs=15)[-1]
        for name, lr in rates.items()
    }
    assert abs(cost["Adam"] - cost["SGD Nesterov"]) < 0.01
    assert cost["AdaGrad"] > max(cost["Adam"], cost["SGD Nesterov"]) + 0.01


paths = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("paths.py"))))


def test_the_paths_are_drawn(tmp_path):
    result = paths.main(quick=True, folder=tmp_path)
    assert all(f"{s} {o}" in result for s in paths.SURFACES for o in paths.OPTIMIZERS)
    assert {p.name for p in (tmp_path / "images").iterdir()} == {
        "path_rosenbrock.svg",
        "path_beale.svg",
        "path_saddle.svg",
    }


def test_momentum_goes_far_along_the_valley_where_sgd_crawls():
    # Rates as the full run chose them.
    ends = {
        name: paths.height("rosenbrock", paths.walk("rosenbrock", make, 0.001, 500)[-1])
        for name, make in paths.OPTIMIZERS.items()
    }
    assert ends["SGD"] > 1
    assert ends["momentum 0.9"] < 0.1
    too_high = paths.walk("rosenbrock", paths.SGD, 0.01, 500)[-1]
    assert paths.height("rosenbrock", too_high) == math.inf


def test_dividing_by_the_gradients_size_leaves_a_saddle_at_once():
    steps = {
        name: paths.left_after(paths.walk("saddle", make, 0.03, 200))
        for name, make in paths.OPTIMIZERS.items()
    }
    assert max(steps["RMSprop"], steps["Adam"]) < steps["SGD"] / 2
    assert paths.left_after(paths.walk("saddle", paths.SGD, 0.03, 20)) == math.inf


full_batch = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("full_batch.py"))))


def test_the_full_batches_are_drawn(tmp_path):
    result = full_batch.main(quick=True, folder=tmp_path)
    assert len(result) == len(full_batch.MODELS) * len(full_batch.OPTIMIZERS)
    assert {p.name for p in (tmp_path / "images").iterdir()} == {
        "full_batch_logistic.svg",
        "full_batch_network.svg",
    }


@pytest.mark.parametrize(
    ("task", "rate"), [("logistic regression", 0.3), ("network 64-32-10", 0.03)]
)
def test_lbfgs_is_lower_after_sixty_computations_than_adam_after_a_hundred(task, rate):
    # Adam's rates as the full run chose them.
    searching, _ = full_batch.run(task, full_batch.OPTIMIZERS["L-BFGS"], 1.0, seed=0, budget=100)
    adam, _ = full_batch.run(task, full_batch.Adam, rate, seed=0, budget=100)
    assert searching[59] < adam[-1]
