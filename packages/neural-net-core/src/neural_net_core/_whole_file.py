"""Writing a file so that the old one or the new one is there at any time, whole.

The bytes go to a hidden temporary file in the same folder, are flushed to the disk, and the file is
then renamed over the old one, which a file system does in one step.

A process that is killed half-way leaves its temporary file (`.name.….tmp`). The next one that
writes to the same name removes it: whoever writes holds a lock on his file, which the system takes
from the dead, so a file without a lock is nobody's. Should a file system not know the lock of
another machine and a living file be removed, its writer sees that at the renaming and writes again.
"""

import contextlib
import os
import re
import sys
from typing import BinaryIO

if sys.platform != "win32":
    import fcntl

__all__ = ["replace_file"]

LOCKS = sys.platform != "win32"
ATTEMPTS = 3


def replace_file(path: str | os.PathLike[str], content: bytes) -> None:
    """Put content at path in one step, on the disk and not only on its way there.

    Args:
        path: The file; a symbolic link is followed.
        content: Its bytes.

    Raises:
        OSError: If the disk refuses, or the folder is missing; then nothing has changed.
    """
    folder, name = os.path.split(os.path.realpath(path))
    if LOCKS:
        _remove_abandoned(folder, name)
    if not any(_write_and_rename(folder, name, content) for _ in range(ATTEMPTS)):
        raise FileNotFoundError(f"{path}: somebody keeps removing the temporary file")
    if hasattr(os, "O_DIRECTORY"):  # the rename itself must reach the disk too; not on Windows
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def _write_and_rename(folder: str, name: str, content: bytes) -> bool:
    """Write a temporary file and rename it; return False if it was removed before that."""
    target = os.path.join(folder, name)
    file, temporary = _new_file(folder, name)
    try:
        with file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            renamed = LOCKS and _rename(temporary, target)  # while it is locked
        # Windows cannot rename an open file.
        return renamed or (not LOCKS and _rename(temporary, target))
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def _new_file(folder: str, name: str) -> tuple[BinaryIO, str]:
    """Open a temporary file of our own and lock it; return it and its path."""
    while True:
        temporary = os.path.join(folder, f".{name}.{os.urandom(6).hex()}.tmp")
        # "x" refuses a file that exists; the mode follows the umask, as for any new file.
        file = open(temporary, "xb")  # noqa: SIM115
        if not LOCKS:
            return file, temporary
        with contextlib.suppress(OSError):  # not every file system has locks
            fcntl.flock(file, fcntl.LOCK_EX)
        # Between the opening and the lock another writer may have taken it for abandoned.
        if os.fstat(file.fileno()).st_nlink:
            return file, temporary
        file.close()


def _rename(temporary: str, target: str) -> bool:
    """Rename a file over another; return False if it is not there."""
    try:
        os.replace(temporary, target)
    except FileNotFoundError:
        return False
    return True


def _remove_abandoned(folder: str, name: str) -> None:
    """Remove the temporary files of this name whose writers have died."""
    pattern = re.compile(re.escape(f".{name}.") + r"[0-9a-f]{12}\.tmp")
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if pattern.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                with contextlib.suppress(OSError):  # locked, somebody else's, or gone
                    _remove_unlocked(entry.path)


def _remove_unlocked(path: str) -> None:
    """Remove a file, or raise OSError if a process holds a lock on it."""
    descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.unlink(path)
    finally:
        os.close(descriptor)
