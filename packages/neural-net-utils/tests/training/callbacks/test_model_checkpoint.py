"""ModelCheckpoint: which files exist when, and what is in them."""

import os

import numpy as np
import pytest

from neural_net_core import (
    CheckpointError,
    StateDictError,
    default_rng,
    load_checkpoint,
    save_checkpoint,
)
from neural_net_utils import Callback, ModelCheckpoint, latest_checkpoint

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
    tiny.train(epochs=3, callbacks=[ModelCheckpoint(tmp_path / "new" / "folder", **options)])
    assert steps(tmp_path / "new" / "folder") == wanted


def test_best_is_the_best_epoch(tiny, tmp_path):
    """The weights of the epoch with the best value, and the metadata beside them."""
    kept = []

    class Keep(Callback):
        def on_epoch_end(self, training):
            training.history.add("score", [3, 7, np.nan, 5][training.epoch - 1])
            kept.append(training.model.state_dict())

    saving = ModelCheckpoint(tmp_path, monitor="score", metadata={"note": "mine"})
    tiny.train(callbacks=[saving, Keep()])
    assert (saving.best, saving.best_epoch) == (7, 2)
    checkpoint = load_checkpoint(tmp_path / "best.safetensors")
    assert checkpoint.metadata["epoch"] == 2
    assert checkpoint.metadata["note"] == "mine"
    for name, value in kept[1].items():
        assert np.array_equal(checkpoint.model[name], value)


def test_a_limit_at_an_epochs_end_completes_the_epoch(tiny, tmp_path):
    """max_steps that is a whole number of epochs also counts for the best epoch."""
    saving = ModelCheckpoint(tmp_path, monitor="val_loss")
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

    tiny.train(callbacks=[Stop(), ModelCheckpoint(tmp_path)])
    assert steps(tmp_path)[-1] == step
    assert latest_checkpoint(tmp_path).name == f"step-{step:08d}.safetensors"


SETTINGS = [
    {},
    {"keep_last": 1, "monitor": "val_loss"},
    {"every_epochs": None},
    {"every_epochs": None, "every_steps": 3},
    {"every_epochs": None, "every_steps": 100, "monitor": "loss"},
]


@pytest.mark.parametrize("old", SETTINGS)
@pytest.mark.parametrize("new", SETTINGS)
@pytest.mark.parametrize("elsewhere", [False, True])
def test_no_run_writes_over_anothers_file(tiny, tmp_path, old, new, elsewhere):
    """Fresh or resumed from elsewhere: refused before the first step, nothing is touched."""
    file = None
    if elsewhere:
        tiny.train(epochs=1, callbacks=[ModelCheckpoint(tmp_path / "a", **new)])
        file = latest_checkpoint(tmp_path / "a")
    folder = tmp_path / "b"
    tiny.train(epochs=3, callbacks=[ModelCheckpoint(folder, **old)])
    before = {one.name: one.read_bytes() for one in folder.iterdir()}
    saving, steps = ModelCheckpoint(folder, **new), []

    class Count(Callback):
        def on_step_end(self, training):
            steps.append(training.step)

    with pytest.raises(CheckpointError, match="is there and not of this run"):  # both end at 24
        tiny.train(epochs=3, callbacks=[saving, Count()], resume_from=file)
    assert steps == []
    after = {one.name: one.read_bytes() for one in folder.iterdir()}
    assert after == before


def test_the_refusal_names_the_file_and_what_to_do(tiny, tmp_path):
    """Each of the four ways out works."""
    tiny.train(epochs=2, callbacks=[ModelCheckpoint(tmp_path / "run", monitor="val_loss")])
    again = {"epochs": 2, "callbacks": [ModelCheckpoint(tmp_path / "run", monitor="val_loss")]}
    with pytest.raises(
        CheckpointError, match=r"run.best\.safetensors is there and not of this run"
    ):
        tiny.train(**again)
    (tmp_path / "run" / "best.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"step-0000.*resume_from=.*overwrite=True"):
        tiny.train(**again)
    again["epochs"] = 3
    tiny.train(**again, resume_from=latest_checkpoint(tmp_path / "run"))
    assert steps(tmp_path / "run") == [8, 16, 24]
    old = latest_checkpoint(tmp_path / "run").read_bytes()
    saving = ModelCheckpoint(tmp_path / "run", monitor="val_loss", overwrite=True, keep_last=1)
    tiny.train(epochs=3, callbacks=[saving])
    assert steps(tmp_path / "run") == [24]  # 8 and 16 were this run's when it removed them
    assert latest_checkpoint(tmp_path / "run").read_bytes() != old


def test_what_comes_into_the_folder_during_the_run_is_kept(tiny, tmp_path):
    """Also where the start could not foresee it: the save is refused."""
    tiny.train(epochs=1, callbacks=[ModelCheckpoint(tmp_path / "theirs", monitor="loss")])
    theirs = (tmp_path / "theirs" / "best.safetensors").read_bytes()
    for name in ("best.safetensors", "step-00000016.safetensors"):
        folder = tmp_path / name

        class Intrude(Callback):
            def on_epoch_end(self, training, file=folder / name):
                if training.epoch == 2:
                    file.unlink(missing_ok=True)
                    file.write_bytes(theirs)
                    training.history.add("score", 0.0)
                else:
                    training.history.add("score", 1.0)

        saving = ModelCheckpoint(folder, monitor="score", mode="min")
        with pytest.raises(CheckpointError, match="is there and not of this run"):
            tiny.train(epochs=3, callbacks=[Intrude(), saving])
        assert (folder / name).read_bytes() == theirs
        assert saving.saved == ["step-00000008.safetensors"]


def test_two_callbacks_of_one_run_share_a_folder(tiny, tmp_path):
    """What one of them wrote is the run's."""
    own = [ModelCheckpoint(tmp_path, every_steps=4), ModelCheckpoint(tmp_path, monitor="val_loss")]
    tiny.train(epochs=2, callbacks=own)
    assert names(tmp_path)[0] == "best.safetensors"
    assert steps(tmp_path)[-1] == 16


def test_pruning_goes_on_after_a_resume(tiny, tmp_path):
    """The kept files of the first part count."""
    tiny.train(epochs=2, callbacks=[ModelCheckpoint(tmp_path, keep_last=2)])
    file = latest_checkpoint(tmp_path)
    tiny.train(epochs=4, resume_from=file, callbacks=[ModelCheckpoint(tmp_path, keep_last=2)])
    assert steps(tmp_path) == [24, 32]


def claim(file, names, run=None, path=None):
    """A checkpoint like `file` whose `ModelCheckpoint` says that it saved these names."""
    found = load_checkpoint(file)
    state = found.extra["training"]["callbacks"]["ModelCheckpoint"]
    state["saved"] = names
    state["run"] = run or state["run"]
    path = path or file.with_name("stranger.safetensors")
    rng = {name: np.random.default_rng(0) for name in found.rng}
    for name, generator in rng.items():
        generator.bit_generator.state = found.rng[name]
    parts = {"optimizer": found.optimizer, "scheduler": found.scheduler, "extra": found.extra}
    save_checkpoint(path, model=found.model, rng=rng, **parts)
    return path


@pytest.mark.parametrize(
    "name",
    [
        "{victim}",
        "../victim.safetensors",
        "../step-00000001.safetensors",
        "/step-00000001.safetensors",
        "sub/step-00000001.safetensors",
        "step-00000001.safetensors/../victim",
        "step-00000001.safetensors\n",
        "step-00000001.safetensors\0",
        "step-1.safetensors",
        "step-00000001",
        "step-\u0660\u0660\u0660\u0660\u0660\u0660\u0660\u0660.safetensors",
        "best.safetensors",
        "",
        ".",
        3,
        None,
        ["step-00000001.safetensors"],
    ],
)
def test_a_strangers_names_are_refused(tiny, tmp_path, name):
    """Names of another form than the callback's own: an error, and every file is still there."""
    tiny.train(epochs=1, callbacks=[ModelCheckpoint(tmp_path / "theirs")])
    (tmp_path / "mine").mkdir()
    others = ["victim.safetensors", "step-00000001.safetensors", "mine/best.safetensors"]
    others += ["mine/step-00000001.safetensors"]
    for other in others:
        (tmp_path / other).write_text("precious")
    if isinstance(name, str):
        name = name.format(victim=tmp_path / "victim.safetensors")
    file = claim(latest_checkpoint(tmp_path / "theirs"), [name, "step-00000008.safetensors"])
    with pytest.raises(CheckpointError, match="saved must hold names like step-"):
        tiny.train(callbacks=[ModelCheckpoint(tmp_path / "mine", keep_last=1)], resume_from=file)
    assert all((tmp_path / other).read_text() == "precious" for other in others)


@pytest.mark.parametrize("run", ["", "x", "0" * 31, "../" + "0" * 29, None, 3])
def test_a_mark_of_another_form_is_refused(tiny, tmp_path, run):
    """The mark is compared with what stands in files, and shown."""
    saving = ModelCheckpoint(tmp_path)
    before = saving.state_dict()
    with pytest.raises(StateDictError, match="run must be 32 hex digits"):
        saving.load_state_dict({**before, "run": run})
    assert saving.state_dict() == before


def test_names_of_the_right_form_delete_only_what_the_run_wrote(tiny, tmp_path):
    """A stranger's checkpoint claims files of other runs in the folder: they stay."""
    tiny.train(epochs=1, callbacks=[ModelCheckpoint(tmp_path / "theirs")])
    mine = tmp_path / "mine"
    tiny.train(epochs=1, callbacks=[ModelCheckpoint(mine, every_steps=1, keep_last=None)])
    plain = mine / "step-00000009.safetensors"
    plain.write_text("no checkpoint at all")
    before = {file.name: file.read_bytes() for file in mine.iterdir()}
    file = claim(latest_checkpoint(tmp_path / "theirs"), sorted(before))
    tiny.train(epochs=3, callbacks=[ModelCheckpoint(mine, keep_last=1)], resume_from=file)
    after = {file.name: file.read_bytes() for file in mine.iterdir()}
    assert {name: after[name] for name in before} == before
    assert after.keys() - before.keys() == {"step-00000024.safetensors"}


def test_a_run_continued_where_another_keeps_its_files(tiny, tmp_path):
    """Equal names in two folders: the run removes none that it did not write itself."""
    for folder in ("a", "b"):
        tiny.train(epochs=2, callbacks=[ModelCheckpoint(tmp_path / folder)])  # 8 and 16 in both
    kept = (tmp_path / "b" / "step-00000008.safetensors").read_bytes()
    file = latest_checkpoint(tmp_path / "a")
    tiny.train(callbacks=[ModelCheckpoint(tmp_path / "b", keep_last=1)], resume_from=file)
    assert steps(tmp_path / "b") == [8, 16, 32]
    assert (tmp_path / "b" / "step-00000008.safetensors").read_bytes() == kept
    assert steps(tmp_path / "a") == [8, 16]


def test_a_file_that_another_run_replaced_stays(tiny, tmp_path):
    """Two runs in one folder: what the second wrote over the first's file is the second's."""

    class Replace(Callback):
        order = 200

        def on_epoch_end(self, training):
            if training.epoch == 1:
                again = ModelCheckpoint(tmp_path, overwrite=True)
                tiny.train(epochs=1, callbacks=[again])

    tiny.train(epochs=3, callbacks=[ModelCheckpoint(tmp_path, keep_last=1), Replace()])
    assert steps(tmp_path) == [8, 24]


def test_links_are_not_removed(tiny, tmp_path):
    """A link in the folder, also one under a name that the run saved through, stays."""
    victim = tmp_path / "victim"
    victim.write_text("precious")
    folder = tmp_path / "run"
    folder.mkdir()
    through = folder / "step-00000008.safetensors"
    through.symlink_to(tmp_path / "elsewhere")
    tiny.train(epochs=2, callbacks=[ModelCheckpoint(folder)])
    file = latest_checkpoint(folder)
    # What the checkpoint names has become a link while nobody looked.
    (folder / "step-00000016.safetensors").rename(tmp_path / "moved.safetensors")
    (folder / "step-00000016.safetensors").symlink_to(tmp_path / "moved.safetensors")
    tiny.train(epochs=4, callbacks=[ModelCheckpoint(folder, keep_last=1)], resume_from=file)
    assert through.is_symlink()
    assert (folder / "step-00000016.safetensors").is_symlink()
    assert (tmp_path / "moved.safetensors").exists()
    assert victim.read_text() == "precious"


def test_a_kill_before_the_old_file_is_removed(tiny, tmp_path, monkeypatch):
    """The run that goes on removes it, so that no file is left behind for good."""

    def killed(self, missing_ok=False):
        raise KeyboardInterrupt

    monkeypatch.setattr("pathlib.Path.unlink", killed)
    with pytest.raises(KeyboardInterrupt):
        tiny.train(callbacks=[ModelCheckpoint(tmp_path, keep_last=1)])
    monkeypatch.undo()
    assert steps(tmp_path) == [8, 16]
    file = latest_checkpoint(tmp_path)
    tiny.train(callbacks=[ModelCheckpoint(tmp_path, keep_last=1)], resume_from=file)
    assert steps(tmp_path) == [32]


def test_a_kill_between_the_first_best_and_the_first_step_file(tiny, tmp_path, monkeypatch):
    """The same script, started again, goes on: it is not refused for its own best file."""
    options = {"monitor": "val_accuracy", "keep_last": 2}  # as `tiny.train` has it
    whole = tiny.train(epochs=3, callbacks=[ModelCheckpoint(tmp_path / "whole", **options)])
    folder = tmp_path / "killed"

    def killed(self, training):
        raise KeyboardInterrupt

    monkeypatch.setattr(ModelCheckpoint, "_save_step", killed)
    with pytest.raises(KeyboardInterrupt):
        tiny.train(epochs=3, callbacks=[ModelCheckpoint(folder, **options)])
    monkeypatch.undo()
    assert names(folder) == ["best.safetensors"]
    again = {"callbacks": [ModelCheckpoint(folder, **options)], "epochs": 3}
    resumed = tiny.train(**again, resume_from=latest_checkpoint(folder))
    assert names(folder) == names(tmp_path / "whole")
    a, b = tiny.outcome(*whole), tiny.outcome(*resumed)
    assert a.keys() == b.keys()
    for name, values in a.items():
        np.testing.assert_array_equal(values, b[name])


def test_the_mark_draws_from_no_generator(tiny, tmp_path):
    """Making the callback leaves the library's generator alone; two runs differ in it."""
    before = default_rng().bit_generator.state
    marks = {ModelCheckpoint(tmp_path).run for _ in range(3)}
    assert len(marks) == 3
    assert default_rng().bit_generator.state == before


def test_latest_passes_over_what_is_no_file(tiny, tmp_path):
    """A link that leads nowhere, a folder, another form of name, however new they are."""
    tiny.train(epochs=1, callbacks=[ModelCheckpoint(tmp_path)])
    wanted = latest_checkpoint(tmp_path)
    (tmp_path / "step-00000009.safetensors").symlink_to(tmp_path / "nowhere")
    (tmp_path / "step-00000010.safetensors").mkdir()
    (tmp_path / "step-00000011.safetensors").symlink_to("step-00000011.safetensors")  # to itself
    (tmp_path / "step-00000012 (copy).safetensors").write_text("x")
    (tmp_path / "step-x.safetensors").write_text("x")
    assert latest_checkpoint(tmp_path) == wanted
    assert latest_checkpoint(str(tmp_path)) == wanted
    (tmp_path / "step-00000013.safetensors").symlink_to(wanted)  # a link to a file is one
    assert latest_checkpoint(tmp_path).name == "step-00000013.safetensors"
    wanted.unlink()
    assert latest_checkpoint(tmp_path) is None
    assert latest_checkpoint(tmp_path / "step-x.safetensors") is None


def test_latest_of_equal_times_is_the_later_step(tmp_path):
    """Nine digits come after eight, by the number and not by the letters."""
    for name in ("step-100000000.safetensors", "step-99999999.safetensors"):
        (tmp_path / name).write_text("x")
        os.utime(tmp_path / name, (1, 1))
    assert latest_checkpoint(tmp_path).name == "step-100000000.safetensors"


def test_latest_of_nothing(tmp_path):
    """No folder, an empty one, and one with a stray file."""
    assert latest_checkpoint(tmp_path / "none") is None
    assert latest_checkpoint(tmp_path) is None
    (tmp_path / "notes.txt").write_text("x")
    assert latest_checkpoint(tmp_path) is None


def test_bad_arguments(tiny, tmp_path):
    """Counts, modes, and a monitored column that cannot exist, found before training."""
    for name in ("every_epochs", "every_steps", "keep_last"):
        with pytest.raises(ValueError, match=f"ModelCheckpoint: {name} must be an int >= 1, got 0"):
            ModelCheckpoint(tmp_path, **{name: 0})
    with pytest.raises(ValueError, match="cannot tell whether 'speed'"):
        ModelCheckpoint(tmp_path, monitor="speed")
    with pytest.raises(ValueError, match="ModelCheckpoint: monitors 'val_x', but the history has"):
        tiny.train(callbacks=[ModelCheckpoint(tmp_path, monitor="val_x", mode="max")])
