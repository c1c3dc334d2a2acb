"""The library's generator."""

import datetime

import numpy as np
import pytest

from neural_net_core import Dense, default_rng, seed
from neural_net_core.random import resolve_rng


def test_seed_restarts_the_library_s_generator_for_every_holder():
    held = default_rng()
    seed(3)
    first = held.normal(size=5)
    seed(3)
    np.testing.assert_array_equal(default_rng().normal(size=5), first)


def test_layers_drawn_after_one_seed_are_identical():
    seed(11)
    a = Dense(4, 3)
    seed(11)
    b = Dense(4, 3)
    np.testing.assert_array_equal(a.weight.data, b.weight.data)
    np.testing.assert_array_equal(a.bias.data, b.bias.data)


def test_the_global_generator_is_left_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    seed(5)
    Dense(4, 3)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_a_seed_is_not_a_generator():
    with pytest.raises(ValueError, match="got int"):
        resolve_rng(42)


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        "3",
        1.5,
        True,
        -1,
        [1],
        np.array(3.0),
        datetime.date(2020, 1, 1),
        np.datetime64("2020"),
    ],
)
def test_a_seed_is_a_whole_number(wrong):
    """NumPy takes None for "as chance has it", which would repeat nothing."""
    seed(5)
    expected = default_rng().random()
    seed(5)
    with pytest.raises(ValueError, match="seed: n must be an int"):
        seed(wrong)
    assert default_rng().random() == expected
    seed(np.random.SeedSequence(1).entropy)
    seed(2**128 - 1)
