"""Programs and their renamed forms."""

import numpy as np
import pytest

from neural_net_utils.datasets.renaming import renaming_task

TABLE = dict(zip("xyzuvwmnpqrs", "abcdefghijkl", strict=True))


def rng():
    return np.random.default_rng(0)


def test_programs_have_the_form():
    """variable = variable operator variable, joined by semicolons."""
    for source, target in renaming_task(200, 0, statements=2, rng=rng()).train:
        tokens = source.split()
        assert len(tokens) == len(target.split()) == 11
        assert tokens[1] == tokens[7] == "="
        assert tokens[5] == ";"
        assert {tokens[3], tokens[9]} <= set("+-*/")
        assert {tokens[i] for i in (0, 2, 4, 6, 8, 10)} <= set(TABLE)


def test_by_table_each_variable_has_its_name():
    """The target is the source with every letter looked up."""
    for source, target in renaming_task(300, 0, statements=2, rng=rng()).train:
        assert target == source.translate(str.maketrans(TABLE))


def test_by_order_names_follow_the_first_use():
    """New names appear in alphabetical order, and equal variables stay equal, others different."""
    for source, target in renaming_task(300, 0, statements=2, naming="order", rng=rng()).train:
        pairs = [(s, t) for s, t in zip(source.split(), target.split(), strict=True) if s.isalpha()]
        seen = list(dict.fromkeys(t for _, t in pairs))
        assert seen == list("abcdefghijkl"[: len(seen)])
        assert len(set(pairs)) == len({s for s, _ in pairs}) == len(seen)
    plain = renaming_task(6912, 0, naming="order").train
    assert dict(plain)["z = x + z"] == "a = b + a"


def test_held_out_programs_are_new():
    """No program occurs twice, in either part or across; all together are all there are."""
    train, held_out = renaming_task(6000, 912, rng=rng())
    sources = [source for source, _ in train + held_out]
    assert len(train) == 6000
    assert len(held_out) == 912
    assert len(set(sources)) == 12**3 * 4
    assert renaming_task(50, 5, rng=rng()) == renaming_task(50, 5, rng=rng())


def test_too_many_programs_and_bad_arguments():
    """The message says how many there are."""
    with pytest.raises(ValueError, match=r"only 6,912 programs .* train=6912 and held_out=1"):
        renaming_task(6912, 1)
    with pytest.raises(ValueError, match="naming must be 'table' or 'order', got 'random'"):
        renaming_task(1, 1, naming="random")
    with pytest.raises(ValueError, match="statements must be an int from 1 to 4, got 5"):
        renaming_task(1, 1, statements=5)
    assert len(renaming_task(3, 2, statements=4).train[0].source.split()) == 23
