"""What each network remembers, what it cannot, and that the baselines are what they claim."""

import math
import runpy
from pathlib import Path

import numpy as np
import pytest

from neural_net_core import MSELoss, no_grad
from neural_net_utils import adding_problem, pattern_task

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def example():
    """Run the example's main file, which imports the others."""
    return runpy.run_path(str(HERE / "main.py"))


@pytest.fixture(scope="module")
def little_model(example):
    return example["character_run"](0, 1, 15_000)


@pytest.mark.parametrize("kind", ["vanilla", "LSTM", "GRU"])
def test_seven_bits_are_counted_exactly_also_where_they_were_not_seen(example, kind):
    assert example["short_run"](kind, seed=10) == 128


def test_an_untrained_network_does_not_count(example):
    assert example["short_run"]("GRU", seed=10, steps=1) < 64


def test_a_pattern_goes_on_and_a_network_without_memory_guesses(example):
    score, model = example["pattern_run"]("GRU", seed=10)
    assert score == 1.0
    assert example["continuation"](model, [1, 0, 1]) == 0
    assert example["continuation"](model, [0, 1, 0]) == 1
    x, y = pattern_task(400, rng=np.random.default_rng(1))
    x[:, :-2] = 0  # only the last bit and the question are left
    with no_grad():
        forgetful = (model(x).data.argmax(axis=1) == y).mean()
    assert forgetful < 0.65


def test_fifty_bits_are_learned_but_not_in_a_few_steps(example):
    right, losses, _ = example["long_run"]("GRU", seed=10, steps=120)
    assert right < 45
    assert np.mean(losses[-20:]) < np.mean(losses[:5]) / 5


def test_always_answering_the_mean_has_an_error_of_a_sixth():
    _, y = adding_problem(20_000, 50, rng=np.random.default_rng(0))
    error = MSELoss()(np.ones_like(y), y).item()
    assert error == pytest.approx(1 / 6, abs=0.005)


def test_short_sums_are_learned(example):
    step, _, _ = example["adding_run"]("GRU", 8, seed=10, steps=1_200)
    assert step < 1_200


def test_the_plain_recurrence_stays_at_the_mean(example):
    step, losses, _ = example["adding_run"]("vanilla", 100, seed=10, steps=150)
    assert step == math.inf
    assert np.mean(losses[-50:]) > 0.13


def test_the_gradient_of_the_plain_recurrence_vanishes_first(example):
    reach = {}
    for kind in ("vanilla", "LSTM"):
        model = example["Reader"](kind, 2, 32, 1, np.random.default_rng(0))
        by_lag = example["gradient_by_lag"](model, 60)
        reach[kind] = by_lag[40] / by_lag[0]
    assert reach["vanilla"] < 1e-6
    assert reach["LSTM"] > 1e-5


@pytest.mark.parametrize("order", [1, 2, 4])
def test_the_probabilities_of_a_table_add_up_to_one(example, order):
    table = example["NGram"]("abracadabra", order)
    for context in ("", "a", "abr", "zzz"):
        total = sum(table.probability(context[-(order - 1) :], c) for c in "abcdr")
        assert total == pytest.approx(1)


def test_longer_contexts_cost_less_and_all_less_than_nothing(example):
    text = example["load_text"]("train")[:20_000]
    more = example["load_text"]("train")[20_000:22_000]
    losses = [example["NGram"](text, order).loss(more) for order in (1, 2, 3)]
    assert losses == sorted(losses, reverse=True)
    assert losses[0] < math.log(64)


def test_a_bigram_by_hand(example):
    table = example["NGram"]("abab", 2)
    # a: 2 of 4 with two different characters seen, (2 + 2/2) / (4 + 2) = 1/2; after a always b.
    assert table.probability("", "b") == pytest.approx(0.5)
    assert table.probability("a", "b") == pytest.approx((2 + 0.5) / (2 + 1))


def test_the_pieces_of_a_text_follow_each_other(example):
    import character_model

    ids = np.arange(character_model.STREAMS * character_model.PIECE * 2 + 1)
    (x1, y1), (x2, _) = character_model.pieces(ids)
    np.testing.assert_array_equal(y1, x1 + 1)
    np.testing.assert_array_equal(x2[:, 0], x1[:, -1] + 1)


def test_the_language_model_learns(example, little_model):
    before, after = little_model["held_out"]
    assert before == pytest.approx(math.log(64), abs=0.1)
    assert after < before - 0.5


def test_sampling_reads_every_character_once_and_gives_the_same(example, little_model):
    model, tokenizer = little_model["model"], little_model["tokenizer"]
    text = example["sample"](model, tokenizer, "ROSALIND:\n", 12, temperature=0)
    ids = tokenizer.encode("ROSALIND:\n")
    with no_grad():
        for _ in range(12):
            scores, _ = model(ids[np.newaxis])
            ids = np.append(ids, scores.data[0, -1].argmax())
    assert text == tokenizer.decode(ids)


def test_the_figures_of_the_states_are_drawn(example, little_model, tmp_path):
    example["show_states"](little_model, tmp_path)
    assert (tmp_path / "hidden_states.svg").exists()


def test_a_state_that_is_not_kept_changes_what_is_learned_after_the_first_piece(example):
    kept, forgotten = (
        example["character_run"](0, 1, 5_000, keep_state=keep)["losses"] for keep in (True, False)
    )
    assert kept[0] == forgotten[0]
    assert kept[1] != forgotten[1]


def test_a_film_of_another_seed_is_another_film(example):
    lags = example["lags"]
    assert lags.film(1).to_string() != lags.film(2).to_string()


def test_numbers_are_written_column_by_column(example):
    import spelling

    digits = example["load_digits"]("test")
    x, labels, frames, lengths = spelling.written(digits, 40, np.random.default_rng(0))
    assert x.shape == (40, frames.max(), 8)
    for row, names, n, length in zip(x, labels, frames, lengths, strict=True):
        assert 3 <= length <= 6 and 8 * length <= n <= 8 * length + 4 * (length + 1)
        assert not row[n:].any()
        # Every digit stands there somewhere as it is.
        windows = np.stack([row[t : t + 8].T.ravel() for t in range(n - 7)])
        here = (windows[:, None] == digits.images).all(axis=2).any(axis=0)
        assert set(names[:length]) <= set(digits.labels[here])


def test_an_alignment_is_a_distribution_over_the_number_and_the_blank(example):
    import spelling

    model = spelling.Speller(np.random.default_rng(0))
    numbers = spelling.written(example["load_digits"]("test"), 20, np.random.default_rng(1))
    x, labels = numbers[0][0, : numbers[2][0]], numbers[1][0, : numbers[3][0]]
    gamma = spelling.alignment(model, x, labels)
    np.testing.assert_allclose(gamma.sum(axis=1), 1, rtol=1e-4)
    assert set(np.flatnonzero(gamma.any(axis=0))) <= {*labels, spelling.BLANK}
    assert (gamma[:, labels].sum(axis=0) > 0.9).all()  # each is said at least once
    untrained = spelling.errors(model, numbers)
    assert untrained["greedy"] > 0.8 and untrained["greedy, whole numbers"] == 1


def test_spelling_is_learned(example):
    import spelling

    _, losses, seen = spelling.spelling_run(
        example["load_digits"]("train"), 10, 60, look=lambda model: model, at=(0, 30)
    )
    assert len(losses) == 60 and len(seen) == 3
    assert np.mean(losses[-10:]) < losses[0] / 1.5
