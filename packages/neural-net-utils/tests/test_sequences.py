"""Sequence tasks: the answer follows from the input."""

import numpy as np
import pytest

from neural_net_utils import sequences


def rng():
    return np.random.default_rng(0)


def test_adding_problem():
    """One mark per half, the answer is the marked sum, and its variance is the stated baseline."""
    x, y = sequences.adding_problem(5000, 11, rng=rng())
    assert x.dtype == y.dtype == np.float32
    assert np.all(x[:, :5, 1].sum(axis=1) == 1)
    assert np.all(x[:, 5:, 1].sum(axis=1) == 1)
    assert np.allclose(y[:, 0], (x[..., 0] * x[..., 1]).sum(axis=1))
    assert abs(np.mean((y - 1) ** 2) - 1 / 6) < 0.01
    assert len({tuple(np.flatnonzero(marks)) for marks in x[..., 1]}) == 5 * 6


def test_copy_task():
    """Symbols, blanks, one question just before the answer begins."""
    x, y = sequences.copy_task(200, delay=7, symbols=4, length=3, rng=rng())
    assert x.shape == y.shape == (200, 13)
    assert np.array_equal(x[:, :3], y[:, -3:])
    assert set(np.unique(x[:, :3])) == {1, 2, 3, 4}
    assert np.all(x[:, 9] == 5)
    assert np.count_nonzero(x[:, 3:]) == 200
    assert not y[:, :-3].any()
    assert sequences.copy_task_baseline(7, symbols=4, length=3) == pytest.approx(3 * np.log(4) / 13)


def test_reverse_parity_counting():
    """The other three against plain Python."""
    x, y = sequences.reverse_task(20, 6, symbols=5, rng=rng())
    assert [list(reversed(row)) for row in x.tolist()] == y.tolist()
    assert x.max() == 4
    bits, parity = sequences.parity_task(20, 6, rng=rng())
    assert bits.shape == (20, 6, 1)
    for row, answers in zip(bits[..., 0], parity, strict=True):
        assert [int(row[: t + 1].sum()) % 2 for t in range(6)] == answers.tolist()
    bits, counts = sequences.counting_task(800, 7, rng=rng())
    assert np.array_equal(bits[..., 0].sum(axis=1), counts)
    assert np.bincount(counts).min() > 60
    assert np.all(bits[..., 0].mean(axis=0) > 0.4)  # ones stand anywhere


@pytest.mark.parametrize(
    "make",
    [
        sequences.adding_problem,
        sequences.copy_task,
        sequences.reverse_task,
        sequences.parity_task,
        sequences.counting_task,
    ],
)
def test_seed_and_bad_sizes(make):
    """Same generator, same data; sizes are checked."""
    for a, b in zip(make(4, 5, rng=rng()), make(4, 5, rng=rng()), strict=True):
        assert np.array_equal(a, b)
    with pytest.raises(ValueError, match=f"{make.__name__}: n must be an int >= 1, got 0"):
        make(0)
    with pytest.raises(ValueError, match=f"{make.__name__}: (length|delay) must be an int >= "):
        make(3, 0)
