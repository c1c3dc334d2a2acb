"""A process killed in mid-save leaves the old file or the new one, whole."""

import os
import signal
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

from neural_net_core.files.checkpoint import load_checkpoint, save_checkpoint

KILLS = 200
# Large enough that a kill lands within the writing, small enough for 200 rounds.
SIZE = 60_000

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def save(path: Path, step: int) -> None:
    """Save a state of which every number says which save it belongs to."""
    model = {"weight": np.full(SIZE, step, np.int32), "bias": np.full(3, step)}
    save_checkpoint(path, model=model, optimizer={"step": step}, metadata={"step": step})


def fork_a_saver(path: Path, first: int) -> tuple[int, int]:
    """Start a child that saves step after step and reports each begin and end.

    Returns:
        The child's process number and the reading end of its reports.
    """
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        # Python 3.12 warns when a process with threads forks, and a BLAS has some; the child
        # computes nothing with them.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            step = first
            while True:
                os.write(writing, b"b")
                save(path, step)
                os.write(writing, b"e")
                step += 1
        finally:
            os._exit(1)  # an exception in the child must not run the tests twice
    os.close(writing)
    return child, reading


def killed_after(path: Path, first: int, delay: float) -> bytes:
    """Let a child save for a while, kill it, and return its reports."""
    child, reading = fork_a_saver(path, first)
    try:
        reports = os.read(reading, 1)  # waits until the first save has begun
        time.sleep(delay)
        os.kill(child, signal.SIGKILL)
        while part := os.read(reading, 4096):
            reports += part
    finally:
        os.close(reading)
        _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "the child ended by itself"
    return reports


def test_200_kills_leave_the_old_or_the_new_file_whole(tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    save(path, 0)
    delays = np.random.default_rng(0).uniform(0, 0.01, KILLS)
    on_disk, mid_save, leftovers = 0, 0, 0
    for delay in delays:
        reports = killed_after(path, on_disk + 1, float(delay))
        begun, ended = on_disk + reports.count(b"b"), on_disk + reports.count(b"e")
        mid_save += begun > ended
        checkpoint = load_checkpoint(path)
        step = checkpoint.metadata["step"]
        # A save that has ended is there for good; one that was cut off is there whole or not.
        assert step in (ended, begun)
        assert checkpoint.model is not None
        assert checkpoint.optimizer == {"step": step}
        assert checkpoint.model["weight"].shape == (SIZE,)
        assert (checkpoint.model["weight"] == step).all()
        assert (checkpoint.model["bias"] == step).all()
        on_disk = step
        for other in tmp_path.iterdir():
            if other != path:
                # What a killed save leaves is hidden and says what it is.
                assert other.name.startswith(".run.safetensors.")
                assert other.name.endswith(".tmp")
                other.unlink()
                leftovers += 1
    # How many kills fall into a save, and into its writing, hangs on how busy the machine is.
    assert mid_save > 0
    assert leftovers > 0
