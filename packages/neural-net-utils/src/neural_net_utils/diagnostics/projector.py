"""Vectors as text, for programs that show a table of embeddings in two or three dimensions."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence, Sized
from pathlib import Path
from typing import Any

import numpy as np

from neural_net_core.checks import check_array, check_path, shown
from neural_net_core.files.whole_file import replace_file
from neural_net_core.tensor import TensorLike

__all__ = ["save_vectors"]

# So many digits tell any two numbers of a dtype apart.
_DIGITS = {2: 5, 4: 9, 8: 17}

# What would end a cell or a row.
_ESCAPED = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def save_vectors(
    folder: str | os.PathLike[str], vectors: TensorLike, **columns: Sequence[Any]
) -> None:
    r"""Write `vectors.tsv` and `metadata.tsv`, the two files that embedding projectors read.

    One row per vector, cells separated by tabs. The metadata have a header if there are several
    columns and none if there is one, as the TensorFlow projector wants them. A tab or the end of a
    line within a label is written as `\t` or `\n`.

    Args:
        folder: Where to; made if missing.
        vectors: (N, D), such as `embedding.weight`.
        **columns: What is known of each vector, N values each: `word=words`, `count=counts`.
            Without any, no metadata are written.

    Raises:
        ValueError: If the vectors are no matrix of floating numbers, or a column is not as long.

    Examples:
        >>> import tempfile
        >>> from pathlib import Path
        >>> folder = tempfile.mkdtemp()
        >>> save_vectors(folder, np.array([[1.0, 0.5], [0.0, 2.0]]), word=["cat", "dog"])
        >>> Path(folder, "vectors.tsv").read_text().splitlines()
        ['1\t0.5', '0\t2']
        >>> Path(folder, "metadata.tsv").read_text().splitlines()
        ['cat', 'dog']
    """
    where = "save_vectors"
    to = Path(check_path(where, "folder", folder))
    table = check_array(where, "vectors", vectors)
    if table.ndim != 2 or table.dtype.kind != "f":
        raise ValueError(
            f"save_vectors: expected floating vectors (N, D), got {table.dtype} of shape "
            f"{table.shape}"
        )
    for name, values in columns.items():
        if not isinstance(values, Sized):
            raise ValueError(f"{where}: {name} must be a sequence of values, got {shown(values)}")
        if len(values) != len(table):
            raise ValueError(
                f"save_vectors: expected {len(table)} values of {name}, got {len(values)}"
            )
    to.mkdir(parents=True, exist_ok=True)
    digits = _DIGITS.get(table.dtype.itemsize, 17)
    stream = io.BytesIO()
    np.savetxt(stream, table, fmt=f"%.{digits}g", delimiter="\t", encoding="utf-8")
    replace_file(to / "vectors.tsv", stream.getvalue())
    if columns:
        rows = list(zip(*columns.values(), strict=True))
        if len(columns) > 1:
            rows.insert(0, tuple(columns))
        lines = ("\t".join(str(cell).translate(_ESCAPED) for cell in row) + "\n" for row in rows)
        replace_file(to / "metadata.tsv", "".join(lines).encode())
