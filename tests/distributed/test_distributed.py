"""Training on 1, 2 and 4 processes, started by mpiexec as a user would."""

import functools
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from neural_net_core import load_checkpoint
from neural_net_utils import latest_checkpoint

pytest.importorskip("mpi4py")
HERE = Path(__file__).parent
# Beside this Python, where pip puts it; else a cluster's own.
MPIEXEC = shutil.which("mpiexec", path=str(Path(sys.executable).parent)) or shutil.which("mpiexec")
# On two cores the ranks' threads would be in each other's way.
ENVIRONMENT = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
CHECKS = [
    line.removeprefix("def ").removesuffix("():")
    for line in (HERE / "on_ranks.py").read_text(encoding="utf-8").splitlines()
    if line.startswith("def check_")
]


def command(ranks, *arguments):
    return [MPIEXEC, "-n", str(ranks), sys.executable, *map(str, arguments)]


def run(ranks, *arguments, expected=0):
    """Run a program on so many ranks; returns what it printed, errors included."""
    done = subprocess.run(
        command(ranks, *arguments),
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,  # ranks that wait keep a core: on a busy machine that takes minutes
        check=False,
    )
    if expected is not None:
        assert done.returncode == expected, done.stdout
    return done.stdout if expected is not None else (done.returncode, done.stdout)


def rest(process):
    """Wait until a program has ended; returns what it still prints.

    `communicate` would lose what the reading of single lines has read ahead.
    """
    watch = threading.Timer(300, process.kill)  # ranks that are not ended go on for hours
    watch.start()
    try:
        printed = process.stdout.read()
        process.wait()
    finally:
        watch.cancel()
    return printed


def train(ranks, folder, *options):
    """Train to the end; returns weights and history by name."""
    folder.mkdir(exist_ok=True)
    run(ranks, HERE / "train_digits.py", folder, *options)
    with np.load(folder / "outcome.npz") as numbers:
        return dict(numbers)


def distance(one, other):
    """How far the weights of two runs are apart, relative to their size, all together."""
    names = [name for name in one if not name.startswith(("steps.", "epochs."))]
    a, b = (np.concatenate([z[name].astype(float).ravel() for name in names]) for z in (one, other))
    return np.linalg.norm(a - b) / np.linalg.norm(a)


def same_bits(one, other):
    return one.keys() == other.keys() and all(np.array_equal(one[k], other[k]) for k in one)


@functools.cache
def printed_on(ranks):
    status, printed = run(ranks, "-m", "mpi4py", HERE / "on_ranks.py", expected=None)
    return printed if status == 0 else f"{printed}\nended with status {status}"


@pytest.mark.parametrize("ranks", [1, 2, 4])
@pytest.mark.parametrize("check", CHECKS)
def test_on_ranks(check, ranks):
    printed = printed_on(ranks)
    assert check in printed.splitlines(), printed


@pytest.mark.parametrize(("dtype", "allowed"), [("float32", 1e-6), ("float64", 1e-13)])
def test_any_number_of_ranks_gives_the_same_weights(dtype, allowed, tmp_path):
    one, two, four = (
        train(ranks, tmp_path / f"{ranks}", "--dtype", dtype, "--every", 100) for ranks in (1, 2, 4)
    )
    assert len(one["steps.loss"]) == 200 and one["epochs.val_accuracy"][-1] > 0.85
    for other in (two, four):
        assert 0 < distance(one, other) < allowed
        for name in ("steps.loss", "epochs.val_loss", "epochs.val_f1", "epochs.accuracy"):
            np.testing.assert_allclose(other[name], one[name], rtol=allowed * 20)


@pytest.mark.parametrize("ranks", [2, 4])
def test_two_runs_with_the_same_ranks_are_bit_identical(ranks, tmp_path):
    options = ("--dropout", "--steps", 60)
    first, second = (train(ranks, tmp_path / str(i), *options) for i in range(2))
    assert same_bits(first, second)


def killed_at(step, ranks, folder, *options):
    """Train until a rank is killed after this step; returns the step to be resumed from."""
    folder.mkdir(exist_ok=True)
    trouble = ("--trouble", "kill", "--rank", ranks - 1, "--at", step)
    status, _ = run(ranks, HERE / "train_digits.py", folder, *options, *trouble, expected=None)
    assert status != 0
    return int(latest_checkpoint(folder / "run").stem.removeprefix("step-"))


def test_kill_and_resume_with_other_numbers_of_ranks(tmp_path):
    options = ("--steps", 90, "--dtype", "float64")
    whole = train(1, tmp_path / "whole", *options)
    folder = tmp_path / "killed"
    assert killed_at(25, 2, folder, *options) == 20
    assert killed_at(47, 1, folder, *options) == 40
    resumed = train(4, folder, *options)
    assert distance(whole, resumed) < 1e-13
    for name in ("steps.loss", "epochs.accuracy", "epochs.f1", "epochs.val_loss"):
        np.testing.assert_allclose(resumed[name], whole[name], rtol=1e-12)


def test_resumed_with_the_same_ranks_it_is_the_same_run_to_the_bit(tmp_path):
    options = ("--steps", 60, "--dropout")
    whole = train(2, tmp_path / "whole", *options)
    assert killed_at(33, 2, tmp_path / "killed", *options) == 30
    assert same_bits(train(2, tmp_path / "killed", *options), whole)


@pytest.mark.parametrize("rank", [0, 2])
@pytest.mark.parametrize(
    ("trouble", "code", "message"),
    [
        ("raise", 1, "RuntimeError: the disk of this machine is full"),
        ("exit", 7, ""),
        ("kill", 9, "(signal 9)"),
    ],
)
def test_trouble_on_one_rank_ends_all(trouble, code, message, rank, tmp_path):
    options = (tmp_path, "--steps", 100000, "--trouble", trouble, "--rank", rank, "--at", 20)
    with subprocess.Popen(
        command(3, HERE / "train_digits.py", *options),
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert any(line == "step 19\n" for line in process.stdout)
        printed = rest(process)
    assert process.returncode == code, printed
    assert message in printed
    if trouble == "raise":
        assert f"This was rank {rank} of 3." in printed


def test_interrupt_saves_the_step_and_ends_all(tmp_path):
    with subprocess.Popen(
        command(2, HERE / "train_digits.py", tmp_path, "--steps", 100000, "--every", 100000),
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as process:
        next(line for line in process.stdout if line == "step 20\n")
        process.send_signal(signal.SIGINT)
        printed = rest(process)
    assert process.returncode == 0
    last = int(printed.split()[-1])
    assert latest_checkpoint(tmp_path / "run").name == f"step-{last:08d}.safetensors"


def test_no_torn_checkpoint(tmp_path):
    """Whenever rank 0 is killed while it saves after every step: what lies there can be loaded."""
    for i in range(4):
        with subprocess.Popen(
            command(2, HERE / "train_digits.py", tmp_path, "--steps", 100000, "--every", 1),
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process:
            writer = next(line for line in process.stdout if line.startswith("rank 0 is process "))
            next(line for line in process.stdout if line.startswith("step "))
            time.sleep(0.11 * (i + 1))
            # Not the launcher: the ranks outlive it for a moment, in which files come and go.
            os.kill(int(writer.split()[-1]), signal.SIGKILL)
            rest(process)
        assert process.returncode == 9
        files = list((tmp_path / "run").glob("*.safetensors"))
        assert files
        for file in files:
            assert load_checkpoint(file).metadata["step"] > 0


PAGE = HERE.parents[1] / "docs/how-to/train-on-several-machines.md"
PROGRAMS = dict(
    re.findall(r'```python title="(.+?)"\n(.*?)```', PAGE.read_text(encoding="utf-8"), re.DOTALL)
)


def test_the_programs_of_the_page_do_what_it_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, program in PROGRAMS.items():
        Path(name).write_text(program, encoding="utf-8")
    first = run(2, "-m", "mpi4py", "train.py")
    assert first.count("epoch") == 20 and latest_checkpoint("run").name.startswith("step-")
    again = run(1, "-m", "mpi4py", "train.py")  # goes on where the first one ended
    assert "epoch 19/20" not in again and latest_checkpoint("run") is not None
    own = run(2, "-m", "mpi4py", "own_loop.py").splitlines()
    assert len(own) == 10 and float(own[-1].removeprefix("epoch 10: ")) > 0.85
    swept = run(3, "-m", "mpi4py.futures", "sweep.py").splitlines()
    assert len(swept) == 6 and all(float(line.rpartition(" ")[2]) > 0.5 for line in swept)


def test_import_needs_no_mpi():
    code = (
        "import sys, neural_net_utils, neural_net_utils.distributed; print('mpi4py' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
