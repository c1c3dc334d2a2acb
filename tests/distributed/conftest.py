"""Programs for mpiexec are no tests by themselves, and importing them would start MPI.

What ranks that were killed have left in memory is removed.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

collect_ignore = ["on_ranks.py", "train_digits.py"]

SHARED = Path("/dev/shm")  # where MPICH's ranks see each other's messages


@pytest.fixture(scope="session")
def others() -> set[Path]:
    """What lay there before the tests."""
    return set(SHARED.glob("mpich_shm_*"))


@pytest.fixture(autouse=True)
def no_memory_left(others: set[Path]) -> Iterator[None]:
    """Remove what nobody uses any more: in a container a second run would find no room."""
    yield
    left = set(SHARED.glob("mpich_shm_*")) - others
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended, or is somebody else's
            used = (process / "maps").read_text(encoding="utf-8", errors="replace")
            left = {path for path in left if path.name not in used}
    for path in left:
        with contextlib.suppress(OSError):
            path.unlink()
