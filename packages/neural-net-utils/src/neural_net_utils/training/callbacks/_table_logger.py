"""What the loggers share: a file that holds the history, with each row as soon as it is known."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Literal

from neural_net_core.checks import check_path, check_word
from neural_net_utils.training.callbacks.base import Callback
from neural_net_utils.training.history import Table
from neural_net_utils.training.training import Training

__all__: list[str] = []


class TableLogger(Callback):
    """One line per epoch or step; the kinds say how a table and a row are written."""

    order = 50
    first_rank_only = True
    _columns: list[str]  # of the file as it is

    def __init__(
        self, path: str | os.PathLike[str], *, per: Literal["epoch", "step"] = "epoch"
    ) -> None:
        check_word(type(self).__name__, "per", per, ("epoch", "step"))
        self.path = Path(check_path(type(self).__name__, "path", path))
        self.per = per
        self._stream: IO[str] | None = None

    def on_train_start(self, training: Training) -> None:
        self._rewrite(training.history if self.per == "epoch" else training.history.steps)

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

    def _rewrite(self, table: Table) -> None:
        """Write the file anew, and keep it open for more rows."""
        self.close()
        self._write_all(table)
        self._columns = list(table)
        # Line-buffered: a killed run leaves every finished line. A row ends as `_line` says.
        self._stream = self.path.open("a", buffering=1, newline="", encoding="utf-8")

    def _write(self, table: Table) -> None:
        """Add the newest row; a new column changes the rows before it, and so the whole file."""
        if self._stream is None or list(table) != self._columns:
            self._rewrite(table)
        else:
            self._stream.write(self._line({table.index_name: table.index[-1], **table.last}))

    def _write_all(self, table: Table) -> None:
        """Write a file that holds a table, and its folder if there is none."""
        raise NotImplementedError

    def _line(self, row: Mapping[str, float]) -> str:
        """A row as a line of the file, with its end."""
        raise NotImplementedError
