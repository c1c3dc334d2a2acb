"""Sharing the images of a batch between a few threads.

NumPy releases the interpreter lock while it copies and multiplies, so two threads take about half
the time, provided that each product is small (see `_products.py`): OpenBLAS makes large ones with
threads of its own, which then stand in each other's way.
"""

import contextvars
import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

__all__: list[str] = []

_Result = TypeVar("_Result")

# Handing work to a thread takes some 30 µs; below about 200 µs of work it does not pay.
WORTH_SHARING = 10_000_000

_MOST = 4
_pool: ThreadPoolExecutor | None = None


def thread_count() -> int:
    """Return how many threads to use: as many as BLAS, one per core at most, and few."""
    try:
        count = len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        count = os.cpu_count() or 1
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        value = os.environ.get(name, "")
        if value.isdigit() and int(value) > 0:
            count = min(count, int(value))
            break
    return min(count, _MOST)


_threads = thread_count()


def _forget_pool() -> None:
    global _pool
    _pool = None


if hasattr(os, "register_at_fork"):
    # A forked child has the object but none of its threads, and would wait for them for ever.
    os.register_at_fork(after_in_child=_forget_pool)


def parts_for(multiplications: int) -> int:
    """Return among how many threads work of a size is worth sharing."""
    return _threads if multiplications >= WORTH_SHARING else 1


def share(count: int, parts: int, work: Callable[[int, int], _Result]) -> list[_Result]:
    """Run `work(start, stop)` on consecutive parts of `range(count)`, and return the results.

    The parts depend on nothing but the numbers, so sums over the results, taken in their order,
    are the same in every run.

    Args:
        count: How many units of work there are.
        parts: Among how many threads to share them; the first is the caller's own.
        work: Does the units from `start` up to `stop`.
    """
    global _pool
    parts = max(1, min(parts, count))
    bounds = [count * i // parts for i in range(parts + 1)]
    if parts == 1:
        return [work(0, count)]
    if _pool is None:
        _pool = ThreadPoolExecutor(_MOST - 1, thread_name_prefix="neural-net-layers")
    # A thread starts without the caller's context, which holds NumPy's error settings.
    others = [
        _pool.submit(contextvars.copy_context().run, work, start, stop)
        for start, stop in itertools.pairwise(bounds[1:])
    ]
    try:
        first = work(0, bounds[1])
    finally:
        # Nobody may still be writing when this returns, not even after an error.
        for other in others:
            other.exception()
    return [first, *(other.result() for other in others)]
