"""Samplers: each sample once by lengths, as often as its weight says, and the same when resumed."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neural_net_utils import BucketSampler, DataLoader, WeightedSampler, pad_samples

rng = np.random.default_rng


def batches_of(order, size):
    return [order[start : start + size] for start in range(0, len(order), size)]


def padding(lengths, batches):
    """Which share of the numbers in padded batches is padding."""
    numbers = sum(len(batch) * lengths[batch].max() for batch in batches)
    return 1 - sum(lengths[batch].sum() for batch in batches) / numbers


lengths = st.lists(st.integers(0, 30), max_size=60)


@given(lengths, st.integers(1, 9), st.integers(1, 5), st.booleans(), st.integers(0, 99))
@settings(max_examples=100, deadline=None)
def test_every_sample_once(lengths, size, window, shuffle, seed):
    sampler = BucketSampler(np.array(lengths, int), size, window=window, shuffle=shuffle)
    order = sampler.order(rng(seed))
    assert len(sampler) == len(lengths)
    assert sorted(order.tolist()) == list(range(len(lengths)))
    np.testing.assert_array_equal(order, sampler.order(rng(seed)))
    # The batches of a window can be laid end to end so that lengths rise: no two of them overlap.
    if not shuffle:
        whole = len(lengths) - len(lengths) % size
        for start in range(0, whole, size * window):
            part = np.array(lengths)[order[start : min(start + size * window, whole)]]
            assert (np.diff(part) >= 0).all()


def sentences(count=20_000, seed=0):
    """Lengths as sentences have them: many of about twenty words, a few of a hundred."""
    return np.clip(np.round(rng(seed).lognormal(np.log(18), 0.6, count)), 1, 250).astype(int)


def test_padding_saved_on_lengths_of_sentences():
    """Two thirds of random batches are padding, a fourteenth of those by length."""
    lengths = sentences()
    random = padding(lengths, batches_of(rng(1).permutation(len(lengths)), 32))
    bucketed = padding(lengths, batches_of(BucketSampler(lengths, 32).order(rng(1)), 32))
    assert 0.65 < random < 0.68
    assert 0.06 < bucketed < 0.09
    assert BucketSampler(lengths, 32).window == 50
    narrow = BucketSampler(lengths, 32, window=1)
    assert padding(lengths, batches_of(narrow.order(rng(1)), 32)) > 0.9 * random


def test_batches_come_in_random_order_and_differ_between_epochs():
    lengths = sentences(2000)
    sampler = BucketSampler(lengths, 20, window=10)
    first, second = (batches_of(sampler.order(rng(seed)), 20) for seed in (0, 1))
    means = [lengths[batch].mean() for batch in first]
    assert abs(np.corrcoef(means, np.arange(len(means)))[0, 1]) < 0.4
    pairs = lambda batches: {frozenset(batch.tolist()) for batch in batches}  # noqa: E731
    assert not pairs(first) & pairs(second)


def test_what_is_dropped_is_no_longer_than_the_rest():
    """The rest of each epoch is a random one: it used to be the longest of the last window."""
    lengths = np.arange(1, 104)
    loader = DataLoader(lengths, 10, shuffle=True, drop_last=True, lengths=lengths, rng=rng(0))
    dropped = []
    for _ in range(300):
        seen = np.concatenate([x for (x,) in loader])
        assert len(seen) == len(set(seen.tolist())) == 100
        dropped += sorted(set(lengths.tolist()) - set(seen.tolist()))
    # The mean of 900 draws from 1 … 103, whose standard deviation is 29.7: three of its errors.
    assert abs(np.mean(dropped) - 52) < 3


@given(
    st.lists(st.integers(0, 5).map(float), min_size=1, max_size=12).filter(any),
    st.booleans(),
    st.integers(0, 99),
)
@settings(max_examples=100, deadline=None)
def test_weights_of_zero_are_never_drawn(weights, replacement, seed):
    possible = np.count_nonzero(weights)
    count = 50 if replacement else possible
    sampler = WeightedSampler(weights, count, replacement=replacement)
    drawn = sampler.order(rng(seed))
    assert drawn.shape == (count,) and drawn.dtype.kind == "i"
    assert all(weights[i] > 0 for i in drawn)
    if not replacement:
        assert len(set(drawn.tolist())) == possible
    scaled = WeightedSampler(np.array(weights) * 8, count, replacement=replacement)
    np.testing.assert_array_equal(scaled.order(rng(seed)), drawn)


def test_draws_with_replacement_are_in_proportion():
    weights = np.array([1.0, 0.0, 3.0, 6.0])
    drawn = WeightedSampler(weights, 100_000).order(rng(0))
    shares = np.bincount(drawn, minlength=4) / len(drawn)
    # Four errors of 100,000 draws.
    np.testing.assert_allclose(shares, weights / 10, atol=4 * np.sqrt(0.25 / 1e5))


def test_draws_without_replacement_are_one_after_another():
    """The pairs in their order, with the probabilities w_i / W · w_j / (W − w_i)."""
    weights = np.array([1.0, 2.0, 5.0])
    sampler = WeightedSampler(weights, 2, replacement=False)
    generator, counts, draws = rng(0), np.zeros((3, 3)), 40_000
    for _ in range(draws):
        i, j = sampler.order(generator)
        counts[i, j] += 1
    for i in range(3):
        for j in range(3):
            wanted = 0.0 if i == j else weights[i] / 8 * weights[j] / (8 - weights[i])
            assert counts[i, j] / draws == pytest.approx(wanted, abs=4 * np.sqrt(0.25 / draws))


def test_weights_at_the_ends_of_what_numbers_hold():
    tiny = WeightedSampler([1e-320, 3e-320], 2000).order(rng(0))
    huge = WeightedSampler([1e308, 1.7e308, 1.7e308], 2000).order(rng(0))
    assert 0.6 < tiny.mean() < 0.9
    assert len(set(huge.tolist())) == 3
    assert len(WeightedSampler([1e-320, 1e308], replacement=False).order(rng(0))) == 2


@pytest.mark.parametrize("labels", [[0] * 90 + [7] * 10, ["cat"] * 90 + ["dog"] * 10])
def test_balanced_classes(labels):
    drawn = WeightedSampler.balanced(labels, 10_000).order(rng(0))
    rare = np.mean([labels[i] != labels[0] for i in drawn])
    assert rare == pytest.approx(0.5, abs=0.02)


SAMPLERS = {
    "weights": lambda n: WeightedSampler(np.arange(n) % 4),
    "few, no replacement": lambda n: WeightedSampler(np.arange(n), n // 2, replacement=False),
    "more than there are": lambda n: WeightedSampler(np.arange(n), 2 * n),
    "lengths": lambda n: BucketSampler(np.arange(n) % 7, 5, window=2),
}


@pytest.mark.parametrize("prefetch", [0, 2])
@pytest.mark.parametrize("name", SAMPLERS)
def test_stopped_anywhere_and_resumed(name, prefetch):
    """The rest of the epoch and the next ones are the same batches, from three integers."""

    def loader(seed):
        sampler, made = SAMPLERS[name](33), rng(seed)
        return DataLoader(np.arange(33), 5, sampler=sampler, rng=made, prefetch=prefetch)

    whole = loader(0)
    epochs = [[x.tolist() for (x,) in whole] for _ in range(3)]
    assert epochs[0] != epochs[1]
    assert [len(epoch) for epoch in epochs] == [len(whole)] * 3
    for stop in range(1, len(whole)):
        first = loader(0)
        got = []
        for (x,) in first:
            got.append(x.tolist())
            if len(got) == stop:
                break
        state = json.loads(json.dumps(first.state_dict()))
        second = loader(9)
        second.load_state_dict(state)
        got += [x.tolist() for (x,) in second]
        assert got == epochs[0]
        assert [x.tolist() for (x,) in second] == epochs[1]


@pytest.mark.parametrize("name", SAMPLERS)
def test_shares_are_the_batches(name):
    def loader():
        made = DataLoader(np.arange(33.0), 5, sampler=SAMPLERS[name](33))
        made.seed = 3
        return made

    shares = [list(loader().shares(part, 3)) for part in range(3)]
    for place, (batch,) in enumerate(loader()):
        joined = np.concatenate([share[place][0] for share in shares])
        np.testing.assert_array_equal(joined, batch)


def test_lengths_are_short_for_a_sampler():
    lengths = sentences(100)
    a = DataLoader(np.arange(100), 8, shuffle=True, lengths=lengths, rng=rng(0))
    b = DataLoader(np.arange(100), 8, sampler=BucketSampler(lengths, 8), rng=rng(0))
    for (x,), (y,) in zip(a, b, strict=True):
        np.testing.assert_array_equal(x, y)


def test_sequences_are_padded_to_their_batch():
    samples = [(np.ones(n), n) for n in (1, 2, 3, 9, 8, 7)]
    loader = DataLoader(
        samples,
        3,
        collate=pad_samples,
        sampler=BucketSampler([n for _, n in samples], 3, shuffle=False),
    )
    assert [x.shape for x, _, _ in loader] == [(3, 3), (3, 9)]


class Own:
    """A user's sampler."""

    def __init__(self, numbers, length=None):
        self.numbers, self.length = numbers, length

    def __len__(self):
        return len(self.numbers) if self.length is None else self.length

    def order(self, rng):
        return self.numbers


def test_a_sampler_of_ones_own():
    loader = DataLoader(np.arange(10), 2, sampler=Own([9, 9, 0]))
    assert [x.tolist() for (x,) in loader] == [[9, 9], [0]]
    assert len(loader) == 2


@pytest.mark.parametrize(
    "sampler",
    [
        Own([10]),
        Own([0, 10]),
        Own([-1, 0]),
        Own([-1]),
        Own([0.5]),
        Own([[0]]),
        Own([0, 1], 3),
        Own(["a"]),
        Own([None]),
    ],
)
def test_a_sampler_that_breaks_its_promise(sampler):
    loader = DataLoader(np.arange(10), 2, sampler=sampler)
    before = loader.state_dict()
    with pytest.raises((ValueError, TypeError), match=r"DataLoader: Own.order"):
        list(loader)
    assert {**loader.state_dict(), "seed": before["seed"]} == before


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: BucketSampler(3, 2), "BucketSampler: lengths must have 1 axis"),
        (lambda: BucketSampler(["a"], 2), "BucketSampler: lengths must be numbers"),
        (lambda: BucketSampler([1], 0), "BucketSampler: batch_size must be"),
        (lambda: BucketSampler([1], 1, window=0), "BucketSampler: window must be"),
        (lambda: BucketSampler([1], 1, shuffle=1), "BucketSampler: shuffle must be"),
        (lambda: WeightedSampler([]), "WeightedSampler: weights must be finite numbers >= 0"),
        (lambda: WeightedSampler([0, 0]), "weights must be finite numbers >= 0, one of them above"),
        (lambda: WeightedSampler([1, -1]), "weights must be finite"),
        (lambda: WeightedSampler([1, np.nan]), "weights must be finite"),
        (lambda: WeightedSampler([1, np.inf]), "weights must be finite"),
        (lambda: WeightedSampler([[1]]), "WeightedSampler: weights must have 1 axis"),
        (lambda: WeightedSampler([1], 0), "num_samples must be"),
        (lambda: WeightedSampler([1], replacement="no"), "replacement must be"),
        (lambda: WeightedSampler([1, 0], replacement=False), "2 samples cannot be drawn .* from 1"),
        (lambda: WeightedSampler.balanced([]), "balanced: labels must be"),
        (lambda: WeightedSampler.balanced([0.5]), "balanced: labels must be"),
        (lambda: DataLoader(np.arange(3), sampler=3), "sampler must have len"),
        (lambda: DataLoader(np.arange(3), sampler=[0, 1]), "sampler must have len"),
        (lambda: DataLoader(np.arange(3), sampler=Own), "sampler must have len"),
        (lambda: DataLoader(np.arange(3), sampler=Own([0]), shuffle=True), "leave out shuffle"),
        (lambda: DataLoader(np.arange(1), sampler=Own([0]), lengths=[1]), "leave out shuffle"),
        (
            lambda: DataLoader(np.arange(3), 2, sampler=BucketSampler([1] * 3, 3)),
            "orders for batches of 3, and the loader's batches are of 2",
        ),
        (
            lambda: DataLoader(np.arange(3), sampler=WeightedSampler([1] * 4)),
            "expected a sampler for 3 samples, got one of 4 weights",
        ),
    ],
)
def test_refuses(make, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make()
