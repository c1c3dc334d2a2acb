"""Sharing work between threads."""

import threading

import numpy as np
import pytest

from neural_net_core import _threads
from neural_net_core._threads import share, thread_count


@pytest.mark.parametrize(("count", "parts"), [(7, 3), (2, 4), (5, 1), (0, 2), (1, 1)])
def test_the_parts_cover_everything_once_and_come_back_in_order(count, parts):
    results = share(count, parts, lambda start, stop: list(range(start, stop)))
    assert [i for part in results for i in part] == list(range(count))
    assert len(results) == max(1, min(parts, count))


def test_the_parts_run_at_the_same_time():
    barrier = threading.Barrier(2, timeout=20)
    share(2, 2, lambda start, stop: barrier.wait())


def test_an_error_in_any_part_comes_out_when_all_have_finished():
    finished = []

    def work(start, stop):
        if start == 1:
            raise ZeroDivisionError
        finished.append(start)

    with pytest.raises(ZeroDivisionError):
        share(3, 3, work)
    assert sorted(finished) == [0, 2]


def test_other_threads_keep_the_callers_error_settings():
    def divide(start, stop):
        return np.float64(1) / np.float64(0)

    with np.errstate(divide="ignore"):
        assert share(2, 2, divide) == [np.inf, np.inf]


def test_as_many_threads_as_blas_is_told_to_use(monkeypatch):
    monkeypatch.setattr(_threads.os, "sched_getaffinity", lambda _: set(range(3)), raising=False)
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert thread_count() == 3
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert thread_count() == 2
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    assert thread_count() == 1
