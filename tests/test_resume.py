"""The real optimizers and layers, stopped or killed, and resumed: equal to the last bit."""

import importlib.util
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import neural_net_optim as optim
from neural_net_utils import Callback

SCRIPT = Path(__file__).parent / "resume_run.py"


@pytest.fixture(scope="module")
def script():
    """The module resume_run.py, which also runs as a program of its own."""
    spec = importlib.util.spec_from_file_location("resume_run", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["resume_run"] = module  # where dataclasses look up their own
    spec.loader.exec_module(module)
    return module


def assert_same(numbers, wanted):
    assert numbers.keys() == wanted.keys()
    for name, value in wanted.items():
        assert numbers[name].dtype == value.dtype, name
        assert numbers[name].shape == value.shape, name
        assert numbers[name].tobytes() == value.tobytes(), name  # NaN and -0.0 to the bit, too


class StopAt(Callback):
    def __init__(self, step):
        self.at = step

    def on_step_end(self, training):
        if training.step == self.at:
            training.stop("test")


OPTIMIZERS = {
    "SGD": lambda params: optim.SGD(params, lr=0.05, momentum=0.9, nesterov=True),
    "Adagrad": optim.Adagrad,
    "Adadelta": optim.Adadelta,
    "RMSprop": lambda params: optim.RMSprop(params, centered=True, momentum=0.5),
    "Rprop": optim.Rprop,
    "Adam": lambda params: optim.Adam(params, amsgrad=True),
    "AdamW": optim.AdamW,
    "Adamax": optim.Adamax,
    "NAdam": optim.NAdam,
    "RAdam": optim.RAdam,
    "Lion": lambda params: optim.Lion(params, lr=1e-3),
    "LAMB": optim.LAMB,
    "Adafactor": optim.Adafactor,
    "Muon": optim.Muon,
    "LBFGS": lambda params: optim.LBFGS(
        params, max_iter=4, history_size=3, line_search_fn="strong_wolfe"
    ),
}
SCHEDULES = {
    "one cycle": lambda o: optim.OneCycleLR(o, max_lr=0.01, total_steps=28),
    "restarts": lambda o: optim.CosineAnnealingWarmRestarts(o, 10),
    "plateau": lambda o: optim.ReduceLROnPlateau(o, factor=0.5, patience=0, threshold=0.5),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_resumes(script, tmp_path, name):
    """Stopped in mid-epoch and resumed: weights, state and history as if never stopped."""
    make, setup = OPTIMIZERS[name], script.Setup(clip=name != "LBFGS")
    wanted = script.train(None, setup, optimizer=make)
    script.train(tmp_path, setup, optimizer=make, callbacks=[StopAt(11)])
    assert_same(script.train(tmp_path, setup, optimizer=make, resume=True), wanted)


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_resume(script, tmp_path, name):
    """Stopped at an epoch's end and in an epoch: rates go on as if never stopped."""
    make = SCHEDULES[name]
    wanted = script.train(schedule=make)
    assert len(set(wanted["step.lr"].tolist())) > 2
    script.train(tmp_path, schedule=make, callbacks=[StopAt(14)])
    script.train(tmp_path, schedule=make, resume=True, callbacks=[StopAt(17)])
    assert_same(script.train(tmp_path, schedule=make, resume=True), wanted)


def run_script(folder, *arguments, wait=True, **environment):
    """The script as a process of its own; `wait` for its end, which must be a good one."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", **environment}
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), str(folder), *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        # A pytest in the background ignores Ctrl-C, and so would what it starts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    if wait:
        _, errors = process.communicate()
        assert process.returncode == 0, errors
    return process


def end_somehow(draw, folder, number):
    """Run the script until something ends it before its time; return what, and whether it did."""
    way = draw.choice(["moment", "moment", "call", "call", "interrupt", "max_steps"])
    if way == "max_steps":
        run_script(folder, number, RESUME_SHARE=str(draw.random()))
        return way, True
    call = draw.randint(1, 150) if way == "call" else 0
    lives = draw.randint(0, 12)  # steps to live …
    waiting = {"RESUME_STEPS": str(lives + 3)} if way != "call" else {}
    with run_script(folder, number, call, wait=False, **waiting) as process:
        line = process.stdout.readline()
        assert line.startswith("started"), process.stderr.read()
        if way != "call":
            for _ in range(lives):
                process.stdout.readline()
            time.sleep(draw.uniform(0, 0.005))  # … and up to about one more
            process.send_signal(signal.SIGKILL if way == "moment" else signal.SIGINT)
            process.stdin.close()
        process.stdout.read()
        errors, code = process.stderr.read(), process.wait()
    if way == "interrupt":
        # Before `fit` listens, and after it has finished, Ctrl-C is Python's own, and the system's
        # when Python has ended.
        assert code in (0, -signal.SIGINT) or "KeyboardInterrupt" in errors, errors
        return way, True
    assert code in (0, -signal.SIGKILL), errors
    return way, code != 0


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_runs_ended_anywhere_end_as_if_never_ended(script, tmp_path):
    """Weights, optimizer, history and log files (bytes), of runs of random parts.

    Each run is ended up to four times, and at least once: killed at a random moment or at a random
    call inside a save, by Ctrl-C, or by a lower max_steps, mostly in mid-epoch. At last it goes on
    to its end, and is then resumed from its own last file once more. RESUME_RUNS=200 tries 200.
    """
    seed = int(os.environ.get("KILL_SEED", time.time_ns() % 2**32))
    draw = random.Random(seed)
    ends, missed = Counter(), 0
    for number in range(seed, seed + int(os.environ.get("RESUME_RUNS", "6"))):
        try:
            whole, folder = tmp_path / f"{number}-whole", tmp_path / f"{number}"
            whole.mkdir()
            folder.mkdir()
            run_script(whole, number)
            times, cut_short = draw.randint(1, 4), False
            while times > 0 or not cut_short:
                if times <= 0:  # it was finished before anything could end it: from the beginning
                    shutil.rmtree(folder)
                    folder.mkdir()
                way, ended = end_somehow(draw, folder, number)
                ends[way] += ended
                missed += not ended
                cut_short |= ended
                times -= 1
            for _ in ("to its end", "from its end"):
                run_script(folder, number)
                check(folder, whole)
            kept = len(list(folder.glob("step-*.safetensors")))
            assert kept <= script.drawn_setup(number).keep_last
        except Exception as error:
            setup = script.drawn_setup(number)
            error.add_note(f"run {number} of KILL_SEED={seed}: {setup}")
            raise
        shutil.rmtree(whole)
        shutil.rmtree(folder)
    print(f"ended: {dict(ends)}; finished before they could be: {missed}")


def check(folder, whole):
    with np.load(folder / "outcome.npz") as saved, np.load(whole / "outcome.npz") as wanted:
        assert_same(dict(saved), dict(wanted))
    for name in ("log.csv", "log.jsonl"):
        assert (folder / name).read_bytes() == (whole / name).read_bytes(), name
    # Where a run was ended it saved once more, but the newest file and the best are the same.
    last, wanted = (max(f.glob("step-*.safetensors")).name for f in (folder, whole))
    assert last == wanted
    assert (folder / "best.safetensors").exists() == (whole / "best.safetensors").exists()
