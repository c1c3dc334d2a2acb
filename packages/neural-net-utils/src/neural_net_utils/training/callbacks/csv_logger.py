"""Write the history to a CSV file while training goes on."""

from __future__ import annotations

from collections.abc import Mapping

from neural_net_utils.training.callbacks._table_logger import TableLogger
from neural_net_utils.training.history import Table, csv_line

__all__ = ["CSVLogger"]


class CSVLogger(TableLogger):
    """One line per epoch or step, on the disk as soon as it is known.

    A resumed run writes the file anew from the restored history, so that steps which a killed run
    made after its last checkpoint do not stand there twice.

    Args:
        path: the file; its folder is made if missing.
        per: "epoch" or "step".
    """

    def _write_all(self, table: Table) -> None:
        table.to_csv(self.path)

    def _line(self, row: Mapping[str, float]) -> str:
        return csv_line(row)
