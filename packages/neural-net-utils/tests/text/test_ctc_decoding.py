"""Labels from the probabilities of CTC, against all paths written out."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import DTypeError, ShapeError, Tensor, ctc_loss
from neural_net_utils.text.ctc_decoding import ctc_beam_decode, ctc_greedy_decode


def read(path, blank):
    """Read a path: join what repeats itself, then drop the blanks."""
    return tuple(k for k, _ in itertools.groupby(path) if k != blank)


def probabilities(y, blank):
    """Return the probability of each sequence of labels, by going through all paths."""
    total = {}
    for path in itertools.product(range(y.shape[1]), repeat=len(y)):
        labels = read(path, blank)
        total[labels] = total.get(labels, 0) + math.prod(y[t, k] for t, k in enumerate(path))
    return total


drawn = given(st.integers(0, 2**32 - 1), st.integers(0, 5), st.integers(1, 4), st.booleans())


def distribution(seed, steps, classes, zeros):
    rng = np.random.default_rng(seed)
    y = rng.dirichlet(np.full(classes, 0.7), steps)
    return np.where(rng.random(y.shape) < 0.3, 0, y) if zeros else y


def logarithm(y):
    with np.errstate(divide="ignore"):
        return np.log(y)[None]


@pytest.mark.filterwarnings("error")
@drawn
def test_with_beams_enough_all_labels_come_with_their_probabilities(seed, steps, classes, zeros):
    y, blank = distribution(seed, steps, classes, zeros), seed % classes
    expected = {labels: p for labels, p in probabilities(y, blank).items() if p > 0}
    (found,) = ctc_beam_decode(logarithm(y), blank=blank, beams=10_000)
    assert {tuple(beam.tokens.tolist()) for beam in found} == set(expected)
    for beam in found:
        p = expected[tuple(beam.tokens.tolist())]
        assert beam.log_probability == beam.score == pytest.approx(math.log(p), abs=1e-9)
        assert beam.tokens.dtype == np.int64
    scores = [beam.score for beam in found]
    assert scores == sorted(scores, reverse=True)


@drawn
def test_few_beams_find_no_more_than_there_is(seed, steps, classes, zeros):
    """Distinct labels, at most so many, and never more probable than they are."""
    y, blank = distribution(seed, steps, classes, zeros), seed % classes
    expected = probabilities(y, blank)
    for beams in (1, 2, 3):
        (found,) = ctc_beam_decode(logarithm(y), blank=blank, beams=beams)
        labels = [tuple(beam.tokens.tolist()) for beam in found]
        assert len(labels) == len(set(labels)) <= beams
        for beam, name in zip(found, labels, strict=True):
            assert math.exp(beam.log_probability) <= expected[name] * (1 + 1e-9)


def by_the_algorithm(y, blank, beams):
    """Prefix beam search in plain Python: beginnings with what ends in a blank and in a label."""
    kept = {(): [1.0, 0.0]}
    for y_t in y:
        found = {}
        for head, (in_blank, in_label) in kept.items():
            for k, p in enumerate(y_t):
                if k == blank:
                    found.setdefault(head, [0, 0])[0] += p * (in_blank + in_label)
                elif head and k == head[-1]:
                    found.setdefault(head, [0, 0])[1] += p * in_label
                    found.setdefault((*head, k), [0, 0])[1] += p * in_blank
                else:
                    found.setdefault((*head, k), [0, 0])[1] += p * (in_blank + in_label)
        best = sorted(found, key=lambda head: -sum(found[head]))[:beams]
        kept = {head: found[head] for head in best if sum(found[head]) > 0}
    return {head: sum(parts) for head, parts in kept.items()}


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 5), st.integers(1, 6))
def test_the_likeliest_beginnings_are_kept(seed, steps, classes, beams):
    y, blank = distribution(seed, steps, classes, zeros=False), seed % classes
    expected = by_the_algorithm(y, blank, beams)
    (found,) = ctc_beam_decode(logarithm(y), blank=blank, beams=beams)
    assert {tuple(beam.tokens.tolist()) for beam in found} == set(expected)
    for beam in found:
        p = expected[tuple(beam.tokens.tolist())]
        assert math.exp(beam.log_probability) == pytest.approx(p, rel=1e-9)


def test_the_defaults():
    """Class 0 is the blank, and there are eight beams."""
    x = np.log(np.random.default_rng(0).dirichlet(np.ones(5), (1, 9)))
    np.testing.assert_array_equal(ctc_greedy_decode(x)[0], ctc_greedy_decode(x, blank=0)[0])
    assert 0 not in ctc_greedy_decode(x)[0]
    assert len(ctc_beam_decode(x)[0]) == 8
    best = ctc_beam_decode(x, blank=0, beams=8)[0][0]
    np.testing.assert_array_equal(ctc_beam_decode(x)[0][0].tokens, best.tokens)


@drawn
def test_greedy_reads_the_likeliest_path(seed, steps, classes, zeros):
    y, blank = distribution(seed, steps, classes, zeros), seed % classes
    (found,) = ctc_greedy_decode(logarithm(y), blank=blank)
    assert tuple(found.tolist()) == read(y.argmax(axis=1).tolist(), blank)


@given(st.integers(0, 2**32 - 1), st.sampled_from([np.nan, np.inf, 7.0]))
def test_rows_are_independent_and_padding_takes_no_part(seed, junk):
    rng = np.random.default_rng(seed)
    x = np.log(rng.dirichlet(np.ones(4), (3, 6)))
    frames = rng.integers(0, 7, 3)
    padded = np.where((np.arange(6) < frames[:, None])[..., None], x, junk)
    greedy, beams = ctc_greedy_decode(padded, frames), ctc_beam_decode(padded, frames, beams=3)
    for i, n in enumerate(frames):
        alone = x[i : i + 1, :n]
        np.testing.assert_array_equal(greedy[i], ctc_greedy_decode(alone)[0])
        for a, b in zip(beams[i], ctc_beam_decode(alone, beams=3)[0], strict=True):
            np.testing.assert_array_equal(a.tokens, b.tokens)
            assert a.log_probability == b.log_probability


def test_probabilities_are_those_of_the_loss():
    x = Tensor(np.log(np.random.default_rng(0).dirichlet(np.ones(3), (1, 5))), np.float64)
    for beam in ctc_beam_decode(x, beams=1000)[0]:
        loss = ctc_loss(x, beam.tokens[None], [5], [len(beam.tokens)], reduction="sum")
        assert beam.log_probability == pytest.approx(-loss.item(), abs=1e-9)


def test_nothing_and_what_is_impossible():
    """No frames read as no labels, for certain; where every class is impossible there is none."""
    assert ctc_greedy_decode(np.zeros((0, 3, 2))) == ctc_beam_decode(np.zeros((0, 3, 2))) == []
    (none,) = ctc_greedy_decode(np.zeros((1, 0, 2)))
    assert none.tolist() == []
    ((beam,),) = ctc_beam_decode(np.zeros((1, 0, 2)))
    assert (beam.tokens.tolist(), beam.log_probability) == ([], 0)
    never = np.zeros((1, 3, 2))
    never[0, 1] = -np.inf
    assert ctc_beam_decode(never) == [[]]


@pytest.mark.parametrize("decode", [ctc_greedy_decode, ctc_beam_decode])
def test_what_does_not_fit(decode):
    name = decode.__name__
    for wrong in (np.zeros((3, 2)), np.zeros((1, 3, 0))):
        with pytest.raises(ShapeError, match=rf"{name}: expected log_probs \(B, T, C\), got"):
            decode(wrong)
    for wrong in ([3, 3], [4], [-1]):
        with pytest.raises(ShapeError, match=rf"{name}: expected input_lengths \(1,\) from 0 to 3"):
            decode(np.zeros((1, 3, 2)), wrong)
    with pytest.raises(DTypeError, match=f"{name}: input_lengths must be integers"):
        decode(np.zeros((1, 3, 2)), [1.0])
    with pytest.raises(ValueError, match=f"{name}: blank must be an int from 0 to 1, got 2"):
        decode(np.zeros((1, 3, 2)), blank=2)
    with pytest.raises(ValueError, match=f"{name}: log_probs hold NaN"):
        decode(np.full((1, 3, 2), np.nan))
    with pytest.raises(ValueError, match="ctc_beam_decode: beams must be an int >= 1, got 0"):
        ctc_beam_decode(np.zeros((1, 3, 2)), beams=0)
