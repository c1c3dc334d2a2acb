"""Which of two values of a monitored column is better."""

import math
from typing import Any, Literal

from neural_net_core.checks import check_number, check_text, check_word
from neural_net_utils._states import saved_count, saved_entry, saved_number
from neural_net_utils.training.training import Training

__all__ = ["Mode", "Monitor", "saved_best"]

Mode = Literal["auto", "min", "max"]

SMALLER_IS_BETTER = ("loss", "error", "mae", "mse", "perplexity")
LARGER_IS_BETTER = ("accuracy", "match", "precision", "recall", "f1", "auc", "r2", "score")


class Monitor:
    """A column of the history, and which way is up.

    Args:
        where: who monitors, for messages.
        name: the column, such as "val_loss".
        mode: "min", "max", or "auto" to tell from the name.
        min_delta: a smaller change is none.
    """

    def __init__(self, where: str, name: str, mode: Mode = "auto", min_delta: float = 0.0) -> None:
        check_text(where, "monitor", name)
        check_word(where, "mode", mode, ("auto", "min", "max"))
        min_delta = check_number(where, "min_delta", min_delta, 0)
        if mode == "auto":
            down = any(word in name for word in SMALLER_IS_BETTER)
            up = any(word in name for word in LARGER_IS_BETTER)
            if down == up:
                raise ValueError(
                    f"{where}: cannot tell whether {name!r} should fall or rise: give "
                    'mode="min" or mode="max"'
                )
            mode = "min" if down else "max"
        self.where = where
        self.name = name
        self.sign = 1 if mode == "min" else -1
        self.min_delta = min_delta

    def check(self, training: Training) -> None:
        """Raise at the start what would otherwise be found after the first epoch."""
        if self.name.startswith("val_") and training.validation is None:
            raise ValueError(
                f"{self.where}: monitors {self.name!r}, but fit was given no validation data"
            )

    def value(self, training: Training) -> float:
        """The newest value of the column."""
        row = training.history.last
        if self.name not in row:
            raise ValueError(
                f"{self.where}: monitors {self.name!r}, but the history has {sorted(row)}"
            )
        return row[self.name]

    def better(self, value: float, best: float | None) -> bool:
        """Whether `value` improves on `best` by more than `min_delta`; NaN never does."""
        if math.isnan(value):
            return False
        if best is None or math.isnan(best):
            return True
        return self.sign * (best - value) > self.min_delta


def saved_best(where: str, state: Any) -> tuple[float | None, int | None]:
    """The best value and its epoch in a saved state: both, or neither."""
    if saved_entry(where, state, "best") is saved_entry(where, state, "best_epoch") is None:
        return None, None
    return saved_number(where, state, "best"), saved_count(where, state, "best_epoch", low=1)
