"""Generated sequence tasks: adding, copying, reversing, running parity, counting.

Each says what a network without memory scores, so that a figure can be judged.
"""

from __future__ import annotations

import math

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.random import resolve_rng
from neural_net_utils._checks import check_count

__all__ = [
    "adding_problem",
    "copy_task",
    "copy_task_baseline",
    "counting_task",
    "parity_task",
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


def _sizes(where: str, n: int, length: int, shortest: int) -> tuple[int, int]:
    return check_count(where, "n", n, 1), check_count(where, "length", length, shortest)
