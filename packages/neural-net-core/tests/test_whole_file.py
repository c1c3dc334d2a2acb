"""A file is the old one or the new one, whole; what the dead have left is removed, no more."""

import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from neural_net_core._whole_file import replace_file
from neural_net_core.checkpoint import load_tensors, save_tensors

needs_locks = pytest.mark.skipif(sys.platform == "win32", reason="needs fcntl")


def leftover(folder: Path, name: str = "t") -> Path:
    """Return a file as a writer that was killed half-way leaves it."""
    path = folder / f".{name}.0123456789ab.tmp"
    path.write_bytes(b"half")
    return path


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


def test_the_mode_of_the_file_follows_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        save_tensors(tmp_path / "t", {})
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "t").stat().st_mode) == 0o640


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
        "from neural_net_core._whole_file import replace_file\n"
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
        "from neural_net_core._whole_file import replace_file\n"
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
