"""The real optimizers and layers, stopped or killed, and resumed: equal to the last bit."""

import importlib.util
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import neural_net_optim as optim
from neural_net_utils import Callback

SCRIPT = Path(__file__).parent / "resume_run.py"
KILLS = 20


@pytest.fixture(scope="module")
def script():
    """The module resume_run.py, which also runs as a program of its own."""
    spec = importlib.util.spec_from_file_location("resume_run", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def assert_same(numbers, wanted):
    assert numbers.keys() == wanted.keys()
    for name, value in wanted.items():
        assert numbers[name].dtype == value.dtype, name
        assert np.array_equal(numbers[name], value, equal_nan=True), name


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
    "Adam": lambda params: optim.Adam(params, amsgrad=True),
    "AdamW": optim.AdamW,
    "Adamax": optim.Adamax,
    "NAdam": optim.NAdam,
    "RAdam": optim.RAdam,
    "Lion": lambda params: optim.Lion(params, lr=1e-3),
    "LAMB": optim.LAMB,
    "Adafactor": optim.Adafactor,
    "Muon": optim.Muon,
}
SCHEDULES = {
    "one cycle": lambda o: optim.OneCycleLR(o, max_lr=0.01, total_steps=28),
    "restarts": lambda o: optim.CosineAnnealingWarmRestarts(o, 10),
    "plateau": lambda o: optim.ReduceLROnPlateau(o, factor=0.5, patience=0, threshold=0.5),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_resumes(script, tmp_path, name):
    """Stopped in mid-epoch and resumed: weights, state and history as if never stopped."""
    make = OPTIMIZERS[name]
    wanted = script.train(make_optimizer=make)
    script.train(tmp_path, make, callbacks=[StopAt(11)])
    assert_same(script.train(tmp_path, make, resume=True), wanted)


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_resume(script, tmp_path, name):
    """Stopped at an epoch's end and in an epoch: rates go on as if never stopped."""
    make = SCHEDULES[name]
    wanted = script.train(make_schedule=make)
    assert len(set(wanted["step.lr"].tolist())) > 2
    script.train(tmp_path, make_schedule=make, callbacks=[StopAt(14)])
    script.train(tmp_path, make_schedule=make, resume=True, callbacks=[StopAt(17)])
    assert_same(script.train(tmp_path, make_schedule=make, resume=True), wanted)


def test_killed_20_times_at_random_points(script, tmp_path):
    """Adam, dropout, batch norm, schedule, average: SIGKILL at 20 random moments of the run."""
    seed = int(os.environ.get("KILL_SEED", time.time_ns() % 2**32))
    rng = random.Random(seed)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, str(SCRIPT)]
    whole = tmp_path / "whole"
    whole.mkdir()
    subprocess.run([*command, str(whole)], env=environment, check=True, stdout=subprocess.DEVNULL)
    with np.load(whole / "outcome.npz") as saved:
        wanted = {name: saved[name] for name in saved.files}
    kills, starts, run = 0, set(), 0
    while kills < KILLS:
        folder = tmp_path / f"run-{run}"
        folder.mkdir(exist_ok=True)
        with subprocess.Popen(
            [*command, str(folder)], stdout=subprocess.PIPE, text=True, env=environment
        ) as process:
            line = process.stdout.readline()
            assert line.startswith("started"), f"seed {seed}: {line!r}"
            starts.add(int(line.split()[1]))
            for _ in range(rng.randint(0, 9)):  # steps to live …
                process.stdout.readline()
            time.sleep(rng.uniform(0, 0.005))  # … and up to about one more
            process.kill()
            code = process.wait()
        if code == -signal.SIGKILL:
            kills += 1
            continue
        assert code == 0, f"seed {seed}"
        check(folder, wanted)
        run += 1  # faster than its killer: begin another one
    subprocess.run([*command, str(folder)], env=environment, check=True, stdout=subprocess.DEVNULL)
    check(folder, wanted)
    assert len(starts) > 3, f"seed {seed}: resumed only from steps {starts}"


def check(folder, wanted):
    with np.load(folder / "outcome.npz") as saved:
        assert_same({name: saved[name] for name in saved.files}, wanted)
