"""Sharing blocks among threads."""

import os
import threading
import time

import numpy as np
import pytest

from neural_net_optim.fast.threads import share


def both_at_once() -> threading.Barrier:
    """Where each worker waits for the other: else one could do all jobs before the other begins."""
    return threading.Barrier(2, timeout=100)


def test_every_job_is_done_once_and_the_first_worker_is_this_thread():
    """Both workers take part as long as there is work."""
    done = [[], []]
    threads = [set(), set()]
    met = both_at_once()

    def worker(i):
        def work(job):
            if not done[i]:
                met.wait()
            done[i].append(job)
            threads[i].add(threading.get_ident())

        return work

    share(list(range(40)), [worker(0), worker(1)])
    assert sorted(done[0] + done[1]) == list(range(40))
    assert done[0]
    assert done[1]
    assert threads[0] == {threading.get_ident()}
    assert threads[1] != threads[0]


@pytest.mark.parametrize("who", [0, 1])
def test_an_error_of_any_worker_is_raised_when_all_have_stopped(who):
    """Nobody writes any more when the caller sees the error."""
    running = []
    met = both_at_once()

    def worker(i):
        begun = []

        def work(job):
            running.append(1)
            if not begun:
                begun.append(job)
                met.wait()
            time.sleep(0.002)
            running.pop()
            if i == who:
                raise ValueError(f"worker {i}")

        return work

    with pytest.raises(ValueError, match=f"worker {who}"):
        share(list(range(20)), [worker(0), worker(1)])
    assert running == []


def test_numpys_error_settings_reach_the_other_thread():
    """`with np.errstate(...)` around a step holds for all of its blocks."""
    seen = {}
    met = both_at_once()

    def work(job):
        met.wait()
        seen[threading.get_ident()] = np.geterr()["over"]

    with np.errstate(over="raise"):
        share([0, 1], [work, work])
    assert list(seen.values()) == ["raise"] * 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_works_in_a_forked_child():
    """A child has none of its parent's threads, and starts its own."""
    share([1, 2], [lambda job: None] * 2)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            done = []
            share(list(range(10)), [done.append] * 2)
            code = 0 if sorted(done) == list(range(10)) else 2
        finally:
            os._exit(code)
    deadline = time.monotonic() + 100
    while time.monotonic() < deadline:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            break
        time.sleep(0.01)
    else:
        os.kill(child, 9)
        os.waitpid(child, 0)
        pytest.fail("the child waits for its parent's threads")
    assert os.waitstatus_to_exitcode(status) == 0
