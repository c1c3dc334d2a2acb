"""Labels and rows of data, as every file of this package takes them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from neural_net_core.checks import shown
from neural_net_core.dtypes import Array
from neural_net_core.errors import DTypeError, HistoryError, ShapeError
from neural_net_core.plain import plain_array

__all__ = ["as_rows", "common_length", "distinct_labels"]


def as_rows(where: str, name: str, values: Any) -> Array:
    """Return samples as an array of any dtype, of plain values.

    Raises:
        ShapeError: for lists that are no array.
        DTypeError: for a masked array that hides something, alone or in lists.
    """
    try:
        return np.asarray(plain_array(values))
    except (DTypeError, HistoryError) as error:
        raise type(error)(f"{where}: {name}: {error}") from None
    except ValueError:
        raise ShapeError(
            f"{where}: {name} must be arrays or lists of equal lengths, got {shown(values)}"
        ) from None


def common_length(where: str, arrays: Sequence[Array]) -> int:
    """Return the number of samples in arrays that must have equally many."""
    shapes = [array.shape for array in arrays]
    if any(shape == () for shape in shapes) or len({shape[0] for shape in shapes}) > 1:
        raise ShapeError(
            f"{where}: expected arrays of equal length, got shapes {shown(shapes)}: "
            "the first axis counts the samples"
        )
    return int(shapes[0][0])


def distinct_labels(where: str, name: str, labels: Any) -> tuple[Array, Array]:
    """Return the distinct labels (K,), sorted, and which of them each sample has (...).

    Raises:
        ValueError: for None, NaN or "not a time", which are equal to nothing and have no place in
            an order, and for labels of types that have no order among them.
    """
    array = as_rows(where, name, labels)
    if array.dtype.kind == "O":
        if not all(isinstance(one, Hashable) for one in array.flat):
            raise ValueError(f"{where}: {name} must be texts or numbers, got {shown(labels)}")
        missing = any(one is None or one != one for one in array.flat)
    else:
        # NumPy keeps ["a", None] as objects, but makes the text "nan" of the NaN in ["a", nan].
        missing = bool((array != array).any()) or (array.dtype.kind == "U" and _holds_nan(labels))
    if missing:
        raise ValueError(f"{where}: {name} hold None or NaN, which is no label: {shown(labels)}")
    try:
        names, places = np.unique(array, return_inverse=True)
    except TypeError:
        raise ValueError(
            f"{where}: {name} must be of one type, to be sorted, got {shown(labels)}"
        ) from None
    return names, places.reshape(array.shape)


def _holds_nan(labels: Any) -> bool:
    """Tell whether nested lists hold a NaN."""
    if isinstance(labels, (list, tuple)):
        return any(map(_holds_nan, labels))
    return isinstance(labels, (float, np.floating)) and labels != labels
