"""Memorizing is not knowing; each remedy helps where its assumption holds, and not where not."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from neural_net_core import Dense
from neural_net_utils import load_digits

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def example():
    """Run the example's main file, which imports the others."""
    return SimpleNamespace(**runpy.run_path(str(HERE / "main.py")))


@pytest.fixture(scope="module")
def remedies(example):
    return SimpleNamespace(**runpy.run_path(str(HERE / "remedies.py")))


def result(example, task, remedy, seed=30):
    data = example.draw_data(task, seed)
    model, _ = example.train(remedy, example.STRENGTHS[task.name][remedy], data, seed)
    return example.judged(model, data), model


def test_wrong_labels_are_learned_by_heart(example):
    wrong = example.TASKS[1]
    scores, _ = result(example, wrong, "none")
    assert scores["train"] > 0.98
    assert scores["test"] < 0.85


def test_remedies_close_a_part_of_the_gap_where_labels_are_wrong(example):
    wrong = example.TASKS[1]
    without, _ = result(example, wrong, "none")
    for remedy in ("AdamW", "L1"):
        assert result(example, wrong, remedy)[0]["test"] > without["test"] + 0.02


def test_l1_makes_weights_exactly_zero_and_the_others_do_not(example):
    wrong = example.TASKS[1]
    sparse, dense = (result(example, wrong, remedy)[1][0].weight for remedy in ("L1", "L2"))
    assert (sparse.numpy() == 0).mean() > 0.5
    assert (dense.numpy() == 0).sum() == 0


def test_l1_gives_less_weight_to_inputs_that_mean_nothing(example, remedies):
    task = type(example.TASKS[0])("noise", 200, noise_inputs=200)
    data = example.draw_data(task, 30)
    scores = {}
    for strength in (0.0, 0.6):
        model, _ = example.train("L1", strength, data, 30)
        scores[strength] = example.judged(model, data)["test"]
    lengths = np.linalg.norm(model[0].weight.numpy(), axis=0)
    assert lengths[:64].mean() > 1.2 * lengths[64:].mean()
    assert scores[0.6] > scores[0.0] + 0.05


def test_where_all_is_right_no_remedy_makes_much_of_a_difference(example):
    clean = example.TASKS[0]
    without, _ = result(example, clean, "none")
    assert without["train"] == 1.0
    for remedy in ("dropout", "AdamW", "label smoothing"):
        assert abs(result(example, clean, remedy)[0]["test"] - without["test"]) < 0.04


def test_the_proximal_step_minimizes_what_it_claims_to(remedies):
    layer = Dense(4, 3, rng=np.random.default_rng(0))
    layer.weight.data *= 0.3
    before = layer.weight.numpy().copy()
    bias = layer.bias.numpy().copy()
    remedies.SoftThreshold(layer, strength=2.0, lr=0.03).on_step_end(None)
    u = np.linspace(-1, 1, 20_001)
    for w, found in zip(before.ravel(), layer.weight.numpy().ravel(), strict=True):
        best = u[np.argmin(0.5 * (u - w) ** 2 + 0.06 * np.abs(u))]
        assert found == pytest.approx(best, abs=1e-4)
    assert np.array_equal(bias, layer.bias.numpy())


def test_settings_are_chosen_on_images_that_are_in_neither_comparison(example):
    images, _ = load_digits("train")
    task = example.TASKS[0]
    chosen_on = example.draw_data(task, 0, tuning=True)
    compared = example.draw_data(task, 0)
    everything = {row.tobytes() for row in chosen_on.x_test}
    assert len(chosen_on.x_test) == 500
    assert not everything & {row.tobytes() for row in compared.x_test}
    assert not everything & {row.tobytes() for row in compared.x}
    assert len(images) == 1_437


def test_as_many_labels_are_wrong_as_said(example):
    wrong = example.TASKS[1]
    data = example.draw_data(wrong, 0)
    images, labels = load_digits("train")
    pixels = (images - np.float32(0.305)) / np.float32(0.376)
    truth = {row.tobytes(): label for row, label in zip(pixels, labels, strict=True)}
    right = [truth[row.tobytes()] == y for row, y in zip(data.x, data.y, strict=True)]
    assert np.mean(right) == pytest.approx(0.7)


def test_augmentation_moves_pixels_and_leaves_noise_where_it_is(example, remedies):
    task = type(example.TASKS[0])("noise", 100, noise_inputs=20)
    data = example.draw_data(task, 0)
    x, y = remedies.shifted(1)((data.x[:50], data.y[:50]), np.random.default_rng(0))
    assert np.array_equal(x[:, 64:], data.x[:50, 64:])
    assert np.array_equal(y, data.y[:50])
    assert not np.array_equal(x[:, :64], data.x[:50, :64])
    assert x[:, :64].min() == pytest.approx(data.x[:, :64].min(), abs=1e-5)


def test_stopping_early_keeps_the_best_of_what_it_held_out(example):
    task = example.TASKS[1]
    data = example.draw_data(task, 30)
    _, history = example.train("early stopping", 3, data, 30, watch=True)
    assert len(history.index) < example.EPOCHS
    assert int(np.argmin(history["val_loss"])) == len(history.index) - 4


def test_an_untrained_network_guesses(example, remedies):
    data = example.draw_data(example.TASKS[0], 0)
    model = remedies.network(64, 0.0, np.random.default_rng(0))
    assert example.judged(model, data)["test"] < 0.3


def test_all_figures_are_drawn(example, tmp_path):
    runs = {name: [{"train": 1.0, "test": 0.5}] for name in ("none", "L1")}
    course = {"train": np.ones((1, 3)), "test": np.ones((1, 3))}
    for task in example.TASKS:
        example.draw_scores(task, runs, tmp_path)
        example.draw_courses(task, {"none": course, "L1": course}, tmp_path)
    example.draw_weights(example.TASKS[0], 0, tmp_path)
    drawn = {path.name for path in tmp_path.iterdir()}
    committed = {path.name for path in (HERE / "images").glob("*.svg")}
    assert drawn == committed
