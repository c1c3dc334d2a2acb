"""LearningRateLogger, CSVLogger, JSONLinesLogger: what stands where, also after a crash."""

import csv
import json

import pytest

from neural_net_core import CheckpointError, cross_entropy
from neural_net_utils import (
    Callback,
    CSVLogger,
    EarlyStopping,
    JSONLinesLogger,
    ModelCheckpoint,
    fit,
    latest_checkpoint,
)


class Crash(Callback):
    """Fail at a step, before it is recorded as finished by anybody else."""

    def on_gradients(self, training):
        if training.step == 13:
            raise RuntimeError("crash")


def read_csv(path):
    with path.open(newline="") as stream:
        return [{k: float(v) for k, v in row.items() if v} for row in csv.DictReader(stream)]


def read_json(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_learning_rates_are_those_that_were_used(tiny):
    """The schedule's rate of each step (it has moved on when the step ends)."""
    _, history, _ = tiny.train(epochs=2)
    assert history.steps["lr"] == [0.1 / (1 + step) ** 0.5 for step in range(16)]
    assert history["lr"] == [history.steps["lr"][7], history.steps["lr"][15]]


def test_groups_have_columns_of_their_own(tiny):
    """lr, lr_1, …"""
    from neural_net_utils import LearningRateLogger

    model = tiny.NoisyNet()
    optimizer = tiny.TinyMomentum(model.parameters())
    optimizer.param_groups.append({"params": [], "lr": 0.5})
    history = fit(
        model,
        cross_entropy,
        optimizer,
        [tiny.small_digits(8)],
        epochs=2,
        progress="off",
        callbacks=[LearningRateLogger()],
    )
    assert history["lr"] == [0.1, 0.1]
    assert history["lr_1"] == history.steps["lr_1"] == [0.5, 0.5]


@pytest.mark.parametrize(("logger", "read"), [(CSVLogger, read_csv), (JSONLinesLogger, read_json)])
@pytest.mark.parametrize("per", ["epoch", "step"])
def test_files_hold_the_history(tiny, tmp_path, logger, read, per):
    """Every row, every column, and the same after a crash and a resume: nothing twice."""
    path = tmp_path / "logs" / "run"
    _, history, _ = tiny.train(callbacks=[logger(path, per=per)])
    table = history if per == "epoch" else history.steps
    wanted = list(table.rows())
    assert read(path) == wanted
    folder = tmp_path / "saved"
    saving = ModelCheckpoint(folder, every_steps=5)
    with pytest.raises(RuntimeError, match="crash"):
        tiny.train(callbacks=[logger(path, per=per), saving, Crash()])
    assert read(path) == wanted[: 1 if per == "epoch" else 13]
    tiny.train(
        callbacks=[logger(path, per=per), ModelCheckpoint(folder, every_steps=5)],
        resume_from=latest_checkpoint(folder),
    )
    assert read(path) == wanted


def test_a_late_column_changes_the_header(tiny, tmp_path):
    """A value first recorded in epoch 2 gets its column, with a gap in epoch 1."""

    class Late(Callback):
        def on_epoch_end(self, training):
            if training.epoch == 2:
                training.history.add("late", 5.0)

    _, history, _ = tiny.train(epochs=3, callbacks=[CSVLogger(tmp_path / "log.csv"), Late()])
    rows = read_csv(tmp_path / "log.csv")
    assert ["late" in row for row in rows] == [False, True, False]
    assert [row["loss"] for row in rows] == history["loss"]


@pytest.mark.parametrize("logger", [CSVLogger, JSONLinesLogger])
@pytest.mark.parametrize("per", ["epoch", "step"])
def test_the_file_is_the_historys_to_the_byte(tiny, tmp_path, logger, per):
    """Columns that come late, gaps, infinity: as written at once, and as a resumed run writes."""

    class Late(Callback):
        def on_step_end(self, training):
            if training.step in (3, 9):
                training.history.steps.add('late\n, or "never"', float("inf"))

        def on_epoch_end(self, training):
            if training.epoch == 2:
                training.history.add("late", 5.0)

    path = tmp_path / "log"
    _, history, _ = tiny.train(epochs=3, callbacks=[logger(path, per=per), Late()])
    table = history if per == "epoch" else history.steps
    (table.to_csv if logger is CSVLogger else table.to_json_lines)(tmp_path / "wanted")
    assert path.read_bytes() == (tmp_path / "wanted").read_bytes()


@pytest.mark.parametrize("logger", [CSVLogger, JSONLinesLogger])
def test_a_refused_run_leaves_the_log_alone(tiny, tmp_path, logger):
    """The file of another run, a monitor without validation: no line of the old log is lost."""
    path = tmp_path / "log"
    path.write_text("precious")
    (tmp_path / "no.safetensors").write_text("no checkpoint")
    with pytest.raises(CheckpointError):
        tiny.train(callbacks=[logger(path)], resume_from=tmp_path / "no.safetensors")
    model = tiny.NoisyNet()
    optimizer = tiny.TinyMomentum(model.parameters())
    callbacks = [logger(path), EarlyStopping("val_loss")]
    with pytest.raises(ValueError, match="fit was given no validation data"):
        fit(model, cross_entropy, optimizer, [tiny.small_digits(4)], epochs=1, callbacks=callbacks)
    assert path.read_text() == "precious"


@pytest.mark.parametrize("logger", [CSVLogger, JSONLinesLogger])
def test_lines_are_there_at_once(tiny, tmp_path, logger):
    """While training goes on, finished rows can be read, and the file is closed at the end."""
    counts = []

    class Look(Callback):
        order = 200

        def on_epoch_end(self, training):
            counts.append(len((tmp_path / "log").read_text().splitlines()))

    own = logger(tmp_path / "log")
    tiny.train(epochs=3, callbacks=[own, Look()])
    header = logger is CSVLogger
    assert counts == [1 + header, 2 + header, 3 + header]
    assert own._stream is None


@pytest.mark.parametrize(("logger", "read"), [(CSVLogger, read_csv), (JSONLinesLogger, read_json)])
@pytest.mark.parametrize("per", ["epoch", "step"])
def test_what_was_written_after_the_checkpoint_is_gone_from_the_start(
    tiny, tmp_path, logger, read, per
):
    """Not only when the resumed run adds its first row."""
    path, folder = tmp_path / "log", tmp_path / "saved"
    tiny.train(epochs=1, callbacks=[ModelCheckpoint(folder)])
    _, history, _ = tiny.train(epochs=3, callbacks=[logger(path, per=per)])
    rows = list((history if per == "epoch" else history.steps).rows())
    assert read(path) == rows
    found = []

    class Look(Callback):
        order = 200

        def on_train_start(self, training):
            found.extend(read(path))

    tiny.train(
        epochs=3,
        callbacks=[logger(path, per=per), Look()],
        resume_from=latest_checkpoint(folder),
    )
    assert found == rows[: len(rows) // 3]
    assert read(path) == rows


@pytest.mark.parametrize("logger", [CSVLogger, JSONLinesLogger])
def test_a_row_is_added_to_the_file_and_the_file_not_written_anew(tiny, tmp_path, logger):
    """But at the start, and where a row brings columns."""
    tables = []

    class Watched(logger):
        def _write_all(self, table):
            tables.append(len(table.index))
            super()._write_all(table)

    tiny.train(epochs=4, callbacks=[Watched(tmp_path / "log")])
    assert tables == [0, 1]


def test_bad_arguments(tmp_path):
    """per is "epoch" or "step"."""
    for logger in (CSVLogger, JSONLinesLogger):
        with pytest.raises(ValueError, match=f"{logger.__name__}: per must be 'epoch' or 'step'"):
            logger(tmp_path / "x", per="batch")
