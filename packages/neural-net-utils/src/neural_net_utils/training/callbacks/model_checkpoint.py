"""Save the run now and then, the best epoch, and whatever a stop leaves unfinished."""

import os
import re
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from neural_net_core import CheckpointError, StateDictError, load_checkpoint
from neural_net_core.checks import check_count, check_flag, check_instance, check_path, shown
from neural_net_utils._states import saved_entry
from neural_net_utils.training.callbacks._monitor import Mode, Monitor, saved_best
from neural_net_utils.training.callbacks.base import Callback
from neural_net_utils.training.training import Training

__all__ = ["ModelCheckpoint", "latest_checkpoint"]

STEP_FILE = re.compile(r"step-([0-9]{8,15})\.safetensors", re.ASCII)
BEST_FILE = "best.safetensors"
RUN = re.compile(r"[0-9a-f]{32}", re.ASCII)


class ModelCheckpoint(Callback):
    """Write checkpoints into a folder: every n steps or epochs, the last k of them, and the best.

    The newest state is also saved whenever training ends without an error: at its limits, by
    early stopping, by Ctrl-C, by a time limit. Continue with
    `fit(..., resume_from=latest_checkpoint(folder))`.

    What it replaces or removes is what this run wrote here, and nothing else: every file carries
    its run's mark, drawn anew for each run, and one with another mark (of another run in this
    folder, or at a name that a stranger's checkpoint claims) stays, as do symbolic links. A run
    that would write over such a file is refused, before its first step where that can be foreseen:
    a script that is run again goes on with `resume_from`, takes a new folder, or says `overwrite`.

    Args:
        folder: made if missing. Files are `step-00000120.safetensors` and `best.safetensors`.
        every_epochs: save after each n-th epoch; None does not.
        every_steps: save after each n-th step; None does not.
        keep_last: how many step files of this run to keep; None keeps all.
        monitor: a column of the history whose best epoch is saved as `best.safetensors`.
        mode: "min", "max", or "auto" to tell from the name.
        metadata: your own record, stored in every file.
        overwrite: write over files of other runs that have the names of this run's.

    Attributes:
        best: the best value so far, None before the first.
        best_epoch: its epoch.
        saved: names of this run's step files that are kept, oldest first.
        run: the run's mark, 32 hexadecimal digits; a resumed run goes on with its own.

    Raises:
        CheckpointError: from `fit`, if a file to be written is there and another run's.
    """

    order = 100
    first_rank_only = True

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        every_epochs: int | None = 1,
        every_steps: int | None = None,
        keep_last: int | None = 3,
        monitor: str | None = None,
        mode: Mode = "auto",
        metadata: Mapping[str, Any] | None = None,
        overwrite: bool = False,
    ) -> None:
        counts = {"every_epochs": every_epochs, "every_steps": every_steps, "keep_last": keep_last}
        for name, value in counts.items():
            if value is not None:
                check_count("ModelCheckpoint", name, value, 1)
        self.folder = Path(check_path("ModelCheckpoint", "folder", folder))
        self.every_epochs = every_epochs
        self.every_steps = every_steps
        self.keep_last = keep_last
        self.monitor = None if monitor is None else Monitor("ModelCheckpoint", monitor, mode)
        self.metadata = dict(
            {}
            if metadata is None
            else check_instance("ModelCheckpoint", "metadata", metadata, dict)
        )
        self.overwrite = check_flag("ModelCheckpoint", "overwrite", overwrite)
        self.reset()

    def reset(self) -> None:
        """Forget earlier runs (their files stay)."""
        self.best: float | None = None
        self.best_epoch: int | None = None
        self.saved: list[str] = []
        # From the system: a generator that training draws from must not notice.
        self.run = os.urandom(16).hex()
        self._written: dict[str, tuple[int, ...]] = {}  # in this process: which files, by name

    def check(self, training: Training) -> None:
        if self.monitor is not None:
            self.monitor.check(training)
            self._check_free(BEST_FILE)
        # Now rather than after an hour; what only a stop in mid-epoch may write shows at the stop.
        for file in self.folder.glob("step-*.safetensors"):
            name = STEP_FILE.fullmatch(file.name)
            if name and self._foreseen(training, int(name[1])):
                self._check_free(file.name)

    def on_train_start(self, training: Training) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)

    def on_step_end(self, training: Training) -> None:
        due = self.every_steps is not None and training.step % self.every_steps == 0
        # A stop may come in mid-epoch; the run can then go on from this very step.
        if due or training.stop_reason is not None:
            self._save_step(training)

    def on_epoch_end(self, training: Training) -> None:
        if not training.epoch_complete:
            return  # saved at the step that cut it short
        if self.monitor is not None:
            value = self.monitor.value(training)
            if self.monitor.better(value, self.best):
                self._check_free(BEST_FILE)
                self.best, self.best_epoch = value, training.epoch
                # First, because a step file that knows of this best promises that it exists.
                self._save(training, BEST_FILE)
        due = self.every_epochs is not None and training.epoch % self.every_epochs == 0
        if due or training.stop_reason is not None:
            self._save_step(training)

    def state_dict(self) -> dict[str, Any]:
        """The best value, the run's mark and the names of its kept files."""
        best = {"best": self.best, "best_epoch": self.best_epoch}
        return {**best, "run": self.run, "saved": list(self.saved)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on with the files of `state_dict`.

        Raises:
            StateDictError: if an entry is missing or impossible, such as a path among the names;
                nothing has changed then.
        """
        best, best_epoch = saved_best("ModelCheckpoint", state)
        run, saved = (saved_entry("ModelCheckpoint", state, name) for name in ("run", "saved"))
        if not isinstance(run, str) or not RUN.fullmatch(run):
            raise StateDictError(f"ModelCheckpoint: run must be 32 hex digits, got {shown(run)}")
        if not isinstance(saved, (list, tuple)):
            raise StateDictError(
                f"ModelCheckpoint: saved must be a list of names, got {shown(saved)}"
            )
        for name in saved:
            if not isinstance(name, str) or not STEP_FILE.fullmatch(name):
                raise StateDictError(
                    "ModelCheckpoint: saved must hold names like step-00000120.safetensors, "
                    f"got {shown(name)}"
                )
        self.best, self.best_epoch = best, best_epoch
        self.run, self.saved, self._written = run, list(saved), {}

    def _save_step(self, training: Training) -> None:
        name = f"step-{training.step:08d}.safetensors"
        self._check_free(name)
        if name not in self.saved:
            self.saved.append(name)
        self._save(training, name)
        # Once the new file is on the disk. It names the old ones, too: whoever goes on from it
        # after a kill at this point removes them.
        old = [] if self.keep_last is None else self.saved[: -self.keep_last]
        for former in old:
            if self._is_ours(former):
                (self.folder / former).unlink(missing_ok=True)
            self._written.pop(former, None)
        self.saved = self.saved[len(old) :]

    def _save(self, training: Training, name: str) -> None:
        training.save(self.folder / name, self.metadata)
        self._written[name] = _identity(self.folder / name)

    def _foreseen(self, training: Training, step: int) -> bool:
        """Whether the run, as it is about to begin, will save at this step."""
        # A resumed run is after the newest of its files.
        newest = max((int(name[5:-12]) for name in self.saved), default=0)
        total, epoch = training.total_steps, training.steps_per_epoch
        if step <= newest or (total is not None and step > total):
            return False
        periods = [self.every_steps, total]
        if self.every_epochs is not None and epoch is not None:
            periods.append(self.every_epochs * epoch)
        return any(period is not None and step % period == 0 for period in periods)

    def _check_free(self, name: str) -> None:
        """Raise CheckpointError if a file of this name is there and not this run's."""
        file = self.folder / name
        if self.overwrite or not file.exists():
            return
        identity = _identity(file)
        if (identity and identity == self._written.get(name)) or self._has_mark(file):
            return
        raise CheckpointError(
            f"ModelCheckpoint: {file} is there and not of this run, which would write over it: "
            "choose another folder, remove the file, go on with the run that wrote it "
            f"(resume_from=latest_checkpoint({str(self.folder)!r})), or pass overwrite=True"
        )

    def _is_ours(self, name: str) -> bool:
        """Whether the file of this name is the one that this run wrote."""
        file = self.folder / name
        identity = _identity(file)
        if not identity or name in self._written:
            return bool(identity) and identity == self._written[name]
        # Known from the checkpoint alone, which may be a stranger's or name another run's files.
        return self._has_mark(file)

    def _has_mark(self, file: Path) -> bool:
        """Whether the file is a checkpoint of this run."""
        try:
            states = (load_checkpoint(file).extra or {})["training"]["callbacks"].values()
            return any(isinstance(s, Mapping) and s.get("run") == self.run for s in states)
        except (OSError, CheckpointError, KeyError, TypeError, AttributeError):
            return False  # gone, or nothing that a run like this one wrote


def _identity(file: Path) -> tuple[int, ...]:
    """What tells a plain file from a later one of the same name; () for a link, or no file."""
    try:
        status = file.lstat()
    except OSError:
        return ()
    if not stat.S_ISREG(status.st_mode):
        return ()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def latest_checkpoint(folder: str | os.PathLike[str]) -> Path | None:
    """The step file written last, or None if there is none (or no folder).

    A run that was killed between its first `best.safetensors` and its first step file left the
    former alone, and goes on from it.

    Args:
        folder: the folder of a `ModelCheckpoint`.

    Examples:
        >>> latest_checkpoint("no/such/folder") is None
        True
    """
    newest = None
    place = Path(check_path("latest_checkpoint", "folder", folder))
    for file in place.glob("step-*.safetensors"):
        name = STEP_FILE.fullmatch(file.name)
        # A link that leads nowhere, a folder, or a file that somebody has just removed is none.
        if name and file.is_file():
            with suppress(FileNotFoundError):
                key = file.stat().st_mtime_ns, int(name[1]), file
                newest = key if newest is None else max(newest, key)
    if newest is not None:
        return newest[2]
    best = place / BEST_FILE
    return best if best.is_file() else None
