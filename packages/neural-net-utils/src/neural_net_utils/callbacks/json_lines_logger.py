"""Write the history as JSON lines while training goes on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal

from neural_net_utils.callbacks.base import Callback
from neural_net_utils.history import Table, json_line

if TYPE_CHECKING:
    from neural_net_utils.training import Training

__all__ = ["JSONLinesLogger"]


class JSONLinesLogger(Callback):
    """One JSON object per line and epoch or step, on the disk as soon as it is known.

    NaN and infinity, which JSON lacks, are null. A resumed run writes the file anew from the
    restored history.

    Args:
        path: the file; its folder is made if missing.
        per: "epoch" or "step".
    """

    order = 50

    def __init__(
        self, path: str | os.PathLike[str], *, per: Literal["epoch", "step"] = "epoch"
    ) -> None:
        if per not in ("epoch", "step"):
            raise ValueError(f'JSONLinesLogger: per must be "epoch" or "step", got {per!r}')
        self.path = Path(path)
        self.per = per
        self._stream: IO[str] | None = None

    def on_train_start(self, training: Training) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        table = training.history if self.per == "epoch" else training.history.steps
        table.to_json_lines(self.path)
        # Line-buffered: a killed run leaves every finished line.
        self._stream = self.path.open("a", buffering=1, encoding="utf-8")

    def on_step_end(self, training: Training) -> None:
        if self.per == "step":
            self._write(training.history.steps)

    def on_epoch_end(self, training: Training) -> None:
        if self.per == "epoch":
            self._write(training.history)

    def close(self) -> None:
        """Close the file."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _write(self, table: Table) -> None:
        if self._stream is not None:
            self._stream.write(json_line({table.index_name: table.index[-1], **table.last}))
