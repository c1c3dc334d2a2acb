"""A few threads that share large work on arrays.

NumPy releases the interpreter lock while it copies, multiplies and adds, so two threads take about
half the time, provided that no product among the work is so large that BLAS takes threads of its
own, which then stand in each other's way.
"""

import contextvars
import itertools
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from neural_net_core import observing

__all__: list[str] = []

_Result = TypeVar("_Result")

# Memory bandwidth is shared: more threads add scratch memory and no speed.
MOST = 4
_pool: Any = None


def thread_count() -> int:
    """Return how many threads to use: as many as BLAS, one per core at most, and few."""
    if sys.platform in ("emscripten", "wasi"):  # WebAssembly starts no threads
        return 1
    try:
        count = len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        count = os.cpu_count() or 1
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        value = os.environ.get(name, "")
        if value.isdigit() and int(value) > 0:
            count = min(count, int(value))
            break
    return min(count, MOST)


def _forget_pool() -> None:
    global _pool
    _pool = None


if hasattr(os, "register_at_fork"):
    # A forked child has the object but none of its threads, and would wait for them for ever.
    os.register_at_fork(after_in_child=_forget_pool)


def run_together(works: Sequence[Callable[[], _Result]]) -> list[_Result]:
    """Call functions side by side, the first in this thread, and return their results.

    Args:
        works: What to call; at most `MOST` are under way at once.
    """
    global _pool
    if len(works) == 1:
        return [works[0]()]
    if observing.watching and (run := observing.runner()) is not None:
        return run(works, run_together)
    if _pool is None:
        # Here, because its import takes longer than that of most of this package.
        from concurrent.futures import ThreadPoolExecutor

        _pool = ThreadPoolExecutor(MOST - 1, thread_name_prefix="neural-net")
    # A thread starts without the caller's context, which holds NumPy's error settings.
    others = [_pool.submit(contextvars.copy_context().run, work) for work in works[1:]]
    try:
        first = works[0]()
    finally:
        # Nobody may still be writing when this returns, not even after an error.
        for other in others:
            other.exception()
    return [first, *(other.result() for other in others)]


def share(count: int, parts: int, work: Callable[[int, int], _Result]) -> list[_Result]:
    """Run `work(start, stop)` on consecutive parts of `range(count)`, and return the results.

    The parts depend on nothing but the numbers, so sums over the results, taken in their order,
    are the same in every run.

    Args:
        count: How many units of work there are.
        parts: Among how many threads to share them; the first is the caller's own.
        work: Does the units from `start` up to `stop`.
    """
    parts = max(1, min(parts, count))
    bounds = [count * i // parts for i in range(parts + 1)]
    return run_together([partial(work, *ends) for ends in itertools.pairwise(bounds)])
