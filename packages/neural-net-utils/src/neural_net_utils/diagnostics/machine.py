"""What this machine is and how fast it is: processor, BLAS, matrix speed, memory bandwidth.

The two measured numbers are the two limits of every computation: it does arithmetic, and it moves
numbers through memory. (Williams et al., 2009, Roofline, doi:10.1145/1498765.1498785)
"""

from __future__ import annotations

import ctypes
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Blas", "available_cores", "find_blas", "matrix_speed", "memory_speed", "processor"]

# How the builds of OpenBLAS name their functions: NumPy's own wheels first.
_PREFIXES = ("scipy_openblas", "openblas")
_SUFFIXES = ("64_", "_64", "")


class Blas(NamedTuple):
    """The library that multiplies NumPy's matrices.

    Attributes:
        name: Its name and version, such as `scipy-openblas 0.3.31`.
        kernel: For which processor its code was written, such as `Haswell`; None if it does not
            tell.
        threads: How many threads it uses; None if it does not tell.
    """

    name: str
    kernel: str | None
    threads: int | None


def processor() -> str:
    """Return the processor's name, as far as the system tells it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def available_cores() -> int:
    """Return how many processor cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1


def find_blas() -> Blas:
    """Return the BLAS library that NumPy uses, with its kernel and threads if it is OpenBLAS."""
    build: Any = np.show_config(mode="dicts")
    blas = build["Build Dependencies"]["blas"]
    name = f"{blas['name']} {blas['version']}"
    for path in _loaded_libraries():
        try:
            library = ctypes.CDLL(str(path))
        except OSError:
            continue
        for prefix in _PREFIXES:
            for suffix in _SUFFIXES:
                corename = getattr(library, f"{prefix}_get_corename{suffix}", None)
                threads = getattr(library, f"{prefix}_get_num_threads{suffix}", None)
                if corename is not None and threads is not None:
                    corename.restype = ctypes.c_char_p
                    return Blas(name, corename().decode("ascii", "replace"), int(threads()))
    return Blas(name, None, None)


def _loaded_libraries() -> list[Path]:
    """Return files that may be the OpenBLAS in use: what is mapped, else what lies beside NumPy."""
    try:
        maps = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace")
        # A line is: addresses, rights, offset, device, number, path.
        paths = {line.split(maxsplit=5)[5] for line in maps.splitlines() if "openblas" in line}
        return sorted(Path(path) for path in paths)
    except (OSError, IndexError):
        numpy = Path(np.__file__).parent
        folders = [numpy / ".dylibs", numpy.parent / "numpy.libs"]
        return [path for folder in folders if folder.is_dir() for path in folder.glob("*openblas*")]


def matrix_speed(size: int = 1024, dtype: str = "float32", seconds: float = 0.5) -> float:
    """Return how many 10⁹ additions and multiplications a matrix product does in a second.

    Args:
        size: Rows and columns of the two factors.
        dtype: Of their elements.
        seconds: For how long to try; the best time counts.
    """
    rng = np.random.default_rng(0)
    a, b = rng.uniform(-1, 1, (2, size, size)).astype(dtype)
    y = np.empty_like(a)
    return 2 * size**3 / _best_time(lambda: np.matmul(a, b, out=y), seconds) / 1e9


def memory_speed(megabytes: int = 64, seconds: float = 0.5) -> float:
    """Return how many 10⁹ bytes per second one thread moves to add two arrays.

    Two are read and one is written; three of 64 MB fit into few caches.

    Args:
        megabytes: Size of each array.
        seconds: For how long to try; the best time counts.
    """
    a, b = np.ones((2, megabytes * 250_000), np.float32)
    y = np.empty_like(a)
    return 3 * a.nbytes / _best_time(lambda: np.add(a, b, out=y), seconds) / 1e9


def _best_time(run: Callable[[], object], seconds: float) -> float:
    """Return the shortest of several times, the first of which warms up and does not count."""
    run()
    best, end = float("inf"), time.perf_counter() + seconds
    while best == float("inf") or time.perf_counter() < end:
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    return best
