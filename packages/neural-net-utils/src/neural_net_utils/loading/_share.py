"""One batch for several who share the work: each takes its part of the rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from neural_net_core import Tensor
from neural_net_core.checks import shown

__all__ = ["own_rows", "share_of"]


def share_of(count: int, part: int, parts: int) -> slice:
    """The rows of one part; the first `count % parts` parts have one row more than the rest.

    Args:
        count: how many rows there are.
        part: which part, from 0.
        parts: how many parts there are; with more parts than rows, the last ones are empty.

    Examples:
        >>> [list(range(5))[share_of(5, part, 3)] for part in range(3)]
        [[0, 1], [2, 3], [4]]
    """
    rows, rest = divmod(count, parts)
    start = part * rows + min(part, rest)
    return slice(start, start + rows + (part < rest))


def own_rows(batch: tuple[Any, ...], part: int, parts: int) -> tuple[Any, ...]:
    """One part of every field of a batch.

    Args:
        batch: arrays, Tensors or lists with the samples along the first axis; what has no axis (a
            number, None) belongs to every part as it is.
        part: which part, from 0.
        parts: how many parts there are.

    Raises:
        ValueError: if it is not clear what a sample is: fields have unequal numbers of rows, or
            one is of a kind that cannot be divided.

    Examples:
        >>> own_rows((np.array([[1.0], [2.0], [3.0]]), [0, 1, 0]), 1, 2)
        (array([[3.]]), [0])
    """
    if parts == 1:
        return batch
    counts = {len(field) for field in batch if _has_rows(field)}
    if len(counts) > 1 or not all(_has_rows(field) or _is_single(field) for field in batch):
        raise ValueError(
            "a batch is divided by its samples: expected arrays with the samples along the first "
            f"axis, as many in each, got {', '.join(map(shown, batch))}"
        )
    rows = share_of(max(counts, default=0), part, parts)
    return tuple(field[rows] if _has_rows(field) else field for field in batch)


def _has_rows(field: Any) -> bool:
    return isinstance(field, list) or (isinstance(field, np.ndarray | Tensor) and field.ndim > 0)


def _is_single(field: Any) -> bool:
    return field is None or isinstance(field, str | int | float | np.ndarray | np.generic | Tensor)
