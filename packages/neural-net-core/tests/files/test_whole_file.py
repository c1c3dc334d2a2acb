"""A file is the old one or the new one, whole; what the dead have left is removed, no more."""

import errno
import importlib.util
import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neural_net_core.files import whole_file
from neural_net_core.files.tensors import load_tensors, save_tensors
from neural_net_core.files.whole_file import replace_file

needs_locks = pytest.mark.skipif(sys.platform == "win32", reason="needs fcntl")


def leftover(folder: Path, name: str = "t") -> Path:
    """Return a file as a writer that was killed half-way leaves it."""
    path = folder / f".{name}.0123456789ab.tmp"
    path.write_bytes(b"half")
    return path


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o444, 0o755])
def test_a_file_keeps_its_mode(tmp_path: Path, mode: int) -> None:
    """Also while it is being written: what was private is at no time open to others."""
    path = tmp_path / "t"
    path.write_bytes(b"old")
    path.chmod(mode)
    modes = []
    fsync = os.fsync

    def watched(descriptor: int) -> None:
        modes.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        fsync(descriptor)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", watched)
        replace_file(path, b"new")
    assert modes[0] == stat.S_IMODE(path.stat().st_mode) == mode
    assert path.read_bytes() == b"new"


def test_a_file_is_replaced_where_nobody_runs_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In CPython for WebAssembly `os` has `chown`, but neither user nor group of the process."""
    path = tmp_path / "t"
    path.write_bytes(b"old")
    monkeypatch.delattr(os, "geteuid", raising=False)
    monkeypatch.delattr(os, "getegid", raising=False)
    replace_file(path, b"new")
    assert path.read_bytes() == b"new"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
def test_a_file_keeps_its_owner_where_that_is_allowed(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_bytes(b"old")
    os.chown(path, 12, 34)
    replace_file(path, b"new")
    assert (path.stat().st_uid, path.stat().st_gid) == (12, 34)


@pytest.mark.parametrize("letter", ["x", "é", "字"])
@pytest.mark.parametrize("length", [100, 101, 237, 238, 254, 255])
def test_names_up_to_the_limit_of_the_file_system(tmp_path: Path, letter: str, length: int) -> None:
    size = len(letter.encode())
    path = tmp_path / (letter * (length // size) + "x" * (length % size))
    for content in (b"old", b"new"):
        replace_file(path, content)
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


@needs_locks
def test_what_the_dead_left_of_a_long_name_is_removed_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, other = tmp_path / ("x" * 255), tmp_path / ("x" * 254)
    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", lambda _: None)  # as if it were killed
        patch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        for target in (path, other):
            with pytest.raises(KeyboardInterrupt):
                replace_file(target, b"half")
    assert len(list(tmp_path.iterdir())) == 2
    replace_file(path, b"whole")
    assert len(list(tmp_path.iterdir())) == 2
    replace_file(other, b"whole")
    assert set(tmp_path.iterdir()) == {path, other}


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO])
@pytest.mark.parametrize("call", ["fsync", "replace", "open", "stat"])
def test_an_error_of_the_system_carries_the_name_that_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    path = tmp_path / "t"
    path.write_bytes(b"old")

    def fails(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fails)
        with pytest.raises(OSError, match=r"/t'$") as caught:
            replace_file(path, b"new")
    assert (caught.value.errno, caught.value.filename) == (number, str(path))
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["t"]


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("missing/t", errno.ENOENT),
        ("missing/", errno.ENOENT),
        ("", errno.ENOENT),
        ("folder", errno.EISDIR),
        ("folder/", errno.EISDIR),
        ("file/t", errno.ENOTDIR),
        ("file/", errno.ENOTDIR),
        ("loop", errno.ELOOP),
        ("x" * 256, errno.ENAMETOOLONG),
    ],
)
def test_a_place_where_no_file_can_be_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, number: int
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"kept")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    before = sorted(tmp_path.rglob("*")), sorted(tmp_path.parent.iterdir())
    with pytest.raises(OSError, match=r".*: '.*'$") as caught:
        replace_file(name, b"new")
    assert (caught.value.errno, caught.value.filename) == (number, name)
    assert (sorted(tmp_path.rglob("*")), sorted(tmp_path.parent.iterdir())) == before
    assert (tmp_path / "file").read_bytes() == b"kept"
    assert (tmp_path / "loop").is_symlink()


@pytest.mark.parametrize("name", ["a\0b", "\0", "a\ud800b"], ids=ascii)
def test_a_text_that_is_no_name_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="cannot be the name of a file") as caught:
        replace_file(name, b"")
    assert repr(name) in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", [None, 1, True, b"bytes", 1.5, ["t"]], ids=repr)
def test_what_is_no_path_is_refused(path: Any) -> None:
    """1 would be the standard output."""
    with pytest.raises(TypeError, match=f"expected the path of a file, got {type(path).__name__}"):
        replace_file(path, b"")


def test_a_device_and_a_pipe_are_written_to_and_not_replaced(tmp_path: Path) -> None:
    replace_file(os.devnull, b"gone")
    assert not stat.S_ISREG(Path(os.devnull).stat().st_mode)
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen(["cat", tmp_path / "pipe"], stdout=subprocess.PIPE) as reader:
        replace_file(tmp_path / "pipe", b"through")
        assert reader.communicate()[0] == b"through"
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_a_dangling_link_makes_its_target(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("target")
    replace_file(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes() == b"new"


def test_a_failed_write_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t"
    save_tensors(path, {"w": np.ones(2)})
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save_tensors(path, {"w": np.zeros(2)})
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        save_tensors(path, {"w": np.zeros(2)})
    assert [p.name for p in tmp_path.iterdir()] == ["t"]
    assert path.read_bytes() == before


def test_the_bytes_are_on_the_disk_before_the_name_and_then_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the first flush a power cut could leave a new name on an empty file."""
    events: list[str] = []
    fsync, replace = os.fsync, os.replace

    def watched_fsync(descriptor: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        events.append("folder" if is_folder else f"file of {os.fstat(descriptor).st_size}")
        fsync(descriptor)

    def watched_replace(source: str, target: str) -> None:
        events.append("rename")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(os, "replace", watched_replace)
    save_tensors(tmp_path / "t", {"w": np.ones(2)})
    size = (tmp_path / "t").stat().st_size
    assert events == [f"file of {size}", "rename", "folder"]


def test_a_symbolic_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "latest").symlink_to(tmp_path / "epoch-3")
    save_tensors(tmp_path / "latest", {"w": np.ones(2)})
    assert (tmp_path / "latest").is_symlink()
    assert load_tensors(tmp_path / "epoch-3")["w"].tolist() == [1, 1]


@pytest.mark.parametrize(("umask", "mode"), [(0o027, 0o640), (0, 0o666)])
def test_the_mode_of_the_file_follows_the_umask(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        save_tensors(tmp_path / "t", {})
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "t").stat().st_mode) == mode


def test_what_takes_the_place_of_a_file_is_first_its_writers_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the mode of the old file, until the new one has that."""
    (tmp_path / "t").write_bytes(b"old")
    modes, chmod = [], os.chmod

    def watched(path: str, mode: int) -> None:
        modes.append(stat.S_IMODE(Path(path).stat().st_mode))
        chmod(path, mode)

    monkeypatch.setattr(os, "chmod", watched)
    before = os.umask(0)
    try:
        replace_file(tmp_path / "t", b"new")
    finally:
        os.umask(before)
    assert modes == [0o600]


def test_no_file_stays_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither that which is written, nor the folder, nor what was left there."""
    opened, system_open = [], os.open

    def watched(*arguments: Any) -> int:
        opened.append(system_open(*arguments))
        return opened[-1]

    leftover(tmp_path)
    monkeypatch.setattr(os, "open", watched)
    replace_file(tmp_path / "t", b"new")
    assert opened
    for descriptor in opened:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)


def test_a_file_is_replaced_where_there_are_no_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Windows, and in CPython for WebAssembly; what is left there stays."""
    dead = leftover(tmp_path)
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "fcntl", None)  # an import of it fails
        found = importlib.util.find_spec(whole_file.__name__)
        assert found is not None
        assert found.loader is not None
        elsewhere = importlib.util.module_from_spec(found)
        found.loader.exec_module(elsewhere)
    for content in (b"old", b"new"):
        elsewhere.replace_file(tmp_path / "t", content)
        assert (tmp_path / "t").read_bytes() == content
    assert sorted(tmp_path.iterdir()) == [dead, tmp_path / "t"]
    monkeypatch.setattr(whole_file, "LOCKS", False)
    replace_file(tmp_path / "t", b"newer")
    assert (tmp_path / "t").read_bytes() == b"newer"
    assert sorted(tmp_path.iterdir()) == [dead, tmp_path / "t"]


@needs_locks
def test_the_next_write_to_the_same_name_removes_what_the_dead_left(tmp_path: Path) -> None:
    dead = leftover(tmp_path)
    (tmp_path / ".t.fedcba987654.tmp").write_bytes(b"")
    replace_file(tmp_path / "t", b"new")
    assert not dead.exists()
    assert [p.name for p in tmp_path.iterdir()] == ["t"]


@needs_locks
def test_nothing_else_is_removed(tmp_path: Path) -> None:
    others = [leftover(tmp_path, name) for name in ("t2", "s", "t.fedcba987654", "x.t")]
    for name in ("t.tmp", ".t.tmp", ".t.0123.tmp", ".t.0123456789AB.tmp", ".t.0123456789abc.tmp"):
        others.append(tmp_path / name)
        others[-1].write_bytes(b"")
    precious = tmp_path / "precious"
    precious.write_bytes(b"kept")
    link = tmp_path / ".t.aaaaaaaaaaaa.tmp"
    link.symlink_to(precious)
    folder = tmp_path / ".t.bbbbbbbbbbbb.tmp"
    folder.mkdir()
    replace_file(tmp_path / "t", b"new")
    assert all(path.exists() for path in [*others, precious, link, folder])
    assert link.is_symlink()


@needs_locks
def test_a_name_is_taken_literally(tmp_path: Path) -> None:
    other = leftover(tmp_path, "step-1")
    own = leftover(tmp_path, "step-.")
    replace_file(tmp_path / "step-.", b"new")
    assert other.exists()
    assert not own.exists()


@needs_locks
def test_the_file_of_a_living_writer_stays_and_he_ends_well(tmp_path: Path) -> None:
    # The other writer waits in mid-write until it is told to go on.
    code = (
        "import os, sys\n"
        "from neural_net_core.files.whole_file import replace_file\n"
        "flush = os.fsync\n"
        "def slow(descriptor):\n"
        "    os.fsync = flush\n"
        "    print('writing', flush=True)\n"
        "    sys.stdin.readline()\n"
        "    flush(descriptor)\n"
        "os.fsync = slow\n"
        f"replace_file({str(tmp_path / 't')!r}, b'from the other')\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline().strip() == b"writing"
        dead = leftover(tmp_path)
        replace_file(tmp_path / "t", b"mine")
        assert (tmp_path / "t").read_bytes() == b"mine"
        assert not dead.exists()
        (half,) = [p for p in tmp_path.iterdir() if p.name != "t"]
        other.communicate(b"\n")
    assert other.returncode == 0
    assert not half.exists()
    assert (tmp_path / "t").read_bytes() == b"from the other"


@needs_locks
def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    code = (
        "import os, signal\n"
        "from neural_net_core.files.whole_file import replace_file\n"
        "os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"replace_file({str(tmp_path / 't')!r}, b'half')\n"
    )
    status = subprocess.run([sys.executable, "-c", code], check=False).returncode
    assert status == -signal.SIGKILL
    assert [p.suffix for p in tmp_path.iterdir()] == [".tmp"]
    replace_file(tmp_path / "t", b"whole")
    assert [p.name for p in tmp_path.iterdir()] == ["t"]


def test_a_writer_whose_file_somebody_removed_writes_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it can happen where two machines share a folder but not their locks."""
    flush, removed = os.fsync, []

    def remove_once(descriptor: int) -> None:
        if len(removed) < 2:
            removed.extend(p.unlink() or p for p in tmp_path.glob(".t.*.tmp"))
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", remove_once)
    replace_file(tmp_path / "t", b"new")
    assert (tmp_path / "t").read_bytes() == b"new"
    assert len(removed) == 2


def test_a_writer_gives_up_if_that_never_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "t").write_bytes(b"old")
    monkeypatch.setattr(
        os, "fsync", lambda _: [p.unlink() for p in tmp_path.glob(".t.*.tmp")] and None
    )
    with pytest.raises(FileNotFoundError, match="keeps removing"):
        replace_file(tmp_path / "t", b"new")
    assert (tmp_path / "t").read_bytes() == b"old"


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="missing"):
        replace_file(tmp_path / "missing" / "t", b"")


def test_many_writers_to_one_name_do_not_disturb_each_other(tmp_path: Path) -> None:
    contents = [bytes([65 + i]) * 10_000 for i in range(4)]
    errors: list[BaseException] = []

    def write(content: bytes) -> None:
        try:
            for _ in range(25):
                replace_file(tmp_path / "t", content)
                assert (tmp_path / "t").read_bytes() in contents
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert [p.name for p in tmp_path.iterdir()] == ["t"]
