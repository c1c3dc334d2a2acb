"""Save the run now and then, the best epoch, and whatever a stop leaves unfinished."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neural_net_core.checks import check_count
from neural_net_utils.callbacks._monitor import Mode, Monitor
from neural_net_utils.callbacks.base import Callback

if TYPE_CHECKING:
    from neural_net_utils.training import Training

__all__ = ["Checkpoint", "latest_checkpoint"]


class Checkpoint(Callback):
    """Write checkpoints into a folder: every n steps or epochs, the last k of them, and the best.

    The newest state is also saved whenever training ends without an error: at its limits, by
    early stopping, by Ctrl-C, by a time limit. Continue with
    `fit(..., resume_from=latest_checkpoint(folder))`.

    Args:
        folder: made if missing. Files are `step-00000120.safetensors` and `best.safetensors`.
        every_epochs: save after each n-th epoch; None does not.
        every_steps: save after each n-th step; None does not.
        keep_last: how many step files of this run to keep; None keeps all.
        monitor: a column of the history whose best epoch is saved as `best.safetensors`.
        mode: "min", "max", or "auto" to tell from the name.
        metadata: your own record, stored in every file.

    Attributes:
        best: the best value so far, None before the first.
        best_epoch: its epoch.
        saved: names of this run's step files that are kept, oldest first.
    """

    order = 100

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
    ) -> None:
        counts = {"every_epochs": every_epochs, "every_steps": every_steps, "keep_last": keep_last}
        for name, value in counts.items():
            if value is not None:
                check_count("Checkpoint", name, value, 1)
        self.folder = Path(folder)
        self.every_epochs = every_epochs
        self.every_steps = every_steps
        self.keep_last = keep_last
        self.monitor = None if monitor is None else Monitor("Checkpoint", monitor, mode)
        self.metadata = dict(metadata or {})
        self.reset()

    def reset(self) -> None:
        """Forget earlier runs (their files stay)."""
        self.best: float | None = None
        self.best_epoch: int | None = None
        self.saved: list[str] = []

    def on_train_start(self, training: Training) -> None:
        if self.monitor is not None:
            self.monitor.check(training)
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
                self.best, self.best_epoch = value, training.epoch
                # First, because a step file that knows of this best promises that it exists.
                training.save(self.folder / "best.safetensors", self.metadata)
        due = self.every_epochs is not None and training.epoch % self.every_epochs == 0
        if due or training.stop_reason is not None:
            self._save_step(training)

    def state_dict(self) -> dict[str, Any]:
        """The best value and the names of the kept files."""
        return {"best": self.best, "best_epoch": self.best_epoch, "saved": list(self.saved)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on with the files of `state_dict`."""
        self.best, self.best_epoch = state["best"], state["best_epoch"]
        self.saved = [str(name) for name in state["saved"]]

    def _save_step(self, training: Training) -> None:
        name = f"step-{training.step:08d}.safetensors"
        if name not in self.saved:
            self.saved.append(name)
        old = [] if self.keep_last is None else self.saved[: -self.keep_last]
        self.saved = self.saved[len(old) :]
        training.save(self.folder / name, self.metadata)
        for former in old:  # after the new file is on the disk
            (self.folder / former).unlink(missing_ok=True)


def latest_checkpoint(folder: str | os.PathLike[str]) -> Path | None:
    """The step file written last, or None if there is none (or no folder).

    Args:
        folder: the folder of a `Checkpoint`.

    Examples:
        >>> latest_checkpoint("no/such/folder") is None
        True
    """
    files = Path(folder).glob("step-*.safetensors")
    return max(files, key=lambda file: (file.stat().st_mtime_ns, file.name), default=None)
