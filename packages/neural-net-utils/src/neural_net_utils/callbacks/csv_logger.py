"""Write the history to a CSV file while training goes on."""

from __future__ import annotations

import csv

from neural_net_utils.callbacks._table_logger import TableLogger
from neural_net_utils.history import Table, csv_cells

__all__ = ["CSVLogger"]


class CSVLogger(TableLogger):
    """One line per epoch or step, on the disk as soon as it is known.

    A resumed run writes the file anew from the restored history, so that steps which a killed run
    made after its last checkpoint do not stand there twice.

    Args:
        path: the file; its folder is made if missing.
        per: "epoch" or "step".
    """

    _columns: list[str]

    def _rewrite(self, table: Table) -> None:
        self.close()
        table.to_csv(self.path)
        self._columns = list(table)
        self._reopen(newline="")

    def _write(self, table: Table) -> None:
        """Add the newest row; a new column changes the header, and so the whole file."""
        if self._stream is None or list(table) != self._columns:
            self._rewrite(table)
            return
        row = {table.index_name: table.index[-1], **table.last}
        csv.writer(self._stream).writerow(csv_cells(row))
