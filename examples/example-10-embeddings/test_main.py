"""Synonyms are found where they are, and only there; order is learned with positions only."""

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
def learned(example):
    return [example.train(seed) for seed in (10, 11)]


@pytest.fixture(scope="module")
def dealt(example):
    return example.train(10, shuffle=True)


def cosines(example, run, pairs):
    return [example.cosine(run["vocabulary"], run["vectors"], a, b) for a, b in pairs]


def test_the_planted_synonyms_are_alike(example, learned):
    for run in learned:
        function_def, class_struct = cosines(
            example, run, [("function", "def"), ("class", "struct")]
        )
        assert function_def >= 0.89
        assert class_struct >= 0.92
        assert example.twins_found(run["vocabulary"], run["vectors"]) == 1


def test_unrelated_words_are_not(example, learned):
    for run in learned:
        strangers = [("function", "class"), ("def", "struct"), ("import", "while"), ("int", "def")]
        assert max(cosines(example, run, strangers)) < 0.6
        others = example.unrelated(run["vocabulary"], run["vectors"])
        assert len(others) == 112
        assert np.median(others) < 0.45
        assert others.max() < 0.89


def test_in_a_shuffled_text_nothing_is_found(example, dealt):
    """Cosines are high there too, of all pairs alike: alone they prove nothing."""
    vocabulary, vectors = dealt["vocabulary"], dealt["vectors"]
    twins = cosines(example, dealt, example.CODE_SYNONYMS)
    others = example.unrelated(vocabulary, vectors)
    assert abs(np.median(twins) - np.median(others)) < 0.1
    assert example.twins_found(vocabulary, vectors) < 0.3


def test_counting_finds_them_too(example, learned):
    for run in learned:
        vectors = example.ppmi_vectors(run["vocabulary"], run["text"], example.FEATURES)
        assert example.twins_found(run["vocabulary"], vectors) >= 0.75


@pytest.mark.parametrize("kind", ["sinusoidal", "learned"])
def test_with_positions_order_is_learned(example, kind):
    assert example.order_run(kind, seed=10)["accuracy"] > 0.85


def test_without_positions_order_cannot_be_learned(example):
    """Not for want of training: the output is the same for every order of the tokens."""
    run = example.order_run("none", seed=10)
    assert 0.45 < run["accuracy"] < 0.55
    ids = np.array([[0, 1, 5, 6], [1, 6, 0, 5]])
    one, other = run["model"](ids).data
    np.testing.assert_allclose(one, other, rtol=1e-5)
    placed = example.order_run("learned", seed=10, steps=20)["model"]
    one, other = placed(ids).data
    assert np.abs(one - other).max() > 1e-2


def test_pairs_and_chances(example):
    """Windows are symmetric in the mean, frequent words are thinned, negatives are flattened."""
    corpus = example.train.__globals__
    vocabulary = corpus["Vocabulary"]([["a", "b"] * 50, ["c"]])
    assert vocabulary.words == ["a", "b", "c"]
    assert vocabulary.keep_chances(rare=0.05)[2] == 1
    assert vocabulary.keep_chances(rare=0.05)[0] == pytest.approx((0.05 * 101 / 50) ** 0.5)
    assert vocabulary.noise()[2] == pytest.approx(1 / (1 + 2 * 50**0.75))
    lines = [np.array([0, 1, 2])]
    rng = np.random.default_rng(0)
    pairs = [tuple(p) for _ in range(300) for p in corpus["training_pairs"](lines, np.ones(3), rng)]
    assert set(pairs) == {(0, 1), (1, 0), (1, 2), (2, 1), (0, 2), (2, 0)}
    assert pairs.count((0, 1)) == 300  # neighbours always, two places away in 3 of 4 windows
    assert abs(pairs.count((0, 2)) / 300 - 0.75) < 0.1


def test_the_figures_are_drawn(example, tmp_path, learned):
    example.draw_words(learned, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"similarity.svg", "map.svg", "loss.svg"}
