"""Each utility saves a run that fails without it, and changes nothing where none is needed."""

import math
import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def example():
    """Run the example's main file, which imports the others."""
    return SimpleNamespace(**runpy.run_path(str(HERE / "main.py")))


@pytest.fixture(scope="module")
def transformer():
    return SimpleNamespace(**runpy.run_path(str(HERE / "transformer_warm_up.py")))


def test_without_warm_up_the_deep_stack_does_not_learn_and_with_it_does(example):
    without = [example.deep_run(False, 0, seed)[0] for seed in (10, 11, 12)]
    warmed = [example.deep_run(False, example.WARMUP, seed)[0] for seed in (10, 11, 12)]
    # What a run without warm-up gets is a matter of luck: from guessing to most of the digits.
    assert np.median(warmed) > np.median(without) + 0.15
    assert min(without) < 0.5


def test_pre_norm_needs_no_warm_up(example):
    assert example.deep_run(True, 0, seed=10)[0] > 0.9


def test_a_deep_post_norm_transformer_stays_at_guessing_and_a_shallow_one_does_not(transformer):
    """The first 60 full steps decide it; the whole comparison takes minutes."""
    _, deep = transformer.transformer_run(False, 0, seed=10, steps=60)
    assert np.mean(deep[-10:]) == pytest.approx(math.log(transformer.SYMBOLS), abs=0.05)
    score, _ = transformer.transformer_run(False, 0, seed=10, steps=150, depth=2)
    assert score > 0.95


def test_the_transformers_figure_is_drawn(transformer, tmp_path):
    scores = transformer.main(quick=True, folder=tmp_path)
    assert list(scores) == list(transformer.KINDS)
    assert (tmp_path / "images" / "transformer_warm_up.svg").exists()


@pytest.mark.parametrize("seed", [10, 11, 12])
def test_the_recurrent_network_explodes_unless_it_is_clipped(example, seed):
    assert example.recurrent_run(clip=False, seed=seed, steps=40)["diverged"]
    clipped = example.recurrent_run(clip=True, seed=seed, steps=40)
    assert not clipped["diverged"]
    assert max(clipped["norms"]) > example.MAX_NORM


def test_short_sequences_at_a_lower_rate_do_not_explode(example):
    run = example.recurrent_run(clip=False, seed=10, steps=40, lr=0.01, length=5)
    assert not run["diverged"]


def test_stopping_early_keeps_what_training_on_would_lose(example):
    on = [example.overfitting_run(False, seed)[0] for seed in (10, 11, 12)]
    stopped = [example.overfitting_run(True, seed) for seed in (10, 11, 12)]
    assert np.median([score for score, _ in stopped]) > np.median(on) + 0.02
    for _, history in stopped:
        assert len(history.index) < example.EPOCHS
        best = int(np.argmin(history["val_loss"]))
        assert len(history.index) - 1 - best == 8  # patience


def test_the_figures_are_drawn(example, tmp_path):
    (tmp_path / "images").mkdir()
    example.show_clipping(range(10, 11), tmp_path / "images", steps=5)
    assert (tmp_path / "images" / "clipping.svg").exists()


def test_the_suggested_rate_trains_and_a_hundredth_of_it_hardly_does(example):
    search, score = example.rate_search(10)
    assert score > 0.9
    assert search.diverged
    assert example.rate_search(10, search.suggestion / 100)[1] < score - 0.1
