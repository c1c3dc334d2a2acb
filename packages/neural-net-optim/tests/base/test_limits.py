"""Ranges of hyper-parameters: what they allow, and what they say."""

import math

import numpy as np
import pytest

from neural_net_optim.base import limits


@pytest.mark.parametrize(
    ("limit", "allowed", "refused"),
    [
        (limits.at_least(2), [2, 2.5, 1e300], [1.999, math.inf, math.nan, "3", None, True, [3]]),
        (limits.at_most(2), [2, 1.5, -1e300], [2.001, -math.inf, math.nan, "1", None, True]),
        (limits.above(2), [2.001, 3], [2, math.inf, math.nan, "3", None, True]),
        (limits.between(1, 2), [1, 1.5, 2], [0.999, 2.001, math.nan, None, True]),
        (limits.fraction, [0, 0.0, 0.999], [1, 1.0, -0.001, math.nan, False]),
        (limits.flag, [True, False], [0, 1, None, "True"]),
        (limits.choice("a", None), ["a", None], ["b", ""]),
        (limits.whole(2), [2, 3, 10**9], [1, 2.0, True, None, "2"]),
        (limits.whole(2, 4), [2, 4], [1, 5]),
        (limits.optional(limits.fraction), [None, 0.5], [1, "None"]),
        (limits.numbers(2), [(1, 2.0), [-5, 0]], [(1,), (1, 2, 3), 5, ("a", 1), (True, 1)]),
        (limits.numbers(2, limits.fraction), [(0, 0.5)], [(0, 1), (-1, 0)]),
        (limits.numbers(3), [(1, 2, 3)], [(1, 2)]),
    ],
)
def test_what_is_allowed(limit, allowed, refused):
    """Values at both sides of every end, and values of other kinds."""
    for value in allowed:
        assert limit.check("Owner", "name", value) == value
    for value in refused:
        with pytest.raises(ValueError, match=r"^Owner: name must be "):
            limit.check("Owner", "name", value)


@pytest.mark.parametrize(
    ("limit", "text"),
    [
        (limits.at_least(0), "a finite number >= 0"),
        (limits.at_most(0), "a finite number <= 0"),
        (limits.above(0), "a finite number > 0"),
        (limits.between(0, 1), "a number in [0, 1]"),
        (limits.fraction, "a number in [0, 1)"),
        (limits.flag, "True or False"),
        (limits.choice("a", "b"), "one of 'a', 'b'"),
        (limits.whole(1), "a whole number >= 1"),
        (limits.whole(1, 9), "a whole number >= 1 and <= 9"),
        (limits.optional(limits.flag), "None or True or False"),
        (limits.numbers(2, limits.fraction), "two numbers, each a number in [0, 1)"),
        (limits.numbers(3), "three numbers"),
    ],
)
def test_the_words(limit, text):
    """The message says the range in words."""
    assert limit.text == text


def test_numpy_scalars_become_plain_numbers():
    """A float64 scalar would make float32 blocks compute in float64."""
    value = limits.at_least(0).check("Owner", "name", np.float64(0.5))
    assert type(value) is float
    assert type(limits.whole(0).check("Owner", "name", np.int64(3))) is int
