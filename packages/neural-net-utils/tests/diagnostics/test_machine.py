"""What the machine is, and that what is measured is measured."""

import itertools
import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from neural_net_utils.diagnostics import machine


def test_names_and_counts_are_there():
    assert machine.processor()
    assert 1 <= machine.available_cores() <= (os.cpu_count() or 1)
    blas = machine.find_blas()
    assert blas.name == " ".join(
        np.show_config(mode="dicts")["Build Dependencies"]["blas"][k] for k in ("name", "version")
    )


@pytest.mark.skipif(
    "openblas" not in machine.find_blas().name or not sys.platform.startswith("linux"),
    reason="another BLAS, or another system's way of naming files",
)
def test_openblas_tells_its_threads_and_kernel():
    """In a process of its own, because BLAS reads its variables when it is loaded."""
    code = "from neural_net_utils.diagnostics.machine import find_blas; print(*find_blas()[1:])"
    for count in ("1", "2"):
        run = subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"OPENBLAS_NUM_THREADS": count},
            capture_output=True,
            text=True,
            check=True,
        )
        kernel, threads = run.stdout.split()
        assert kernel != "None"
        # OpenBLAS takes no more threads than there are cores for this process.
        assert int(threads) == min(int(count), machine.available_cores())


def test_speeds_are_what_was_done_in_a_second(monkeypatch):
    """On a clock that is a second on whenever somebody looks at it, and on the machine's own."""
    assert machine.matrix_speed(64, "float64", seconds=0) > 0
    assert machine.memory_speed(1, seconds=0) > 0
    clock = itertools.count(0.0)
    monkeypatch.setattr(machine, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    assert machine.matrix_speed(64, seconds=0) == 2 * 64**3 / 1e9
    assert machine.memory_speed(1, seconds=0) == 3 * 1e6 / 1e9


def test_the_best_of_several_times_counts(monkeypatch):
    """The clock is the test's own."""
    took, now = [2.0, 0.125, 2.0, 2.0], 0.0
    left = iter(took)

    def run():
        nonlocal now
        now += next(left)

    monkeypatch.setattr(machine, "time", SimpleNamespace(perf_counter=lambda: now))
    assert machine._best_time(run, 3) == 0.125
    assert list(left) == []  # the first warmed up, and with the last one 3 seconds were over
