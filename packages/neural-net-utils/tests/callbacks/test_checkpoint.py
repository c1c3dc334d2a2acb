"""Checkpoint: which files exist when, and what is in them."""

import numpy as np
import pytest

from neural_net_core import load_checkpoint
from neural_net_utils import Callback, Checkpoint, latest_checkpoint

# tiny.train: 15 batches of 8, two per step: 8 steps an epoch.


def names(folder):
    return sorted(file.name for file in folder.iterdir())


def steps(folder):
    return [int(name[5:13]) for name in names(folder) if name.startswith("step")]


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({}, [8, 16, 24]),
        ({"keep_last": 2}, [16, 24]),
        ({"every_epochs": 2, "keep_last": None}, [16, 24]),
        ({"every_epochs": None, "every_steps": 5, "keep_last": None}, [5, 10, 15, 20, 24]),
        ({"every_steps": 10, "keep_last": None}, [8, 10, 16, 20, 24]),
        ({"every_epochs": None}, [24]),
    ],
)
def test_which_files(tiny, tmp_path, options, wanted):
    """Every n steps or epochs, the last k of them, and always the end."""
    tiny.train(epochs=3, callbacks=[Checkpoint(tmp_path / "new" / "folder", **options)])
    assert steps(tmp_path / "new" / "folder") == wanted


def test_best_is_the_best_epoch(tiny, tmp_path):
    """The weights of the epoch with the best value, and the metadata beside them."""
    kept = []

    class Keep(Callback):
        def on_epoch_end(self, training):
            training.history.add("score", [3, 7, np.nan, 5][training.epoch - 1])
            kept.append(training.model.state_dict())

    saving = Checkpoint(tmp_path, monitor="score", metadata={"note": "mine"})
    tiny.train(callbacks=[saving, Keep()])
    assert (saving.best, saving.best_epoch) == (7, 2)
    checkpoint = load_checkpoint(tmp_path / "best.safetensors")
    assert checkpoint.metadata["epoch"] == 2
    assert checkpoint.metadata["note"] == "mine"
    for name, value in kept[1].items():
        assert np.array_equal(checkpoint.model[name], value)


def test_a_limit_at_an_epochs_end_completes_the_epoch(tiny, tmp_path):
    """max_steps that is a whole number of epochs also counts for the best epoch."""
    saving = Checkpoint(tmp_path, monitor="val_loss")
    _, history, _ = tiny.train(max_steps=16, callbacks=[saving])
    assert history["val_loss"][1] < history["val_loss"][0]
    assert saving.best_epoch == 2
    assert load_checkpoint(latest_checkpoint(tmp_path)).extra["training"]["epoch_complete"]


@pytest.mark.parametrize("step", [1, 5, 13])
def test_a_stop_in_mid_epoch_is_saved_there(tiny, tmp_path, step):
    """The newest file is of the step at which training stopped."""

    class Stop(Callback):
        def on_step_end(self, training):
            if training.step == step:
                training.stop("enough")

    tiny.train(callbacks=[Stop(), Checkpoint(tmp_path)])
    assert steps(tmp_path)[-1] == step
    assert latest_checkpoint(tmp_path).name == f"step-{step:08d}.safetensors"


def test_a_new_run_in_an_old_folder(tiny, tmp_path):
    """Files of an older, longer run are not pruned, and the newest file is the new run's."""
    tiny.train(epochs=3, callbacks=[Checkpoint(tmp_path, keep_last=1)])
    tiny.train(epochs=2, callbacks=[Checkpoint(tmp_path, keep_last=1)])
    assert steps(tmp_path) == [16, 24]
    assert latest_checkpoint(tmp_path).name == "step-00000016.safetensors"


def test_pruning_goes_on_after_a_resume(tiny, tmp_path):
    """The kept files of the first part count."""
    tiny.train(epochs=2, callbacks=[Checkpoint(tmp_path, keep_last=2)])
    file = latest_checkpoint(tmp_path)
    tiny.train(epochs=4, resume_from=file, callbacks=[Checkpoint(tmp_path, keep_last=2)])
    assert steps(tmp_path) == [24, 32]


def test_latest_of_nothing(tmp_path):
    """No folder, an empty one, and one with a stray file."""
    assert latest_checkpoint(tmp_path / "none") is None
    assert latest_checkpoint(tmp_path) is None
    (tmp_path / "notes.txt").write_text("x")
    assert latest_checkpoint(tmp_path) is None


def test_bad_arguments(tiny, tmp_path):
    """Counts, modes, and a monitored column that cannot exist, found before training."""
    for name in ("every_epochs", "every_steps", "keep_last"):
        with pytest.raises(ValueError, match=f"Checkpoint: {name} must be an int >= 1, got 0"):
            Checkpoint(tmp_path, **{name: 0})
    with pytest.raises(ValueError, match="cannot tell whether 'speed'"):
        Checkpoint(tmp_path, monitor="speed")
    with pytest.raises(ValueError, match="Checkpoint: monitors 'val_x', but the history has"):
        tiny.train(callbacks=[Checkpoint(tmp_path, monitor="val_x", mode="max")])
