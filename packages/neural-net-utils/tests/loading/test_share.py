"""Shares of a batch: together the batch, as even as can be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import Tensor
from neural_net_utils import DataLoader, pad_samples
from neural_net_utils.loading._share import own_rows, share_of


@given(st.integers(0, 50), st.integers(1, 9))
def test_shares_are_all_rows_in_order(count, parts):
    rows = list(range(count))
    shares = [rows[share_of(count, part, parts)] for part in range(parts)]
    assert [row for share in shares for row in share] == rows
    sizes = [len(share) for share in shares]
    assert sizes == sorted(sizes, reverse=True) and sizes[0] - sizes[-1] <= 1


def test_own_rows_of_every_kind_of_field():
    scalar, one = np.array(2.0), Tensor(3.0)
    batch = (np.arange(5), Tensor(np.arange(10.0).reshape(5, 2)), list("abcde"), None, 0.5)
    array, tensor, texts, nothing, number, *same = own_rows((*batch, scalar, one), 1, 2)
    assert same[0] is scalar and same[1] is one
    assert array.tolist() == [3, 4] and tensor.shape == (2, 2) and texts == ["d", "e"]
    assert nothing is None and number == 0.5
    assert own_rows(batch, 0, 1) is batch


@pytest.mark.parametrize("batch", [(np.zeros(3), np.zeros(4)), (np.zeros(2), (1, 2))])
def test_what_has_no_samples_is_refused(batch):
    with pytest.raises(ValueError, match="first axis"):
        own_rows(batch, 0, 2)


@pytest.mark.parametrize(
    "options", [{}, {"shuffle": True}, {"transform": lambda b, rng: (b[0] * rng.random(),)}]
)
def test_loader_gives_the_shares_of_its_batches(options):
    def loader():
        made = DataLoader(np.arange(11.0), 4, **options)
        made.seed = 3
        return made

    shares = [list(loader().shares(part, 4)) for part in range(4)]
    for place, (batch,) in enumerate(loader()):
        parts = [share[place][0] for share in shares]
        np.testing.assert_array_equal(np.concatenate(parts), batch)


def test_samples_of_others_are_not_read():
    class Samples:
        read: list[int] = []  # noqa: RUF012

        def __len__(self):
            return 7

        def __getitem__(self, row):
            self.read.append(row)
            return (np.array([row]),)

    assert [len(x) for (x,) in DataLoader(Samples(), 4).shares(1, 2)] == [2, 1]
    assert Samples.read == [2, 3, 6]
    padded = DataLoader([(np.ones(n), n) for n in (1, 5)], 2, collate=pad_samples)
    ((x, _, lengths),) = padded.shares(0, 2)
    assert x.shape == (1, 5) and lengths.tolist() == [1]


def test_seed_is_drawn_once_and_only_where_something_is_random():
    assert DataLoader(np.arange(4)).seed is None
    loader = DataLoader(np.arange(4), shuffle=True, rng=np.random.default_rng(0))
    seed = loader.seed
    assert seed == loader.seed == loader.state_dict()["seed"]
    with pytest.raises(ValueError, match="seed"):
        loader.seed = -1
    assert loader.seed == seed
    with pytest.raises(ValueError, match="part"):
        loader.shares(2, 2)
