"""Sharing work between threads."""

import os
import threading

import numpy as np
import pytest

from neural_net_core.fast.threads import share, thread_count


@pytest.mark.parametrize(("count", "parts"), [(7, 3), (2, 4), (5, 1), (0, 2), (1, 1)])
def test_the_parts_cover_everything_once_and_come_back_in_order(count, parts):
    results = share(count, parts, lambda start, stop: list(range(start, stop)))
    assert [i for part in results for i in part] == list(range(count))
    assert len(results) == max(1, min(parts, count))


def test_the_parts_run_at_the_same_time():
    barrier = threading.Barrier(2, timeout=100)
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


@pytest.mark.parametrize(
    ("cores", "environment", "expected"),
    [
        (1, {}, 1),
        (2, {}, 2),
        (64, {}, 4),
        (3, {"OMP_NUM_THREADS": "1"}, 1),
        (3, {"OMP_NUM_THREADS": "2"}, 2),
        (3, {"OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "1"}, 2),
        (2, {"OMP_NUM_THREADS": "8"}, 2),
        (2, {"OMP_NUM_THREADS": "0"}, 2),
        (2, {"OMP_NUM_THREADS": "all"}, 2),
        (2, {"OPENBLAS_NUM_THREADS": "", "OMP_NUM_THREADS": "1"}, 1),
    ],
)
def test_thread_count(cores, environment, expected, monkeypatch):
    """As many as cores and BLAS, and few."""
    own = {0: set(range(cores))}  # 0 is this process
    monkeypatch.setattr(os, "sched_getaffinity", own.__getitem__, raising=False)
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert thread_count() == expected


def test_thread_count_where_the_system_does_not_tell_affinity(monkeypatch):
    """Then it is the number of processors."""
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    assert thread_count() == 3
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert thread_count() == 1
