"""Attention finds what it needs, and what cannot look or cannot tell places apart does not."""

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
def translator(example):
    data = example.renaming.programs(seed=20)
    model, losses = example.renaming.train(data, seed=20, steps=400)
    return data, model, losses


def test_programs_not_seen_are_translated_exactly(example, translator):
    data, model, _ = translator
    seen = {tuple(program) for program in data.train[0]}
    assert not any(tuple(program) in seen for program in data.held_out[0])
    assert example.renaming.share_exact(model, data.held_out) >= 0.99


def test_while_a_token_is_written_the_weight_is_on_the_one_that_it_comes_from(example, translator):
    data, model, _ = translator
    weights = example.renaming.weight_on_the_right_token(model, data.held_out[0])
    assert np.median(weights) >= 0.95
    np.testing.assert_allclose(
        example.renaming.alignment(model, data.held_out[0]).sum(-1), 1, rtol=1e-5
    )


def test_a_decoder_that_is_shown_nothing_cannot_translate(example):
    data = example.renaming.programs(seed=20)
    model, losses = example.renaming.train(data, seed=20, steps=100, form="nothing")
    assert example.renaming.share_exact(model, data.held_out) < 0.02
    # Three names of 12 and an operator of 4, the "=" for nothing: (3 ln 12 + ln 4) / 5.
    least = (3 * math.log(12) + math.log(4)) / 5
    assert least - 0.1 < np.mean(losses[-20:]) < least + 0.5


def test_writing_with_the_cache_is_writing_without_it(example, translator):
    data, model, _ = translator
    source = data.held_out[0][:50]
    with_cache = example.renaming.translate(model, source)
    read = example.renaming.shifted(with_cache)
    again = model(read, model.memory(source)).data.argmax(-1)
    np.testing.assert_array_equal(with_cache, again)


def test_positions_tell_the_order_and_neither_attention_nor_a_bag_does(example):
    _, knows = example.word_order.train("attention, positions", seed=20)
    assert knows > 0.97
    for form in ("attention alone", "bag of tokens"):
        _, guesses = example.word_order.train(form, seed=20, steps=200)
        assert 0.4 < guesses < 0.6, form


def test_counting_models_by_hand(example):
    """In "abab" after b comes a: p = (1 + 1/2 …), and an unseen context falls back."""

    class Two:
        def __len__(self):
            return 2

    text = example.play.Text(Two(), np.array([0, 1, 0, 1]), np.array([0, 1] * 33))
    losses = example.play.n_gram_losses(text, longest=2)
    assert losses[0] == pytest.approx(math.log(2))
    # Both letters twice, so p₁ = (2 + 2 · ½) / (4 + 2) = ½; after a, b twice and nothing else, so
    # p₂(b | a) = (2 + ½) / 3; after b, a once: p₂(a | b) = (1 + ½) / 2.
    assert losses[1] == pytest.approx(math.log(2))
    expected = -(math.log(2.5 / 3) + math.log(1.5 / 2)) / 2
    assert losses[2] == pytest.approx(expected)


def test_the_language_model_begins_without_a_preference_and_learns(example):
    text = example.play.the_play()
    model, losses, _ = example.play.train(
        text, seed=20, recipe=example.play.SMALL._replace(steps=25)
    )
    assert abs(losses[0] - math.log(len(text.tokenizer))) < 0.1
    assert example.play.held_out_loss(model, text) < losses[0] - 0.5


def test_text_is_continued_alike_with_and_without_the_cache(example):
    text = example.play.the_play()
    model = example.play.LanguageModel(len(text.tokenizer), np.random.default_rng(0)).eval()
    options = {"temperature": 1.0}
    runs = [
        run(model, text, "ROSALIND:\n", 40, rng=np.random.default_rng(1), **options)
        for run in (example.play.continue_text, example.play.continue_far)
    ]
    assert runs[0] == runs[1]
    assert runs[0].startswith("ROSALIND:\n")
    with pytest.raises(ValueError, match="the model knows 64 places"):
        example.play.continue_text(model, text, "ROSALIND:\n", 60)


def test_the_figures_are_drawn(example, tmp_path, translator):
    data, model, _ = translator
    example.draw_alignments(model, data, tmp_path / "a.svg", "tokens alone")
    assert "<svg" in (tmp_path / "a.svg").read_text()
    assert "step 30: loss" in example.film(20, steps=30).to_string()


def test_looking_on_changes_nothing_and_sees_the_beginning_and_the_end(example):
    data, seen = example.renaming.programs(seed=20), []

    def look(step, model):
        example.renaming.alignment(model, data.held_out[0][:1])
        seen.append(step)

    watched = example.renaming.train(data, 20, 12, "tokens", look)[1]
    assert seen == list(range(13))
    assert watched == example.renaming.train(data, 20, 12, "tokens")[1]


def test_one_part_runs_alone(example, tmp_path, capsys):
    found = example.main(quick=True, folder=tmp_path, parts=("memory",))
    assert set(found) == {"MiB, plain", "MiB, in tiles"}
    assert capsys.readouterr().out.startswith(example.PARTS["memory"])
    assert [path.name for path in (tmp_path / "images").iterdir()] == ["memory.svg"]
