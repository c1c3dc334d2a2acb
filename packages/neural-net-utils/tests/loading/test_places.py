"""The numbers of a place: those of Philox at that place, whatever was drawn before."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_utils.loading._places import Places

NUMBERS = st.integers(0, 2**64 - 1)
DRAWS = [
    lambda rng: rng.random(7),
    lambda rng: rng.random(3, dtype=np.float32),  # half of a 64-bit number stays for the next
    lambda rng: rng.integers(0, 2**32, 5, dtype=np.uint32),
    lambda rng: rng.permutation(9),
    lambda rng: rng.standard_normal(4),
]


@given(seed=NUMBERS, epoch=NUMBERS, place=NUMBERS, before=st.lists(st.sampled_from(DRAWS)))
def test_a_place_has_the_numbers_of_philox(seed, epoch, place, before):
    """Counted from there: a saved seed, epoch and position bring the same batches for ever."""
    places = Places(seed)
    rng = places.at(0, 0)
    for draw in before:
        draw(rng)
    for draw in DRAWS:
        expected = np.random.Generator(
            np.random.Philox(
                key=np.array([seed, 0], dtype=np.uint64),
                counter=np.array([0, 0, place, epoch], dtype=np.uint64),
            )
        )
        rng = places.at(epoch, place)
        assert draw(rng).tolist() == draw(expected).tolist()
        assert draw(rng).tolist() == draw(expected).tolist()


@pytest.mark.parametrize(("epoch", "place"), [(0, 1), (1, 0), (2**64 - 1, 0)])
def test_no_place_draws_the_numbers_of_another(epoch, place):
    places = Places(3)
    first = places.at(0, 0).random(1000)
    assert not set(first) & set(places.at(epoch, place).random(1000))
