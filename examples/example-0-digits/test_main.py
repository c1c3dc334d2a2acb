"""Trained, the network reads at least 97 % of the held-out digits; untrained it guesses."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np

example = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("main.py"))))


def test_the_story_holds(tmp_path):
    result = example.main(quick=False, folder=tmp_path, progress="off")
    assert result["before"] < 0.3
    assert result["after"] >= 0.97
    names = {p.name for p in (tmp_path / "images").iterdir()}
    assert names == {"loss.svg", "confusion_matrix.svg", "mistakes.svg"}
    svg = (tmp_path / "images" / "mistakes.svg").read_text()
    assert svg.count("read as") >= result["mistakes"]


def test_the_size_is_what_the_text_says():
    assert example.network(np.random.default_rng(0)).num_parameters() == 9_610


def test_shuffled_labels_cannot_be_learned_for_other_images(monkeypatch):
    images, labels = example.load_digits("train")
    shuffled = np.random.default_rng(0).permutation(labels)
    globals_of_train = example.train.__globals__
    monkeypatch.setitem(globals_of_train, "load_digits", lambda split: (images, shuffled))
    model, _ = example.train(seed=0, epochs=5, progress="off")
    monkeypatch.undo()
    assert example.test_accuracy(model) < 0.3
