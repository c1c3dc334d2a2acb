"""Stopped anywhere and resumed, a run ends as one that was never stopped, to the last bit."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from neural_net_core import CheckpointError, cross_entropy, default_rng
from neural_net_utils import (
    Callback,
    DataLoader,
    EarlyStopping,
    ModelCheckpoint,
    fit,
    latest_checkpoint,
)

SCRIPT = Path(__file__).parent / "tiny_run.py"
KILLS = 20


def assert_same(numbers, wanted):
    assert numbers.keys() == wanted.keys()
    for name, value in wanted.items():
        assert numbers[name].dtype == value.dtype, name
        assert np.array_equal(numbers[name], value, equal_nan=True), name


@pytest.fixture(scope="module")
def wanted(tiny):
    """The run that was never stopped, without any checkpoint."""
    return tiny.outcome(*tiny.train())


def test_checkpoints_change_nothing(tiny, wanted, tmp_path):
    """Saving every third step leaves the run's numbers as they are, and the run repeats."""
    assert_same(tiny.outcome(*tiny.train(tmp_path)), wanted)


class StopAt(Callback):
    """Stop at a step."""

    def __init__(self, step):
        self.at = step

    def on_step_end(self, training):
        if training.step == self.at:
            training.stop("test")


@pytest.mark.parametrize("step", [1, 3, 7, 8, 9, 16, 17, 24, 31])
@pytest.mark.parametrize("accumulate", [1, 2])
def test_stopped_at_a_step(tiny, tmp_path, step, accumulate):
    """First steps, last steps of an epoch (8 and 15 per epoch), single last groups."""
    whole = tiny.outcome(*tiny.train(accumulate=accumulate))
    tiny.train(tmp_path, accumulate=accumulate, callbacks=[StopAt(step)])
    default_rng().random(7)  # the world goes on in between
    resumed = tiny.train(tmp_path, accumulate=accumulate, resume_from=latest_checkpoint(tmp_path))
    assert_same(tiny.outcome(*resumed), whole)


def test_max_steps_can_be_raised(tiny, wanted, tmp_path):
    """A run that reached max_steps in mid-epoch goes on as if the limit had been higher."""
    tiny.train(tmp_path, max_steps=11)
    resumed = tiny.train(tmp_path, resume_from=latest_checkpoint(tmp_path))
    assert_same(tiny.outcome(*resumed), wanted)


@pytest.mark.parametrize("steps", [1, 7, 8, 11, 15, 16])
@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_run_that_ended_resumes_to_its_end(tiny, tmp_path, steps, accumulate):
    """Ended by max_steps, mostly in mid-epoch, and gone on from its own last file: the same run.

    That file was written at the last step, before the row of the unfinished epoch stood.
    """
    options = {"max_steps": steps, "accumulate": accumulate}
    whole = tiny.outcome(*tiny.train(tmp_path, **options))
    log = (tmp_path / "steps.csv").read_bytes()
    file = latest_checkpoint(tmp_path)
    again = tiny.train(tmp_path, resume_from=file, **options)
    assert_same(tiny.outcome(*again), whole)
    assert again[1].stop_reason == "max_steps"
    assert (tmp_path / "steps.csv").read_bytes() == log
    assert latest_checkpoint(tmp_path).name == file.name


@pytest.mark.parametrize("step", [5, 11, 16])
def test_ctrl_c_at_the_last_step(tiny, tmp_path, step):
    """The interrupt comes when max_steps is reached anyway: the resumed run has the last row."""

    class Press(Callback):
        def on_gradients(self, training):
            if training.step + 1 == step:
                os.kill(os.getpid(), signal.SIGINT)

    whole = tiny.outcome(*tiny.train(max_steps=step))
    former = signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job has none
    try:
        _, history, _ = tiny.train(tmp_path, max_steps=step, callbacks=[Press()])
    finally:
        signal.signal(signal.SIGINT, former)
    assert history.stop_reason == "interrupted"
    resumed = tiny.train(tmp_path, max_steps=step, resume_from=latest_checkpoint(tmp_path))
    assert_same(tiny.outcome(*resumed), whole)


@pytest.mark.parametrize("steps", [3, 11, 19])
def test_a_file_written_after_an_epoch_was_cut_short(tiny, tmp_path, steps):
    """A callback of one's own saves with half an epoch's row: the whole epoch's replaces it."""

    class Save(Callback):
        def on_epoch_end(self, training):
            training.save(tmp_path / "own.safetensors")

    _, history, _ = tiny.train(max_steps=steps, callbacks=[Save()])
    assert history.index == list(range(1, 2 + steps // 8))
    again = tiny.train(max_steps=steps, resume_from=tmp_path / "own.safetensors")
    assert repr(again[1]) == repr(history)
    _, history, _ = tiny.train(resume_from=tmp_path / "own.safetensors")
    assert history.index == [1, 2, 3, 4]


KINDS = ["plain", "shuffled", "transformed", "same", "one generator", "two generators"]


@pytest.mark.parametrize("stop", [4, 6, 9])
@pytest.mark.parametrize("kind", KINDS)
def test_validation_loaders_resume(tiny, tmp_path, kind, stop):
    """Noise from the library's generator, and a loader for validation that may draw as well.

    From a file of before the half epoch's validation, and from one of after it: that of the whole
    epoch begins where it did.
    """
    from neural_net_core import default_rng, seed

    x, y = tiny.small_digits(60)

    def noisy(batch, rng):
        return (batch[0] + rng.normal(0, 0.1, batch[0].shape).astype(np.float32), batch[1])

    def run(**options):
        seed(0)
        one, two = np.random.default_rng(1), np.random.default_rng(2)
        own = None if "generator" not in kind else one
        data = DataLoader((x, y), 10, shuffle=True, rng=own)
        held_out = {
            "plain": lambda: DataLoader((x, y), 16),
            "shuffled": lambda: DataLoader((x, y), 16, shuffle=True),
            "transformed": lambda: DataLoader((x, y), 16, transform=noisy),
            "same": lambda: data,
            "one generator": lambda: DataLoader((x, y), 16, shuffle=True, transform=noisy, rng=one),
            "two generators": lambda: DataLoader((x, y), 16, transform=noisy, rng=two),
        }[kind]()
        model = tiny.NoisyNet(rng=default_rng())
        optimizer = tiny.TinyMomentum(model.parameters())
        history = fit(
            model,
            cross_entropy,
            optimizer,
            data,
            epochs=3,
            validation=held_out,
            progress="off",
            **options,
        )
        return model.state_dict() | {"loss": np.array(history["loss"] + history["val_loss"])}

    class SaveAtTheEnd(Callback):
        def on_epoch_end(self, training):
            training.save(tmp_path / "after")

    whole = run()
    run(callbacks=[StopAt(stop), ModelCheckpoint(tmp_path), SaveAtTheEnd()])
    for file in (latest_checkpoint(tmp_path), tmp_path / "after"):
        default_rng().random(3)
        assert_same(run(resume_from=file), whole)


def test_every_saved_file_resumes(tiny, wanted, tmp_path):
    """Any file, also the best epoch's, leads to the same end."""
    tiny.train(tmp_path)
    files = sorted(tmp_path.glob("*.safetensors"))
    assert len(files) == 3
    for file in files:
        assert_same(tiny.outcome(*tiny.train(tmp_path / "again", resume_from=file)), wanted)


def test_finished_run_resumes_to_itself(tiny, wanted, tmp_path):
    """Resumed at its end, a run makes no step and still restores the best weights."""
    tiny.train(tmp_path)
    steps = []

    class Count(Callback):
        def on_step_end(self, training):
            steps.append(training.step)

    resumed = tiny.train(resume_from=latest_checkpoint(tmp_path), callbacks=[Count()])
    assert_same(tiny.outcome(*resumed), wanted)
    assert steps == []


class Crash(Callback):
    """Fail after an epoch's last step was saved, before the epoch itself is."""

    def on_epoch_end(self, training):
        if training.epoch == 2:
            raise RuntimeError("crash")


@pytest.mark.parametrize("accumulate", [1, 2, 3])
def test_crash_between_the_last_step_and_the_epochs_end(tiny, tmp_path, accumulate):
    """The file of an epoch's last step (a short group for 2) leads to the epoch's end, once."""
    whole = tiny.outcome(*tiny.train(accumulate=accumulate))
    steps = {1: 30, 2: 16, 3: 10}[accumulate]
    saving = ModelCheckpoint(tmp_path, every_steps=steps)
    with pytest.raises(RuntimeError, match="crash"):
        tiny.train(accumulate=accumulate, callbacks=[Crash(), saving])
    file = latest_checkpoint(tmp_path)
    assert file.name == f"step-{steps:08d}.safetensors"
    resumed = tiny.train(accumulate=accumulate, resume_from=file)
    assert_same(tiny.outcome(*resumed), whole)


def test_killed_20_times_at_random_points(tiny, wanted, tmp_path):
    """SIGKILL at 20 random moments (steps, saves, validation), each time resumed."""
    seed = int(os.environ.get("KILL_SEED", time.time_ns() % 2**32))
    rng = random.Random(seed)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    kills, starts, run = 0, [], 0
    while kills < KILLS:
        folder = tmp_path / f"run-{run}"
        folder.mkdir(exist_ok=True)
        lives = rng.randint(0, 9)  # steps to live …
        with subprocess.Popen(
            [sys.executable, str(SCRIPT), str(folder), str(lives + 3)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        ) as process:
            line = process.stdout.readline()
            assert line.startswith("started"), f"seed {seed}: {line!r}"
            starts.append(int(line.split()[1]))
            for _ in range(lives):
                process.stdout.readline()
            time.sleep(rng.uniform(0, 0.004))  # … and up to about one more
            process.kill()
            code = process.wait()
        if code == -signal.SIGKILL:
            kills += 1
        else:
            assert code == 0, f"seed {seed}"
            check_outcome(folder, wanted)
            run += 1  # it had no more steps left: begin another one
    subprocess.run([sys.executable, str(SCRIPT), str(folder)], env=environment, check=True)
    check_outcome(folder, wanted)
    assert len(set(starts)) > 3, f"seed {seed}: resumed only from steps {starts}"


def check_outcome(folder, wanted):
    with np.load(folder / "outcome.npz") as saved:
        assert_same({name: saved[name] for name in saved.files}, wanted)
    lines = (folder / "steps.csv").read_text().splitlines()
    assert [int(line.split(",")[0]) for line in lines[1:]] == list(range(1, len(lines)))
    assert len(lines) == 1 + len(wanted["step.index"])


def test_loader_without_state(tiny, tmp_path):
    """A plain list of batches is continued by skipping what was used."""
    x, y = tiny.small_digits(60)
    batches = [(x[i : i + 10], y[i : i + 10]) for i in range(0, 60, 10)]

    def run(**options):
        model = tiny.NoisyNet(rng=np.random.default_rng(3))
        for p in model.parameters():
            p.data[...] = np.random.default_rng(1).standard_normal(p.shape) * 0.1
        optimizer = tiny.TinyMomentum(model.parameters())
        history = fit(model, cross_entropy, optimizer, batches, epochs=2, progress="off", **options)
        return model.state_dict() | {"loss": np.array(history.steps["loss"])}

    whole = run()
    for step in (4, 6, 7):
        folder = tmp_path / str(step)
        run(callbacks=[StopAt(step), ModelCheckpoint(folder)])
        assert_same(run(resume_from=latest_checkpoint(folder)), whole)


def test_longer_training_from_a_finished_run(tiny, wanted, tmp_path):
    """Two epochs, then resumed for four, equal four at once."""
    tiny.train(tmp_path, epochs=2)
    resumed = tiny.train(tmp_path, resume_from=latest_checkpoint(tmp_path))
    assert_same(tiny.outcome(*resumed), wanted)


def test_a_foreign_checkpoint_changes_nothing(tiny, tmp_path):
    """A file of another model or data is refused before anything is touched."""
    tiny.train(tmp_path)
    file = latest_checkpoint(tmp_path)
    x, y = tiny.small_digits(60)
    model = tiny.NoisyNet(hidden=8)
    before = model.state_dict()
    optimizer = tiny.TinyMomentum(model.parameters())
    with pytest.raises(CheckpointError, match="model refuses its state"):
        fit(model, cross_entropy, optimizer, [(x, y)], epochs=1, progress="off", resume_from=file)
    assert_same(model.state_dict(), before)
    model = tiny.NoisyNet()
    before, drawn = model.state_dict(), model.rng.bit_generator.state
    optimizer = tiny.TinyMomentum(model.parameters())
    with pytest.raises(CheckpointError, match="metrics: the saved run had"):
        fit(model, cross_entropy, optimizer, [(x, y)], epochs=1, progress="off", resume_from=file)
    assert_same(model.state_dict(), before)
    assert model.rng.bit_generator.state == drawn
    with pytest.raises(FileNotFoundError):
        tiny.train(resume_from=tmp_path / "none.safetensors")


def test_early_stopping_resumes_to_its_stop(tiny, tmp_path):
    """A run that stopped early stays stopped when resumed, with the best weights."""
    x, y = tiny.small_digits(60)

    def run(**options):
        model = tiny.NoisyNet(rng=np.random.default_rng(3))
        for p in model.parameters():
            p.data[...] = np.random.default_rng(1).standard_normal(p.shape) * 0.1
        optimizer = tiny.TinyMomentum(model.parameters(), lr=3.0)  # gets worse
        stopping = EarlyStopping("val_loss", patience=2)
        history = fit(
            model,
            cross_entropy,
            optimizer,
            DataLoader((x, y), 20),
            epochs=30,
            validation=[(x, y)],
            progress="off",
            callbacks=[stopping, ModelCheckpoint(tmp_path)],
            **options,
        )
        return model.state_dict() | {"loss": np.array(history["loss"])}, history, stopping

    first, history, stopping = run()
    assert history.stop_reason == "early stopping"
    assert stopping.stopped_epoch == stopping.best_epoch + 2 < 30
    again, history, _ = run(resume_from=latest_checkpoint(tmp_path))
    assert history.stop_reason == "early stopping"
    assert_same(again, first)
