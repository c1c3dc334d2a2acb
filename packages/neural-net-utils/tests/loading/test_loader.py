"""DataLoader: every sample once, orders that repeat, state that continues exactly."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neural_net_core
from neural_net_utils.loading.collate import pad_samples
from neural_net_utils.loading.dataset import ArrayDataset
from neural_net_utils.loading.loader import DataLoader


def epoch(loader):
    return [x.tolist() for (x,) in loader]


def make(n=10, seed=0, **options):
    return DataLoader(ArrayDataset(np.arange(n)), rng=np.random.default_rng(seed), **options)


@given(
    n=st.integers(0, 40),
    batch_size=st.integers(1, 12),
    shuffle=st.booleans(),
    drop_last=st.booleans(),
    bucket=st.booleans(),
)
@settings(max_examples=80, deadline=None)
def test_each_sample_once(n, batch_size, shuffle, drop_last, bucket):
    """Whatever the options: no sample twice, sizes right, len() true, only a short rest dropped."""
    lengths = np.arange(n) % 5 if bucket else None
    loader = make(n, batch_size=batch_size, shuffle=shuffle, drop_last=drop_last, lengths=lengths)
    batches = epoch(loader)
    seen = [i for batch in batches for i in batch]
    assert len(batches) == len(loader)
    assert len(seen) == len(set(seen)) == (n - n % batch_size if drop_last else n)
    assert all(len(batch) == batch_size for batch in batches[:-1])
    if not shuffle and not bucket:
        assert seen == list(range(len(seen)))


def test_shuffle_differs_by_epoch_and_repeats_by_seed():
    """Epochs differ from each other; equal seeds give equal epochs."""
    a, b = make(30, seed=1, shuffle=True), make(30, seed=1, shuffle=True)
    first, second = epoch(a), epoch(a)
    assert first != second
    assert [epoch(b), epoch(b)] == [first, second]
    assert epoch(make(30, seed=2, shuffle=True)) != first


def test_order_comes_from_the_library_generator_at_first_use():
    """`seed(n)` counts even after the loader was built, and not after it was used."""
    loader = DataLoader(ArrayDataset(np.arange(20)), shuffle=True)
    neural_net_core.seed(3)
    first = epoch(loader)
    again = DataLoader(ArrayDataset(np.arange(20)), shuffle=True)
    neural_net_core.seed(3)
    assert epoch(again) == first


@given(seed=st.integers(0, 99), stop=st.integers(1, 12), bucket=st.booleans())
@settings(max_examples=60, deadline=None)
def test_state_continues_anywhere(seed, stop, bucket):
    """Stopped after any batch (also at an epoch's end), another loader gives all the rest."""

    def transform(batch, rng):
        return (batch[0] + rng.integers(1000),)

    def new(seed):
        lengths = np.arange(10) % 3 if bucket else None
        return make(10, seed=seed, batch_size=3, shuffle=True, transform=transform, lengths=lengths)

    whole = new(seed)
    wanted = [batch for _ in range(4) for batch in epoch(whole)]
    loader, got = new(seed), []
    while len(got) < stop:
        for (x,) in loader:
            got.append(x.tolist())
            if len(got) == stop:
                break
    state = json.loads(json.dumps(loader.state_dict()))
    other = new(seed + 1)
    other.load_state_dict(state)
    while len(got) < 16:
        got += epoch(other)
    assert got == wanted


def test_abandoned_epoch_is_not_continued():
    """Leaving a loop early and looping again starts a new epoch from its beginning."""
    loader = make(9, batch_size=3)
    for _ in loader:
        break
    assert epoch(loader) == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]


def test_two_loops_at_once():
    """Nested iteration over one loader mixes nothing up."""
    loader = make(4, batch_size=2)
    pairs = [(a.tolist(), b.tolist()) for (a,) in loader for (b,) in loader]
    assert pairs == [(a, b) for a in ([0, 1], [2, 3]) for b in ([0, 1], [2, 3])]


def test_transform_gets_a_new_generator_per_batch():
    """Augmentation differs between batches and epochs and repeats by seed."""
    options = {"batch_size": 2, "transform": lambda batch, rng: (rng.random(3),)}
    loader, again = make(4, **options), make(4, **options)
    drawn = epoch(loader) + epoch(loader)
    assert len({tuple(values) for values in drawn}) == 4
    assert epoch(again) + epoch(again) == drawn


def test_buckets_save_padding():
    """Samples of similar length meet: less padding than in random order, batches still shuffled."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 100, size=400)

    def padding(loader):
        return sum(int((x.max() - x).sum()) for (x,) in loader)

    data = ArrayDataset(lengths)
    plain = DataLoader(data, 16, shuffle=True, rng=np.random.default_rng(1))
    bucketed = DataLoader(data, 16, shuffle=True, rng=np.random.default_rng(1), lengths=lengths)
    assert padding(bucketed) < padding(plain) / 4
    firsts = [int(x[0]) for (x,) in bucketed]
    assert firsts != sorted(firsts)


def test_any_dataset_and_collate():
    """A list of samples works; collate decides the batch."""
    samples = [([1, 2], 0), ([3], 1), ([4, 5, 6], 0)]
    x, mask, y = next(iter(DataLoader(samples, 3, collate=pad_samples)))
    assert x.shape == mask.shape == (3, 3)
    assert y.tolist() == [0, 1, 0]
    x, y = next(iter(DataLoader([(1.0, 2), (3.0, 4)], 2)))
    assert (x.tolist(), y.tolist()) == ([1.0, 3.0], [2, 4])


def test_arrays_are_wrapped():
    """A tuple of arrays, or one array, is data enough."""
    x, y = next(iter(DataLoader((np.arange(3), np.arange(3)), 2)))
    assert x.tolist() == y.tolist() == [0, 1]
    (x,) = next(iter(DataLoader(np.arange(3), 2)))
    assert x.tolist() == [0, 1]


@pytest.mark.parametrize(
    "dataset",
    [
        {"x": np.ones(3), "y": np.ones(3)},
        (i for i in range(3)),
        iter([1, 2]),
        zip([1], [2], strict=True),
        {1, 2},
        "text",
        b"bytes",
        None,
        3,
        2.5,
        list,
        print,
    ],
    ids=lambda dataset: type(dataset).__name__,
)
def test_what_is_no_data_set(dataset):
    """Without length and samples by number there is nothing to load from: an error at once."""
    with pytest.raises(TypeError, match=r"DataLoader: expected arrays, or a data set with len"):
        DataLoader(dataset)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("shuffle", ["no", 1, None, np.ones(2)]),
        ("drop_last", ["yes", 0, None]),
        ("collate", ["stack", 3, [len]]),
        ("transform", ["flip", 3]),
        ("lengths", [3, "abc", [None] * 10, [[1] * 10], np.ones((10, 1)), print, iter([1])]),
        ("rng", [3, "seed", np.random.RandomState(0)]),
    ],
)
def test_wrong_options(name, values):
    """Each is refused by its name when the loader is made."""
    for value in values:
        with pytest.raises((ValueError, TypeError), match=name):
            DataLoader(ArrayDataset(np.arange(10)), **{name: value})


@pytest.mark.parametrize("batch_size", [0, -1, 2.5, "8", True, None, float("nan"), [3], 2.0])
def test_bad_batch_size(batch_size):
    """The message names the argument, the range and the value."""
    with pytest.raises(ValueError, match="DataLoader: batch_size must be an int >= 1, got"):
        make(batch_size=batch_size)


def test_bad_lengths_and_states():
    """Lengths must match the data; a state of other data is refused and changes nothing."""
    with pytest.raises(ValueError, match="expected 10 lengths, one per sample, got 9"):
        make(lengths=[1] * 9)
    loader = make(10, batch_size=5)
    before = loader.state_dict()
    for state in ({}, {"seed": 1, "epoch": 0}, {"seed": 1, "epoch": 0, "position": 3}, None):
        with pytest.raises(ValueError, match="DataLoader: "):
            loader.load_state_dict(state)
    assert loader.state_dict() == before


def test_a_share_reads_its_own_rows_alone_unless_all_must_be_seen():
    read = []

    class Samples(list):
        def __getitem__(self, i):
            read.append(i)
            return (super().__getitem__(i),)

    for options, wanted in (
        ({}, [2, 3]),
        ({"collate": lambda rows: (np.array([x for (x,) in rows]),)}, [0, 1, 2, 3, 4]),
        ({"transform": lambda batch, rng: batch}, [0, 1, 2, 3, 4]),
    ):
        read.clear()
        loader = DataLoader(Samples(range(5)), 5, **options)
        assert [x.tolist() for (x,) in loader.shares(1, 3)] == [[2, 3]]
        assert read == wanted


@pytest.mark.parametrize(("part", "parts"), [(1, 1), (2, 2), (-1, 2), (0, 0), (0.0, 1)])
def test_a_share_that_there_is_not(part, parts):
    with pytest.raises(ValueError, match=r"DataLoader\.shares: parts? must be"):
        make().shares(part, parts)


def test_seeds_have_63_bits():
    loader = make(shuffle=True)
    for seed in (0, 2**63 - 1):
        loader.seed = seed
        assert loader.seed == seed
        loader.load_state_dict({"seed": seed, "epoch": 0, "position": 0})
        assert loader.state_dict()["seed"] == seed
        assert sorted(i for batch in epoch(loader) for i in batch) == list(range(10))
    before = loader.state_dict()
    for seed in (-1, 2**63, 0.5):
        with pytest.raises(ValueError, match="DataLoader: seed must be"):
            loader.seed = seed
        with pytest.raises(ValueError, match="seed"):
            loader.load_state_dict({"seed": seed, "epoch": 0, "position": 0})
    assert loader.state_dict() == before
    loader.seed = None
    assert loader.state_dict()["seed"] is None
    assert loader.seed is not None  # drawn anew


def test_32_samples_make_a_batch_unless_told_otherwise():
    assert DataLoader(ArrayDataset(np.arange(40))).batch_size == 32
