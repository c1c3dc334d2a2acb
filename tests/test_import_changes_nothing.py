"""Importing a package leaves the process as it was: no setting, no thread, no limit of memory."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGES = ["core", "optim", "layers", "viz", "utils"]

# What a process has set, before and after an import. NumPy is there before: it is the user's.
SETTINGS = """
import atexit, faulthandler, gc, locale, logging, os, random, signal, sys, threading, warnings
import numpy as np
import numpy.typing

def settings():
    handlers = {s: repr(signal.getsignal(s)) for s in signal.valid_signals()}
    umask = os.umask(0)
    os.umask(umask)
    return {
        "environment": dict(os.environ),
        "signals": handlers,
        "warnings": [repr(f) for f in warnings.filters],
        "numpy errors": (np.geterr(), repr(np.geterrcall())),
        "numpy printing": repr(sorted(np.get_printoptions().items())),
        "numpy generator": repr(np.random.get_state()),
        "random": hash(random.getstate()),
        "locale": locale.setlocale(locale.LC_ALL),
        "logging": (logging.root.level, list(logging.root.handlers), logging.raiseExceptions),
        "threads": threading.active_count(),
        "hooks": [repr(h) for h in (sys.excepthook, sys.displayhook, threading.excepthook)],
        "collector": (gc.get_threshold(), gc.isenabled(), gc.get_debug()),
        "limits": (sys.getrecursionlimit(), sys.getswitchinterval(), sys.get_int_max_str_digits()),
        "folder and mask": (os.getcwd(), umask),
        "path": list(sys.path),
        "streams": (sys.stdout, sys.stderr, sys.stdout.encoding, sys.stdout.errors),
        "faults": faulthandler.is_enabled(),
    }

before = settings()
import {package}
after = settings()
print([name for name in before if before[name] != after[name]])
"""

# How many pages of 4 KiB does the system hand out again in a step of 40 MB?
FAULTS = """
import resource, sys
import numpy as np
{program}
def step():
    arrays = [np.ones(250_000, np.float32) for _ in range(40)]
for _ in range(2):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(4):
    step()
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) // 4)
"""
OPTIMIZER = """
from neural_net_core import Parameter
from neural_net_optim import SGD
SGD([Parameter(1.0)], lr=0.1)
"""
HUGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled")
glibc = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc"
    or sys.maxsize < 2**32
    or (HUGE_PAGES.exists() and "[always]" in HUGE_PAGES.read_text()),
    reason="64-bit glibc alone learns; with pages of 2 MiB everywhere there is little to count",
)


def output(program: str) -> str:
    """Run a program in a process of its own."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MALLOC_")}
    run = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    return run.stdout.strip()


@pytest.mark.parametrize("package", PACKAGES)
def test_an_import_changes_no_setting(package: str) -> None:
    assert output(SETTINGS.replace("{package}", f"neural_net_{package}")) == "[]"


@glibc
@pytest.mark.parametrize("package", PACKAGES)
def test_an_import_keeps_no_freed_memory(package: str) -> None:
    assert int(output(FAULTS.format(program=f"import neural_net_{package}"))) > 5000


@glibc
def test_the_first_optimizer_lets_the_process_keep_it() -> None:
    assert int(output(FAULTS.format(program=OPTIMIZER))) < 100
