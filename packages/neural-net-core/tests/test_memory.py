"""Freed memory is kept for the next step, within limits, and only if wanted."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from neural_net_core import keep_freed_memory

HUGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled")

glibc = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc"
    or sys.maxsize < 2**32
    or (HUGE_PAGES.exists() and "[always]" in HUGE_PAGES.read_text()),
    reason="64-bit glibc alone learns; with pages of 2 MiB everywhere there is little to count",
)

KEEP = "neural_net_core.memory.keep_memory_of_steps()"

# Steps that each make and drop arrays: how many page faults does one of them cost?
PROGRAM = """
import resource, sys
import numpy as np
import neural_net_core

{before}

def step():
    arrays = [np.ones(250_000, np.float32) for _ in range({count})]

for _ in range(2):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(4):
    step()
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / 4)
"""


def faults(before: str = "", count: int = 40, **environment: str) -> float:
    """Return the page faults of a step that uses `count` megabytes."""
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(before=before, count=count)],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(run.stdout)


@glibc
def test_a_step_of_40_megabytes_finds_the_memory_of_the_step_before():
    assert faults(KEEP) < 100
    assert faults(KEEP, NEURAL_NET_KEEP_MEMORY="0") > 5000  # 40 MB in pages of 4 KiB: about 9,800


@glibc
def test_what_is_kept_is_bounded_and_the_bound_can_be_moved():
    assert faults(KEEP, count=120) > 5000
    assert faults("assert neural_net_core.keep_freed_memory(200)", count=120) < 100
    assert faults(f"assert neural_net_core.keep_freed_memory(1); {KEEP}") > 5000


@glibc
def test_limits_from_the_environment_come_first():
    assert faults(KEEP, MALLOC_TRIM_THRESHOLD_="1000000") > 5000


@pytest.mark.parametrize("megabytes", [-1, 2048])
def test_limits_that_the_c_library_cannot_hold_are_refused(megabytes):
    with pytest.raises(
        ValueError, match=r"keep_freed_memory: megabytes must be an int from 0 to 2047, got"
    ):
        keep_freed_memory(megabytes)


def test_a_system_without_such_a_limit_says_so(monkeypatch):
    monkeypatch.setattr("os.name", "other")
    assert keep_freed_memory(64) is False
