"""Writing a file so that the old one or the new one is there at any time, whole.

The bytes go to a hidden temporary file in the same folder, are flushed to the disk, and the file is
then renamed over the old one, which a file system does in one step.

A process that is killed half-way leaves its temporary file (`.name.….tmp`). The next one that
writes to the same name removes it: whoever writes holds a lock on his file, which the system takes
from the dead, so a file without a lock is nobody's. Should a file system not know the lock of
another machine and a living file be removed, its writer sees that at the renaming and writes again.

Every file that the packages write in one piece is written here: checkpoints, tensors, figures.
"""

import contextlib
import errno
import hashlib
import os
import re
import stat
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # Windows, and CPython for WebAssembly
    LOCKS = False
else:
    LOCKS = True

__all__ = ["file_name", "replace_file"]

ATTEMPTS = 3

# A temporary name is 18 bytes longer than its stem, and some file systems end at 143.
LONGEST_STEM = 100


def replace_file(path: str | os.PathLike[str], content: bytes) -> None:
    """Put content at path in one step, on the disk and not only on its way there.

    A file that is there already keeps its permissions (and its owner, where the system allows
    that); a new one gets those that the umask leaves. A symbolic link stays and its target is
    written; other names of the same file (hard links) keep the old content. A pipe or a device
    cannot be replaced, so the content is written to it.

    Args:
        path: The file; its folder must be there.
        content: Its bytes.

    Raises:
        OSError: If the disk refuses, or the folder is missing; then nothing has changed. It
            carries the path as it was given.
        TypeError: If path is no path.
        ValueError: If no file can have this name, such as one with a null character.

    Examples:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp(), "notes.txt")
        >>> replace_file(path, b"first")
        >>> replace_file(path, b"second")
        >>> path.read_bytes()
        b'second'
    """
    given = file_name(path)
    try:
        target = os.path.realpath(given)
        old = _status(given)
        if old is None and not os.path.basename(given):  # "", or a folder that is not there
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), given)
        if old is not None and stat.S_ISDIR(old.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), given)
        if old is not None and not stat.S_ISREG(old.st_mode):
            with open(given, "wb") as file:
                file.write(content)
        else:
            _replace(target, content, old)
    except OSError as error:
        # A full disk has no name, and that of the temporary file would mislead.
        if error.errno is None or error.filename == given:
            raise
        raise OSError(error.errno, error.strerror, given) from error


def file_name(path: str | os.PathLike[str]) -> str:
    """Return a path as text.

    Args:
        path: A text, or an object with `__fspath__`.

    Raises:
        TypeError: If it is something else; `open` would take an integer for an open file.
        ValueError: If it is a text that no file system can hold.
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"expected the path of a file, got {type(path).__name__} {path!r:.40}")
    name = os.fsdecode(path)
    try:
        possible = b"\0" not in os.fsencode(name)
    except UnicodeEncodeError:
        possible = False
    if not possible:
        raise ValueError(f"{name!r:.200} cannot be the name of a file")
    return name


def _status(path: str) -> os.stat_result | None:
    """Return what is known of the file that a path leads to; None if there is none yet."""
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


def _replace(target: str, content: bytes, old: os.stat_result | None) -> None:
    """Replace a regular file, or make it."""
    folder, name = os.path.split(target)
    if LOCKS:
        _remove_abandoned(folder, name)
    if not any(_write_and_rename(folder, name, content, old) for _ in range(ATTEMPTS)):
        raise FileNotFoundError(f"{target}: somebody keeps removing the temporary file")
    if hasattr(os, "O_DIRECTORY"):  # the rename itself must reach the disk too; not on Windows
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def _write_and_rename(folder: str, name: str, content: bytes, old: os.stat_result | None) -> bool:
    """Write a temporary file and rename it; return False if it was removed before that."""
    target = os.path.join(folder, name)
    # Nobody may read in between what the old file keeps from him.
    file, temporary = _new_file(folder, name, 0o666 if old is None else 0o600)
    try:
        with file:
            file.write(content)
            file.flush()
            if old is not None:
                _take_over(temporary, old)
            os.fsync(file.fileno())
            renamed = LOCKS and _rename(temporary, target)  # while it is locked
        # Windows cannot rename an open file.
        return renamed or (not LOCKS and _rename(temporary, target))
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def _take_over(temporary: str, old: os.stat_result) -> None:
    """Give a file the owner and the permissions of the one that it replaces."""
    with contextlib.suppress(FileNotFoundError):  # removed by somebody: written again
        # Windows has neither; CPython in WebAssembly has chown, but nobody who runs it.
        known = hasattr(os, "chown") and hasattr(os, "geteuid")
        if known and (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
            with contextlib.suppress(PermissionError):  # only an administrator gives files away
                os.chown(temporary, old.st_uid, old.st_gid)
        with contextlib.suppress(PermissionError):  # some file systems have no permissions
            os.chmod(temporary, stat.S_IMODE(old.st_mode))


def _new_file(folder: str, name: str, mode: int) -> tuple[BinaryIO, str]:
    """Open a temporary file of our own and lock it; return it and its path."""
    while True:
        temporary = os.path.join(folder, f".{_stem(name)}.{os.urandom(6).hex()}.tmp")
        # "x" refuses a file that exists; of the mode the umask takes away, as for any new file.
        file = open(temporary, "xb", opener=lambda p, flags: os.open(p, flags, mode))  # noqa: SIM115
        if not LOCKS:
            return file, temporary
        with contextlib.suppress(OSError):  # not every file system has locks
            fcntl.flock(file, fcntl.LOCK_EX)
        # Between the opening and the lock another writer may have taken it for abandoned.
        if os.fstat(file.fileno()).st_nlink:
            return file, temporary
        file.close()


def _stem(name: str) -> str:
    """Return what the temporary files of this name begin with: the name, or its hash if long."""
    encoded = os.fsencode(name)
    return name if len(encoded) <= LONGEST_STEM else hashlib.sha256(encoded).hexdigest()[:32]


def _rename(temporary: str, target: str) -> bool:
    """Rename a file over another; return False if it is not there."""
    try:
        os.replace(temporary, target)
    except FileNotFoundError:
        return False
    return True


def _remove_abandoned(folder: str, name: str) -> None:
    """Remove the temporary files of this name whose writers have died."""
    pattern = re.compile(re.escape(f".{_stem(name)}.") + r"[0-9a-f]{12}\.tmp")
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
