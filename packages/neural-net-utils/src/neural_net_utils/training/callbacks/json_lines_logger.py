"""Write the history as JSON lines while training goes on."""

from __future__ import annotations

from collections.abc import Mapping

from neural_net_utils.training.callbacks._table_logger import TableLogger
from neural_net_utils.training.history import Table, json_line

__all__ = ["JSONLinesLogger"]


class JSONLinesLogger(TableLogger):
    """One JSON object per line and epoch or step, on the disk as soon as it is known.

    NaN and infinity, which JSON lacks, are null. A resumed run writes the file anew from the
    restored history.

    Args:
        path: the file; its folder is made if missing.
        per: "epoch" or "step".
    """

    def _write_all(self, table: Table) -> None:
        table.to_json_lines(self.path)

    def _line(self, row: Mapping[str, float]) -> str:
        return json_line(row)
