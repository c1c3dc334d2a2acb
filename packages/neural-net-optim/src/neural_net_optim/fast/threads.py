"""A few threads that share the blocks of a large update.

NumPy's elementwise functions release the interpreter lock, so two threads walk over the parameters
in about half the time. A block's result does not depend on who computes it: the same numbers come
out with any number of threads.
"""

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from neural_net_core.fast.threads import run_together

__all__ = ["share"]

_Job = TypeVar("_Job")


def share(jobs: list[_Job], workers: list[Callable[[_Job], Any]]) -> None:
    """Do all jobs, handing each to whichever worker is free; the first worker is this thread.

    Args:
        jobs: What to do; in no particular order.
        workers: Functions of a job, one per thread; they may own scratch memory.
    """
    todo = deque(jobs)

    def work(worker: Callable[[_Job], Any]) -> None:
        while True:
            try:
                job = todo.popleft()
            except IndexError:
                return
            worker(job)

    run_together([partial(work, worker) for worker in workers])
