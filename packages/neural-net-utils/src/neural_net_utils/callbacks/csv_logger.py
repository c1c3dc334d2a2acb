"""Write the history to a CSV file while training goes on."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal

from neural_net_utils.callbacks.base import Callback
from neural_net_utils.history import Table, csv_cells

if TYPE_CHECKING:
    from neural_net_utils.training import Training

__all__ = ["CSVLogger"]


class CSVLogger(Callback):
    """One line per epoch or step, on the disk as soon as it is known.

    A resumed run writes the file anew from the restored history, so that steps which a killed run
    made after its last checkpoint do not stand there twice.

    Args:
        path: the file; its folder is made if missing.
        per: "epoch" or "step".
    """

    order = 50

    def __init__(
        self, path: str | os.PathLike[str], *, per: Literal["epoch", "step"] = "epoch"
    ) -> None:
        if per not in ("epoch", "step"):
            raise ValueError(f'CSVLogger: per must be "epoch" or "step", got {per!r}')
        self.path = Path(path)
        self.per = per
        self._columns: list[str] = []
        self._stream: IO[str] | None = None

    def on_train_start(self, training: Training) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._rewrite(self._table(training))

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

    def _table(self, training: Training) -> Table:
        return training.history if self.per == "epoch" else training.history.steps

    def _write(self, table: Table) -> None:
        """Add the newest row; a new column changes the header, and so the whole file."""
        if self._stream is None or list(table) != self._columns:
            self._rewrite(table)
            return
        row = {table.index_name: table.index[-1], **table.last}
        csv.writer(self._stream).writerow(csv_cells(row))

    def _rewrite(self, table: Table) -> None:
        self.close()
        table.to_csv(self.path)
        self._columns = list(table)
        # Line-buffered: a killed run leaves every finished line.
        self._stream = self.path.open("a", buffering=1, newline="", encoding="utf-8")
