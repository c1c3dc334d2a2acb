"""Probabilities of the next token, drawing, generation, beam search."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import Tensor
from neural_net_core.errors import ShapeError
from neural_net_utils.text.sampling import beam_search, generate, sample_token, token_probabilities


def rng():
    return np.random.default_rng(0)


def by_hand(logits, temperature, top_k, top_p):
    """The definitions in plain Python, for one row without equal scores."""
    weights = {i: math.exp(z / temperature) for i, z in enumerate(logits)}
    best = sorted(weights, key=lambda i: -weights[i])[:top_k]
    total = sum(weights[i] for i in best)
    kept, mass = [], 0.0
    for i in best:
        kept.append(i)
        mass += weights[i] / total
        if top_p is not None and mass >= top_p:
            break
    total = sum(weights[i] for i in kept)
    return [weights[i] / total if i in kept else 0.0 for i in range(len(logits))]


@given(
    logits=st.lists(st.integers(-40, 40), min_size=1, max_size=8, unique=True),
    temperature=st.floats(0.3, 5),
    top_k=st.one_of(st.none(), st.integers(1, 9)),
    top_p=st.one_of(st.none(), st.floats(0.05, 0.95)),
)
def test_probabilities_follow_the_definitions(logits, temperature, top_k, top_p):
    """Temperature, then top-k, then top-p, against a writing without arrays."""
    z = np.array(logits) / 7
    p = token_probabilities(z, temperature=temperature, top_k=top_k, top_p=top_p)
    expected = by_hand(z.tolist(), temperature, top_k, top_p)
    assert np.allclose(p, expected, rtol=1e-9, atol=1e-12)


def test_rows_are_independent_and_tensors_pass():
    """Each row of a batch gives what it gives alone; logits are not changed."""
    z = rng().normal(size=(3, 4, 6)).astype(np.float32)
    before = z.copy()
    p = token_probabilities(Tensor(z), temperature=0.7, top_k=4, top_p=0.8)
    assert p.dtype == np.float64
    assert np.array_equal(z, before)
    for i, j in itertools.product(range(3), range(4)):
        alone = token_probabilities(z[i, j], temperature=0.7, top_k=4, top_p=0.8)
        assert np.array_equal(p[i, j], alone)
    assert np.allclose(p.sum(axis=-1), 1)


def test_limits_of_temperature():
    """0 is the best token, infinity all alike, forbidden ones stay forbidden, nothing overflows."""
    z = np.array([1.0, 3.0, -np.inf, 3.0])
    assert token_probabilities(z, temperature=0).tolist() == [0, 1, 0, 0]
    third = pytest.approx(1 / 3)
    assert token_probabilities(z, temperature=math.inf).tolist() == [third, third, 0, third]
    assert token_probabilities(z, temperature=1e-320).tolist() == [0, 0.5, 0, 0.5]
    assert token_probabilities([1e30, 0.0, -1e30]).tolist() == [1, 0, 0]


def test_exactly_k_of_equal_tokens_and_at_least_one():
    """Ties go to smaller ids; a tiny top_p leaves the best; top_k beyond V and top_p 1 keep all."""
    assert token_probabilities(np.zeros(4), top_k=2).tolist() == [0.5, 0.5, 0, 0]
    assert token_probabilities([0.0, 1.0, 0.5], top_p=1e-9).tolist() == [0, 1, 0]
    z = rng().normal(size=5)
    whole = token_probabilities(z)
    assert np.allclose(token_probabilities(z, top_k=99), whole)
    assert np.allclose(token_probabilities(z, top_p=1.0), whole)
    assert np.count_nonzero(token_probabilities(np.log([0.5, 0.25, 0.25]), top_p=0.5)) == 1


def test_draws_have_these_frequencies():
    """20,000 draws against the probabilities, within five standard deviations."""
    z = np.log([0.5, 0.3, 0.15, 0.05])
    n = 20_000
    for options in ({}, {"temperature": 2.0}, {"top_k": 3}, {"top_p": 0.7}):
        p = token_probabilities(z, **options)
        drawn = sample_token(np.tile(z, (n, 1)), rng=rng(), **options)
        share = np.bincount(drawn, minlength=4) / n
        assert np.all(np.abs(share - p) <= 5 * np.sqrt(p * (1 - p) / n))
        assert not share[p == 0].any()


class Fixed(np.random.Generator):
    """A generator whose uniform numbers are all the same."""

    def __init__(self, value):
        super().__init__(np.random.PCG64(0))
        self.value = value

    def random(self, shape):
        return np.full(shape, self.value)


@pytest.mark.parametrize("value", [0.0, 1 - 2**-53])
def test_the_ends_of_the_interval_draw_possible_tokens(value):
    """The smallest and the largest uniform number never draw a token of probability 0."""
    for seed in range(200):
        z = np.random.default_rng(seed).normal(size=9) * 3
        z[[0, 8]] = -np.inf
        token = sample_token(z, rng=Fixed(value))
        assert 1 <= token <= 7


def test_seed_decides_and_greedy_draws_nothing():
    """Same generator, same tokens; temperature 0 leaves the generator alone."""
    z = rng().normal(size=(50, 9))
    assert np.array_equal(sample_token(z, rng=rng()), sample_token(z, rng=rng()))
    generator = rng()
    assert np.array_equal(sample_token(z, temperature=0, rng=generator), z.argmax(axis=1))
    assert generator.random() == rng().random()
    assert sample_token(z[0], rng=rng()).shape == ()


def test_bad_options_and_logits():
    """Each is named with what it may be."""
    z = np.zeros(3)
    with pytest.raises(ValueError, match="temperature must be >= 0, got -1"):
        token_probabilities(z, temperature=-1)
    with pytest.raises(ValueError, match="temperature must be >= 0, got nan"):
        token_probabilities(z, temperature=math.nan)
    with pytest.raises(ValueError, match="top_k must be an int >= 1, got 0"):
        token_probabilities(z, top_k=0)
    for top_p in (0, 1.1, math.nan):
        with pytest.raises(ValueError, match=r"top_p must be in \(0, 1\]"):
            token_probabilities(z, top_p=top_p)
    with pytest.raises(ValueError, match="NaN or infinity"):
        token_probabilities([0.0, math.nan])
    with pytest.raises(ValueError, match="NaN or infinity"):
        token_probabilities([0.0, math.inf])
    with pytest.raises(ValueError, match="every token of a row is forbidden"):
        token_probabilities([[0.0, 1.0], [-math.inf, -math.inf]])
    with pytest.raises(ShapeError, match=r"expected logits \(..., V\) with V >= 1, got \(2, 0\)"):
        token_probabilities(np.zeros((2, 0)))


TABLE = np.log(np.random.default_rng(7).dirichlet(np.ones(4), size=4))  # a bigram model


def bigram(tokens):
    return TABLE[tokens[:, -1]]


def test_greedy_generation_follows_the_best():
    """Each token is the best after the one before; a batch gives what its rows give alone."""
    text = generate(bigram, [2], 6, temperature=0)
    assert text.shape == (7,)
    assert text.dtype == np.int64
    for a, b in itertools.pairwise(text):
        assert b == TABLE[a].argmax()
    both = generate(bigram, [[2, 0], [1, 3]], 4, temperature=0)
    assert both.shape == (2, 6)
    for row, start in zip(both, ([2, 0], [1, 3]), strict=True):
        assert np.array_equal(row, generate(bigram, start, 4, temperature=0))


def test_generation_sees_all_tokens_so_far():
    """The function is called with one column more each time."""
    seen = []

    def spy(tokens):
        seen.append(tokens.copy())
        return bigram(tokens)

    text = generate(spy, [1, 2], 3, rng=rng())
    assert [t.shape for t in seen] == [(1, 2), (1, 3), (1, 4)]
    assert np.array_equal(seen[-1][0], text[:4])
    assert np.array_equal(generate(spy, [1, 2], 0), [1, 2])


def test_stop_ends_rows_and_then_the_whole():
    """After the stop token a row holds nothing else; the last row to end ends the run."""

    def count_up(tokens):
        return 50.0 * (np.arange(6) == np.minimum(tokens[:, -1:] + 1, 5))

    texts = generate(count_up, [[3], [1]], 10, stop=5, rng=rng())
    assert texts.tolist() == [[3, 4, 5, 5, 5], [1, 2, 3, 4, 5]]
    assert generate(count_up, [3], 10, stop=4).tolist() == [3, 4]


def test_an_empty_prompt():
    """A function that can begin from nothing may."""
    text = generate(lambda tokens: np.tile([0.0, 9.0], (len(tokens), 1)), [], 2, temperature=0)
    assert text.tolist() == [1, 1]


def by_whole_text(tokens):
    """A model in which no two texts are equally likely."""
    rows = [np.random.default_rng(tuple(row)).dirichlet(np.ones(4)) for row in tokens]
    return np.log(rows)


def ended_texts(start, n, stop):
    """All texts that end with the stop token or with n tokens, and their ln P."""
    found = {}
    for length in range(1, n + 1):
        for body in itertools.product(range(4), repeat=length):
            early = stop in body[:-1]
            if not early and (length == n or body[-1] == stop):
                tokens = (start, *body)
                found[tokens] = sum(
                    by_whole_text([tokens[:i]])[0, tokens[i]] for i in range(1, len(tokens))
                )
    return found


@pytest.mark.parametrize("alpha", [0.0, 0.6, 1.0])
@pytest.mark.parametrize("stop", [None, 3])
def test_a_wide_beam_is_an_exhaustive_search(alpha, stop):
    """With 4³ beams nothing is cut: the results are the best of all texts, in order."""
    texts = ended_texts(0, 4, stop)
    scores = {t: total / ((5 + len(t) - 1) / 6) ** alpha for t, total in texts.items()}
    expected = sorted(scores, key=lambda t: -scores[t])[:64]
    found = beam_search(by_whole_text, [0], 4, beams=64, stop=stop, length_penalty=alpha)
    assert [tuple(beam.tokens.tolist()) for beam in found] == expected
    for beam, tokens in zip(found, expected, strict=True):
        assert beam.log_probability == pytest.approx(texts[tokens])
        assert beam.score == pytest.approx(scores[tokens])


def test_one_beam_is_greedy_and_more_find_better():
    """Width 1 takes the best token each time; where greed errs, width 2 finds the better text."""
    [alone] = beam_search(bigram, [2], 6, beams=1)
    assert np.array_equal(alone.tokens, generate(bigram, [2], 6, temperature=0))
    trap = np.log([[0.1, 0.55, 0.35], [0.4, 0.3, 0.3], [0.05, 0.05, 0.9]])
    greedy, wide = (
        beam_search(lambda tokens: trap[tokens[:, -1]], [0], 2, beams=b)[0] for b in (1, 2)
    )
    assert greedy.tokens.tolist() == [0, 1, 0]
    assert wide.tokens.tolist() == [0, 2, 2]
    assert wide.log_probability > greedy.log_probability


def texts_of_one_beam(table, start, n, stop):
    """By the definition: greedy among what does not end, and each way to end on the way."""
    texts, text, total = [], [start], 0.0
    for _ in range(n - 1):
        row = table[text[-1]]
        texts.append(([*text, stop], total + row[stop]))
        row = np.where(np.arange(len(row)) == stop, -np.inf, row)
        total += row.max()
        text = [*text, int(row.argmax())]
    row = table[text[-1]]
    return [*texts, *(([*text, k], total + p) for k, p in enumerate(row))]


TABLES = st.integers(0, 2**32).map(
    lambda seed: np.log(np.random.default_rng(seed).dirichlet(np.full(4, 0.5), size=4) + 1e-9)
)


@given(TABLES, st.integers(1, 6), st.sampled_from([0.0, 0.6, 1.0]), st.integers(1, 5))
def test_the_score_decides_what_a_beam_search_finds(table, n, alpha, beams):
    """No text scores better than all texts do; one beam: as defined, and at least as greedy."""
    table -= np.log(np.exp(table).sum(axis=1, keepdims=True))
    by_table, stop = lambda tokens: table[tokens[:, -1]], 3

    def score(text, total):
        return total / ((5 + len(text) - 1) / 6) ** alpha

    every = {}
    for length in range(1, n + 1):
        for body in itertools.product(range(4), repeat=length):
            if stop not in body[:-1] and (length == n or body[-1] == stop):
                text = (0, *body)
                total = sum(table[a, b] for a, b in itertools.pairwise(text))
                every[text] = score(text, total)
    found = beam_search(by_table, [0], n, beams=beams, stop=stop, length_penalty=alpha)
    scores = [beam.score for beam in found]
    assert scores == sorted(scores, reverse=True)
    assert len({tuple(beam.tokens.tolist()) for beam in found}) == len(found) <= beams
    for beam in found:
        assert beam.score == pytest.approx(every[tuple(beam.tokens.tolist())])
    assert scores[0] <= max(every.values()) + 1e-9

    [alone] = beam_search(by_table, [0], n, beams=1, stop=stop, length_penalty=alpha)
    assert alone.score == pytest.approx(
        max(score(*pair) for pair in texts_of_one_beam(table, 0, n, stop))
    )
    greedy = tuple(generate(by_table, [0], n, temperature=0, stop=stop).tolist())
    assert alone.score >= every[greedy] - 1e-9
    [alone] = beam_search(by_table, [0], n, beams=1, length_penalty=alpha)
    assert np.array_equal(alone.tokens, generate(by_table, [0], n, temperature=0))


def test_one_beam_ends_a_text_where_that_scores_better():
    """0.35 for the text that ends at once, (0.55 · 0.52)³ for the greedy one."""
    table = np.log([[0.10, 0.55, 0.35], [0.52, 0.10, 0.38], [0.1, 0.1, 0.8]])
    [alone] = beam_search(lambda tokens: table[tokens[:, -1]], [0], 6, beams=1, stop=2)
    assert alone.tokens.tolist() == [0, 2]
    assert alone.log_probability == pytest.approx(math.log(0.35))
    # The likeliest end need not be among the best next tokens.
    late = np.log([[0.4, 0.35, 0.25], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]])
    [alone] = beam_search(lambda tokens: late[tokens[:, -1]], [0], 6, beams=1, stop=2)
    assert alone.tokens.tolist() == [0, 2]


@pytest.mark.parametrize("search", [generate, beam_search])
def test_a_stop_token_outside_the_vocabulary_is_refused(search):
    """It would never come."""
    for stop in (4, -1, 1.5, True, "end"):
        with pytest.raises(ValueError, match="stop must be an int from 0 to 3, got"):
            search(bigram, [0], 3, stop=stop)


def test_forbidden_tokens_are_never_searched():
    """Minus infinity keeps a token out, even if fewer results are left than beams."""
    only = np.array([[0.0, -np.inf, -np.inf]])
    found = beam_search(lambda tokens: np.repeat(only, len(tokens), 0), [1], 3, beams=4)
    assert [beam.tokens.tolist() for beam in found] == [[1, 0, 0, 0]]
    assert found[0].log_probability == 0


def test_wrong_shapes_are_named():
    """A model's (B, T, V) and prompts that are no ids."""
    with pytest.raises(ShapeError, match=r"\(B, V\) = \(1, V\), got \(1, 2, 4\).*last step"):
        generate(lambda tokens: np.zeros((1, 2, 4)), [0, 1], 1)
    with pytest.raises(ShapeError, match=r"got \(2, 4\)"):
        beam_search(lambda tokens: np.zeros((2, 4)), [0], 1)
    with pytest.raises(ShapeError, match=r"expected a prompt of ids .*got float64 \(2,\)"):
        generate(bigram, [0.5, 1.0], 1)
    with pytest.raises(ShapeError, match=r"expected a prompt \(T,\), got \(2, 1\)"):
        beam_search(bigram, [[0], [1]], 1)
    with pytest.raises(ValueError, match="n must be an int >= 0, got -1"):
        generate(bigram, [0], -1)
    with pytest.raises(ValueError, match="beams must be an int >= 1, got 0"):
        beam_search(bigram, [0], 2, beams=0)
