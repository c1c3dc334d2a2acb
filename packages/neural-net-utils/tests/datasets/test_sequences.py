"""Sequence tasks: the answer follows from the input."""

import numpy as np
import pytest

from neural_net_utils.datasets import sequences


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


def test_pattern_task():
    """The answer is the bit of one period ago; it cannot be told from the last bit or the sum."""
    x, y = sequences.pattern_task(4000, 11, period=4, rng=rng())
    assert x.shape == (4000, 12, 2)
    assert x.dtype == np.float32
    bits = x[:, :-1, 0]
    assert np.array_equal(bits[:, 4:], bits[:, :-4])
    assert np.array_equal(y, bits[:, -4])
    assert np.all(x[:, -1] == [0, 1])
    assert not x[:, :-1, 1].any()
    assert len(np.unique(bits, axis=0)) == 16
    for told in (bits[:, -1], bits[:, -1] == 0):
        assert abs(np.mean(y == told) - 0.5) < 0.05
    x, y = sequences.pattern_task(50, rng=rng())
    asked = (x[:, :3, 0] == [1, 0, 1]).all(axis=1)
    assert asked.any()
    assert not y[asked].any()
    with pytest.raises(ValueError, match="length must be an int >= 4, got 3"):
        sequences.pattern_task(1, 3, period=4)


def test_order_task():
    """0 and 1 stand once each, anywhere; a bag of the tokens says nothing about the answer."""
    x, y = sequences.order_task(4000, 6, symbols=5, rng=rng())
    assert np.all((x == 0).sum(axis=1) == 1)
    assert np.all((x == 1).sum(axis=1) == 1)
    assert np.array_equal(y, (x == 1).argmax(axis=1) < (x == 0).argmax(axis=1))
    assert set(np.unique(x)) == {0, 1, 2, 3, 4}
    assert abs(y.mean() - 0.5) < 0.05
    assert len(set(zip((x == 0).argmax(axis=1), (x == 1).argmax(axis=1), strict=True))) == 6 * 5
    with pytest.raises(ValueError, match="symbols must be an int >= 3, got 2"):
        sequences.order_task(1, 6, symbols=2)


def test_recall_task():
    """The answer stands behind the first occurrence of the key that is asked for."""
    x, y = sequences.recall_task(2000, 3, keys=5, values=4, rng=rng())
    assert x.shape == (2000, 7)
    for row, answer in zip(x.tolist(), y.tolist(), strict=True):
        assert len(set(row[:6:2])) == 3
        assert all(0 <= key < 5 for key in row[::2])
        assert all(5 <= value < 9 for value in row[1::2])
        assert answer == row[row.index(row[-1]) + 1]
    asked = [row.index(row[-1]) // 2 for row in x.tolist()]
    assert np.bincount(asked).min() > 500
    with pytest.raises(ValueError, match="pairs must be an int from 1 to 5, got 6"):
        sequences.recall_task(1, 6, keys=5)


@pytest.mark.parametrize(
    "make",
    [
        sequences.adding_problem,
        sequences.copy_task,
        sequences.reverse_task,
        sequences.parity_task,
        sequences.counting_task,
        sequences.pattern_task,
        sequences.order_task,
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
