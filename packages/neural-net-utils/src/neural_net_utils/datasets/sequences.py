"""Generated sequence tasks: adding, copying, reversing, parity, counting, patterns, order, recall.

Each says what a network without memory scores, so that a figure can be judged.
"""

from __future__ import annotations

import math

import numpy as np

from neural_net_core.checks import check_count
from neural_net_core.dtypes import Array
from neural_net_core.random import resolve_rng

__all__ = [
    "adding_problem",
    "copy_task",
    "copy_task_baseline",
    "counting_task",
    "order_task",
    "parity_task",
    "pattern_task",
    "recall_task",
    "reverse_task",
]


def adding_problem(
    n: int, length: int = 50, *, rng: np.random.Generator | None = None
) -> tuple[Array, Array]:
    """Add the two marked numbers of a long sequence.

    The first feature is uniform in [0, 1), the second marks one step of the first half and one
    of the second half. Always answering 1, the mean, has a squared error of 1/6 = 0.167.

    Args:
        n: number of sequences.
        length: T >= 2.
        rng: None means the library's generator.

    Returns:
        `x` (n, T, 2) and `y` (n, 1), float32.

    Source: Hochreiter & Schmidhuber (1997), Long Short-Term Memory, experiment 4; the form
        here is that of Arjovsky et al. (2016), arXiv:1511.06464, section 5.2.

    Examples:
        >>> x, y = adding_problem(1, length=4)
        >>> bool(np.isclose((x[0, :, 0] * x[0, :, 1]).sum(), y[0, 0]))
        True
    """
    n, length = _sizes("adding_problem", n, length, shortest=2)
    rng = resolve_rng(rng)
    half = length // 2
    x = np.zeros((n, length, 2), dtype=np.float32)
    x[:, :, 0] = rng.random((n, length))
    rows = np.arange(n)
    x[rows, rng.integers(0, half, n), 1] = 1
    x[rows, rng.integers(half, length, n), 1] = 1
    return x, np.sum(x[:, :, 0] * x[:, :, 1], axis=1, keepdims=True)


def copy_task(
    n: int,
    delay: int = 20,
    *,
    symbols: int = 8,
    length: int = 10,
    rng: np.random.Generator | None = None,
) -> tuple[Array, Array]:
    """Remember `length` symbols over a delay and repeat them.

    Tokens: 0 is blank, 1 to `symbols` are the symbols, `symbols` + 1 asks for the answer. See
    `copy_task_baseline` for the loss without memory.

    Args:
        n: number of sequences.
        delay: blank steps between the symbols and the question, >= 1.
        symbols: alphabet size S.
        length: symbols to remember L.
        rng: None means the library's generator.

    Returns:
        `x` and `y` (n, delay + 2 L), int64: `y` is blank but for the last L steps.

    Source: Hochreiter & Schmidhuber (1997); the form of Arjovsky et al. (2016), section 5.1.
    """
    n, length = _sizes("copy_task", n, length, shortest=1)
    delay = check_count("copy_task", "delay", delay, 1)
    symbols = check_count("copy_task", "symbols", symbols, 1)
    drawn = resolve_rng(rng).integers(1, symbols + 1, (n, length))
    x = np.zeros((n, delay + 2 * length), dtype=np.int64)
    x[:, :length] = drawn
    x[:, length + delay - 1] = symbols + 1
    y = np.zeros_like(x)
    y[:, -length:] = drawn
    return x, y


def copy_task_baseline(delay: int, *, symbols: int = 8, length: int = 10) -> float:
    """Mean cross entropy (nats) without memory: L ln S / (delay + 2 L).

    Examples:
        >>> round(copy_task_baseline(80), 4)  # 10 ln 8 / 100
        0.2079
    """
    where = "copy_task_baseline"
    delay = check_count(where, "delay", delay, 1)
    symbols = check_count(where, "symbols", symbols, 1)
    length = check_count(where, "length", length, 1)
    return length * math.log(symbols) / (delay + 2 * length)


def reverse_task(
    n: int, length: int = 12, *, symbols: int = 10, rng: np.random.Generator | None = None
) -> tuple[Array, Array]:
    """Give the sequence back in reverse; guessing scores 1 / `symbols`.

    Args:
        n: number of sequences.
        length: T.
        symbols: V, tokens are 0 to V - 1.
        rng: None means the library's generator.

    Returns:
        `x` and `y` (n, T), int64.
    """
    n, length = _sizes("reverse_task", n, length, shortest=1)
    symbols = check_count("reverse_task", "symbols", symbols, 1)
    x = resolve_rng(rng).integers(0, symbols, (n, length))
    return x, x[:, ::-1].copy()


def parity_task(
    n: int, length: int = 10, *, rng: np.random.Generator | None = None
) -> tuple[Array, Array]:
    """Say after every bit whether the number of ones so far is odd; guessing scores 1/2.

    Args:
        n: number of sequences.
        length: T.
        rng: None means the library's generator.

    Returns:
        `x` (n, T, 1) float32 bits and `y` (n, T) int64.
    """
    n, length = _sizes("parity_task", n, length, shortest=1)
    bits = resolve_rng(rng).integers(0, 2, (n, length))
    return bits[:, :, np.newaxis].astype(np.float32), np.cumsum(bits, axis=1) % 2


def counting_task(
    n: int, length: int = 7, *, rng: np.random.Generator | None = None
) -> tuple[Array, Array]:
    """Count the ones of a sequence of bits.

    Args:
        n: number of sequences.
        length: T; the answer is 0 to T, and each answer is equally likely.
        rng: None means the library's generator.

    Returns:
        `x` (n, T, 1) float32 bits and `y` (n,) int64.
    """
    n, length = _sizes("counting_task", n, length, shortest=1)
    rng = resolve_rng(rng)
    y = rng.integers(0, length + 1, n)
    bits = np.arange(length) < y[:, np.newaxis]  # (n, T): y ones, then zeros
    return rng.permuted(bits, axis=1)[:, :, np.newaxis].astype(np.float32), y


def pattern_task(
    n: int, length: int = 3, *, period: int = 2, rng: np.random.Generator | None = None
) -> tuple[Array, Array]:
    """Say how a repeating pattern of bits goes on: [1, 0, 1, ?] is followed by 0.

    The answer is the bit of `period` steps ago. The patterns are random, so neither the last bit
    nor the number of ones tells it: whoever remembers less than a period is right half the time.

    Args:
        n: number of sequences.
        length: bits that are shown, >= `period`.
        period: bits until the pattern repeats, >= 2.
        rng: None means the library's generator.

    Returns:
        `x` (n, length + 1, 2) float32: the bits, and a mark on the last step, which asks; and
        `y` (n,) int64.

    Examples:
        >>> x, y = pattern_task(100, rng=np.random.default_rng(0))
        >>> sorted({(*map(int, bits), int(answer)) for bits, answer in zip(x[:, :3, 0], y)})
        [(0, 0, 0, 0), (0, 1, 0, 1), (1, 0, 1, 0), (1, 1, 1, 1)]
    """
    period = check_count("pattern_task", "period", period, 2)
    n, length = _sizes("pattern_task", n, length, shortest=period)
    pattern = resolve_rng(rng).integers(0, 2, (n, period))
    bits = pattern[:, np.arange(length + 1) % period]  # (n, T)
    x = np.zeros((n, length + 1, 2), dtype=np.float32)
    x[:, :-1, 0] = bits[:, :-1]
    x[:, -1, 1] = 1
    return x, bits[:, -1].astype(np.int64)


def order_task(
    n: int, length: int = 8, *, symbols: int = 8, rng: np.random.Generator | None = None
) -> tuple[Array, Array]:
    """Say which of the tokens 0 and 1, each there once, comes first.

    The tokens are the same for both answers, only their order differs: whoever adds up what
    stands in the sequence without minding where (a bag of tokens, attention without positions)
    is right half the time.

    Args:
        n: number of sequences.
        length: T >= 2.
        symbols: V >= 3; the other places hold tokens 2 to V - 1.
        rng: None means the library's generator.

    Returns:
        `x` (n, T) int64, and `y` (n,) int64: the token that comes first, 0 or 1.
    """
    n, length = _sizes("order_task", n, length, shortest=2)
    symbols = check_count("order_task", "symbols", symbols, 3)
    rng = resolve_rng(rng)
    x = rng.integers(2, symbols, (n, length))
    places = np.argsort(rng.random((n, length)), axis=1)[:, :2]  # two different ones per row
    rows = np.arange(n)
    x[rows, places[:, 0]] = 0
    x[rows, places[:, 1]] = 1
    return x, (places[:, 1] < places[:, 0]).astype(np.int64)


def recall_task(
    n: int,
    pairs: int = 4,
    *,
    keys: int = 8,
    values: int = 8,
    rng: np.random.Generator | None = None,
) -> tuple[Array, Array]:
    """Read pairs of key and value, then a key again, and give its value (associative recall).

    Without finding the key again, guessing among the values that were read scores about
    1 / `pairs`, and guessing blindly 1 / `values`.

    Args:
        n: number of sequences.
        pairs: P <= `keys`; a sequence holds each key once.
        keys: K; keys are the tokens 0 to K - 1.
        values: values are the tokens K to K + `values` - 1.
        rng: None means the library's generator.

    Returns:
        `x` (n, 2 P + 1) int64, k v k v … k, and `y` (n,) int64, the token of the value.

    Source: the form of Ba et al. (2016), Using Fast Weights to Attend to the Recent Past,
        arXiv:1610.06258, section 4.1.
    """
    n = check_count("recall_task", "n", n, 1)
    keys = check_count("recall_task", "keys", keys, 1)
    values = check_count("recall_task", "values", values, 1)
    pairs = check_count("recall_task", "pairs", pairs, 1, keys)
    rng = resolve_rng(rng)
    x = np.empty((n, 2 * pairs + 1), dtype=np.int64)
    x[:, :-1:2] = np.argsort(rng.random((n, keys)), axis=1)[:, :pairs]
    x[:, 1::2] = rng.integers(keys, keys + values, (n, pairs))
    rows, asked = np.arange(n), 2 * rng.integers(0, pairs, n)
    x[:, -1] = x[rows, asked]
    return x, x[rows, asked + 1]


def _sizes(where: str, n: int, length: int, shortest: int) -> tuple[int, int]:
    return check_count(where, "n", n, 1), check_count(where, "length", length, shortest)
