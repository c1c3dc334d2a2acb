"""Stop when the validation no longer improves, and keep the best weights."""

from collections.abc import Mapping
from typing import Any

from neural_net_core import StateDictError
from neural_net_core.checks import check_count, check_flag, check_number, shown
from neural_net_core.dtypes import Array
from neural_net_utils._states import saved_array, saved_count, saved_entry
from neural_net_utils.training.callbacks._monitor import Mode, Monitor, saved_best
from neural_net_utils.training.callbacks._weights import (
    check_weights,
    copy_weights,
    restore_weights,
)
from neural_net_utils.training.callbacks.base import Callback
from neural_net_utils.training.training import Training

__all__ = ["EarlyStopping"]


class EarlyStopping(Callback):
    """Stop after `patience` epochs without improvement.

    Called `EarlyStopping` in Keras. What differs: the best weights are restored by default, and
    whatever ended training (in Keras only if this callback did).

    Args:
        monitor: a column of the history.
        patience: stop at the epoch in which so many in a row brought no improvement; 0 is like 1.
        min_delta: a smaller improvement is none.
        mode: "min", "max", or "auto" to tell from the name.
        baseline: epochs count as without improvement until the value is better than this.
        start_from_epoch: epochs before this one are not looked at (1 looks at all).
        restore_best: put the best epoch's weights and buffers back when training ends.

    Attributes:
        best: the best value so far, None before the first; NaN counts as worse than anything.
        best_epoch: its epoch, None before the first.
        wait: epochs since the last improvement.
        stopped_epoch: the epoch that stopped training, None if none did.

    Raises:
        ValueError: for arguments out of range, a name whose direction cannot be told, or a column
            that the history does not have.

    Source: Prechelt (1998), Early Stopping, But When?
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        *,
        patience: int = 5,
        min_delta: float = 0.0,
        mode: Mode = "auto",
        baseline: float | None = None,
        start_from_epoch: int = 1,
        restore_best: bool = True,
    ) -> None:
        self.monitor = Monitor("EarlyStopping", monitor, mode, min_delta)
        self.patience = check_count("EarlyStopping", "patience", patience, 0)
        self.start_from_epoch = check_count(
            "EarlyStopping", "start_from_epoch", start_from_epoch, 0
        )
        self.baseline = (
            None if baseline is None else check_number("EarlyStopping", "baseline", baseline)
        )
        self.restore_best = check_flag("EarlyStopping", "restore_best", restore_best)
        self.reset()

    def reset(self) -> None:
        """Forget earlier runs."""
        self.best: float | None = None
        self.best_epoch: int | None = None
        self.wait = 0
        self.stopped_epoch: int | None = None
        self._best_weights: dict[str, Array] | None = None
        # What was known before an epoch that was cut short: gone on with, it is judged again.
        self._before_cut: dict[str, Any] | None = None

    def check(self, training: Training) -> None:
        self.monitor.check(training)
        for known in (self._known(), self._before_cut or {}):
            if known.get("best_weights") is not None:
                check_weights("EarlyStopping", training.model, known["best_weights"])

    def on_train_start(self, training: Training) -> None:
        if self.stopped_epoch is not None and self._before_cut is None:  # resumed from the very end
            training.stop("early stopping")

    def on_epoch_end(self, training: Training) -> None:
        if training.epoch < self.start_from_epoch:
            return
        if self._before_cut is not None:
            self._take(self._before_cut)
        self._before_cut = None if training.epoch_complete else self._known()
        value = self.monitor.value(training)
        improved = self.monitor.better(value, self.best)
        if improved:
            self.best, self.best_epoch = value, training.epoch
            if self.restore_best:
                with training.weights_to_evaluate():
                    self._best_weights = copy_weights(training.model)
        if improved and (self.baseline is None or self.monitor.better(value, self.baseline)):
            self.wait = 0
            return
        self.wait += 1
        if self.wait >= self.patience:
            self.stopped_epoch = training.epoch
            training.stop("early stopping")

    def on_train_end(self, training: Training) -> None:
        if self._best_weights is not None:
            restore_weights(training.model, self._best_weights)

    def state_dict(self) -> dict[str, Any]:
        """The best value, its weights, and how long ago it was.

        Of an epoch that was cut short also what they were before.
        """
        return {**self._known(), "before_cut": self._before_cut}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on waiting where `state_dict` was taken.

        Raises:
            StateDictError: if an entry is missing or impossible; nothing has changed then.
        """
        known, before = _checked(state), saved_entry("EarlyStopping", state, "before_cut")
        self._before_cut = None if before is None else _checked(before)
        self._take(known)

    def _known(self) -> dict[str, Any]:
        return {
            "best": self.best,
            "best_epoch": self.best_epoch,
            "wait": self.wait,
            "stopped_epoch": self.stopped_epoch,
            "best_weights": self._best_weights,
        }

    def _take(self, known: Mapping[str, Any]) -> None:
        self.best, self.best_epoch = known["best"], known["best_epoch"]
        self.wait, self.stopped_epoch = known["wait"], known["stopped_epoch"]
        self._best_weights = known["best_weights"]


def _checked(state: Any) -> dict[str, Any]:
    """What a saved state says is known, or raise StateDictError."""
    best, best_epoch = saved_best("EarlyStopping", state)
    wait = saved_count("EarlyStopping", state, "wait")
    stopped = saved_entry("EarlyStopping", state, "stopped_epoch")
    if stopped is not None:
        stopped = saved_count("EarlyStopping", state, "stopped_epoch", low=1)
    weights = saved_entry("EarlyStopping", state, "best_weights")
    if weights is not None:
        if not isinstance(weights, Mapping):
            raise StateDictError(
                f"EarlyStopping: best_weights must be arrays by name, got {shown(weights)}"
            )
        weights = {name: saved_array("EarlyStopping", weights, name) for name in weights}
    return {
        "best": best,
        "best_epoch": best_epoch,
        "wait": wait,
        "stopped_epoch": stopped,
        "best_weights": weights,
    }
