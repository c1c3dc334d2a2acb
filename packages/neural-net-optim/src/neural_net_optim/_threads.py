"""A few threads that share the blocks of a large update.

NumPy's elementwise functions release the interpreter lock, so two threads walk over the parameters
in about half the time. A block's result does not depend on who computes it: the same numbers come
out with any number of threads.
"""

import contextvars
import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from neural_net_core._threads import MOST

__all__ = ["share"]

_Job = TypeVar("_Job")
_pool: ThreadPoolExecutor | None = None


def _forget_pool() -> None:
    global _pool
    _pool = None


if hasattr(os, "register_at_fork"):
    # A forked child has the object but none of its threads, and would wait for them for ever.
    os.register_at_fork(after_in_child=_forget_pool)


def share(jobs: list[_Job], workers: list[Callable[[_Job], Any]]) -> None:
    """Do all jobs, handing each to whichever worker is free; the first worker is this thread.

    Args:
        jobs: What to do; in no particular order.
        workers: Functions of a job, one per thread; they may own scratch memory.
    """
    global _pool
    todo = deque(jobs)

    def work(worker: Callable[[_Job], Any]) -> None:
        while True:
            try:
                job = todo.popleft()
            except IndexError:
                return
            worker(job)

    if _pool is None:
        _pool = ThreadPoolExecutor(MOST - 1, thread_name_prefix="neural-net-optim")
    # A thread starts without the caller's context, which holds NumPy's error settings.
    futures = [_pool.submit(contextvars.copy_context().run, work, worker) for worker in workers[1:]]
    try:
        work(workers[0])
    finally:
        # Nobody may still be writing to the parameters when this returns, not even after an error.
        errors = [future.exception() for future in futures]
    for error in errors:
        if error is not None:
            raise error
