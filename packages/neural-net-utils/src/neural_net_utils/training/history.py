"""What a run recorded: one row of numbers per epoch and one per step, as columns."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from neural_net_core import StateDictError
from neural_net_core.checks import check_path, check_text, is_whole, shown
from neural_net_core.files.whole_file import replace_file
from neural_net_utils._states import LARGEST_COUNT, saved_array, saved_entry

__all__ = ["History", "Table"]


class Table(dict[str, list[float]]):
    """Columns of numbers by name, all equally long; a value that was not recorded is NaN.

    Args:
        index_name: what the rows are numbered by, such as "epoch".

    Attributes:
        index: the number of each row.

    Examples:
        >>> table = Table("epoch")
        >>> table.append(1, {"loss": 0.5})
        >>> table.append(2, {"loss": 0.25, "accuracy": 1.0})
        >>> table
        {'loss': [0.5, 0.25], 'accuracy': [nan, 1.0]}
    """

    def __init__(self, index_name: str) -> None:
        super().__init__()
        self.index_name = index_name
        self.index: list[int] = []

    def append(self, index: int, values: Mapping[str, float]) -> None:
        """Add a row.

        Raises:
            ValueError: if the number of the row is no int, or a value is no number; nothing is
                added then.
        """
        try:
            numbers = [*map(float, values.values())]
        except (AttributeError, TypeError, ValueError, OverflowError):
            raise ValueError(
                f"{type(self).__name__}: expected numbers by name, got {shown(values)}"
            ) from None
        if type(index) is not int and not is_whole(index):
            raise ValueError(
                f"{type(self).__name__}: a row's number must be an int, got {shown(index)}"
            )
        rows = len(self.index)
        self.index.append(index)
        for name, number in zip(values, numbers, strict=True):
            if name not in self:
                self[name] = [math.nan] * rows
            self[name].append(number)
        for column in self.values():
            if len(column) == rows:
                column.append(math.nan)

    def add(self, name: str, value: float) -> None:
        """Set a value of the newest row, in a new column if need be.

        Raises:
            ValueError: if there is no row yet, or the value is no number.
        """
        check_text(f"{type(self).__name__}.add", "name", name)
        if not self.index:
            raise ValueError(f"{type(self).__name__}: no row yet to which {name!r} could be added")
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            raise ValueError(
                f"{type(self).__name__}: {name} must be a number, got {shown(value)}"
            ) from None
        if name not in self:
            self[name] = [math.nan] * len(self.index)
        self[name][-1] = number

    @property
    def last(self) -> dict[str, float]:
        """The newest row; empty before the first."""
        return {name: column[-1] for name, column in self.items()} if self.index else {}

    def rows(self) -> Iterator[dict[str, float]]:
        """Every row as a dict that begins with its number."""
        for row, index in enumerate(self.index):
            yield {self.index_name: index, **{name: column[row] for name, column in self.items()}}

    def to_csv(self, path: str | PathLike[str]) -> None:
        """Write a CSV file, whole: a header, then one line per row; NaN is an empty cell.

        The file's folder is made if missing.
        """
        file = self._place("to_csv", path)
        stream = io.StringIO(newline="")
        csv.writer(stream).writerow([self.index_name, *self])
        stream.writelines(csv_line(row) for row in self.rows())
        replace_file(file, stream.getvalue().encode())

    def to_json_lines(self, path: str | PathLike[str]) -> None:
        """Write one JSON object per line, whole; NaN and infinity, which JSON lacks, are null.

        The file's folder is made if missing.
        """
        file = self._place("to_json_lines", path)
        replace_file(file, "".join(map(json_line, self.rows())).encode())

    def state_dict(self) -> dict[str, Any]:
        """The whole table as arrays."""
        columns = {name: np.array(column, dtype=np.float64) for name, column in self.items()}
        return {"index": np.array(self.index, dtype=np.int64), "columns": columns}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Become the table that `state_dict` described.

        Raises:
            StateDictError: if the state is no table: columns of unequal length, rows that are not
                numbered upwards; nothing has changed then.
        """
        self._become(*self._read(state))

    def remove_last(self) -> None:
        """Take the newest row away."""
        del self.index[-1:]
        for column in self.values():
            del column[-1:]

    def _place(self, method: str, path: str | PathLike[str]) -> Path:
        file = Path(check_path(f"{type(self).__name__}.{method}", "path", path))
        file.parent.mkdir(parents=True, exist_ok=True)
        return file

    def _read(self, state: Any) -> tuple[list[int], dict[str, list[float]]]:
        """The rows' numbers and the columns in a state, after a look at each."""
        where = f"{type(self).__name__} of {self.index_name}s"
        saved = saved_entry(where, state, "columns")
        index = saved_array(where, state, "index", "iu")
        numbers = index.tolist()
        if index.ndim != 1 or any(b <= a for a, b in pairwise([0, *numbers, LARGEST_COUNT + 1])):
            raise StateDictError(f"{where}: the rows of a state must be numbered upwards from 1")
        if not isinstance(saved, Mapping):
            raise StateDictError(f"{where}: expected columns by name, got {saved!r:.80}")
        columns = {}
        for name in saved:
            if not isinstance(name, str) or name == self.index_name:
                raise StateDictError(f"{where}: no column can be called {name!r:.80}")
            column = saved_array(where, saved, name, "fiu")
            if column.shape != index.shape:
                raise StateDictError(
                    f"{where}: columns of a state differ in length: {name!r:.80} has the shape "
                    f"{column.shape}, expected {index.shape}"
                )
            columns[name] = column.astype(np.float64).tolist()
        return numbers, columns

    def _become(self, index: list[int], columns: dict[str, list[float]]) -> None:
        self.index = index
        self.clear()
        self.update(columns)


class History(Table):
    """The record of a run: `history["val_loss"][3]` belongs to epoch `history.index[3]`.

    Attributes:
        steps: the record by optimizer step: "loss", and what callbacks added.
        stop_reason: why training ended, such as "epochs", "max_steps" or "interrupted".
        why_eager: with `fit(record=True)`, why the last batch was not run from a record; None if it
            was.
    """

    def __init__(self) -> None:
        super().__init__("epoch")
        self.steps = Table("step")
        self.stop_reason: str | None = None
        self.why_eager: str | None = None

    def state_dict(self) -> dict[str, Any]:
        """Both tables as arrays."""
        return {**super().state_dict(), "steps": self.steps.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Become the history that `state_dict` described.

        Raises:
            StateDictError: as of `Table`; nothing has changed then.
        """
        own = self._read(state)
        self.steps.load_state_dict(saved_entry("History", state, "steps"))
        self._become(*own)


def csv_line(row: Mapping[str, float]) -> str:
    """A row as one line of CSV: floats in the shortest form that reads back to the same bits."""
    return ",".join("" if math.isnan(value) else repr(value) for value in row.values()) + "\r\n"


def json_line(row: Mapping[str, float]) -> str:
    """A row as one line of JSON."""
    return json.dumps({k: v if math.isfinite(v) else None for k, v in row.items()}) + "\n"
