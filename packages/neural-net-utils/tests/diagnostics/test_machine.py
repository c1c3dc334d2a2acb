"""What the machine is, and that what is measured is measured."""

import os
import subprocess
import sys

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
        # OpenBLAS takes no more threads than there are cores.
        assert int(threads) == min(int(count), os.cpu_count() or 1)


def test_speeds_are_positive_and_of_the_right_size():
    """Between what a pocket calculator and what no processor does."""
    assert 1e-3 < machine.matrix_speed(64, seconds=0) < 1e5
    assert 1e-3 < machine.matrix_speed(64, "float64", seconds=0) < 1e5
    assert 1e-3 < machine.memory_speed(1, seconds=0) < 1e5


def test_the_best_of_several_times_counts():
    runs = iter([0.02, 0.001, 0.02])
    naps = []

    def run():
        import time

        naps.append(next(runs, 0.02))
        time.sleep(naps[-1])

    best = machine._best_time(run, 0.03)
    assert 0.001 <= best < 0.02
    assert len(naps) >= 3
