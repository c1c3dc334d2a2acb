"""A data set held in arrays: row `i` of every array belongs to sample `i`."""

from __future__ import annotations

from typing import Any

from neural_net_core.checks import shown
from neural_net_core.dtypes import Array
from neural_net_core.tensor import TensorLike
from neural_net_utils._labels import as_rows, common_length

__all__ = ["ArrayDataset"]


class ArrayDataset:
    """Arrays of equal length, indexed together.

    Args:
        *arrays: at least one array (n, ...); by custom the inputs first and the target last.
            Lists are converted; arrays are kept as they are, without a copy.

    Attributes:
        arrays: the arrays.

    Raises:
        ValueError: if no array is given.
        ShapeError: if their lengths differ, or one is a single number.

    Examples:
        >>> data = ArrayDataset([[0.0], [1.0], [2.0]], [0, 1, 0])
        >>> len(data)
        3
        >>> x, y = data[1:]
        >>> x.tolist(), y.tolist()
        ([[1.0], [2.0]], [1, 0])
    """

    arrays: tuple[Array, ...]

    def __init__(self, *arrays: TensorLike) -> None:
        if not arrays:
            raise ValueError("ArrayDataset: expected at least one array, got none")
        self.arrays = tuple(as_rows("ArrayDataset", "arrays", array) for array in arrays)
        common_length("ArrayDataset", self.arrays)

    def __len__(self) -> int:
        return len(self.arrays[0])

    def __getitem__(self, rows: int | slice | Array) -> tuple[Any, ...]:
        """The rows of every array: one sample for an int, a batch for a slice or an index array."""
        try:
            return tuple(array[rows] for array in self.arrays)
        except (IndexError, TypeError, ValueError, OverflowError) as error:
            raise IndexError(f"ArrayDataset: rows {shown(rows)} of {len(self)}: {error}") from None

    def __repr__(self) -> str:
        parts = ", ".join(f"{array.dtype}{list(array.shape)}" for array in self.arrays)
        return f"ArrayDataset({parts})"
