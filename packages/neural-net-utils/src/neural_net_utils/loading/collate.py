"""From a list of samples to one batch of arrays."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from typing import Any

import numpy as np

from neural_net_core.checks import check_array, check_count, check_items, is_number, shown
from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_core.tensor import TensorLike
from neural_net_utils._labels import as_rows

__all__ = ["pad_pairs", "pad_samples", "pad_sequences", "stack_samples"]


def stack_samples(samples: Sequence[tuple[Any, ...]]) -> tuple[Array, ...]:
    """Stack the fields of equally shaped samples: `[(x0, y0), (x1, y1)]` becomes `(x, y)`.

    Args:
        samples: one tuple per sample, all with the same number of fields.

    Returns:
        One array (B, ...) per field.

    Raises:
        ShapeError: if a field's shape differs between samples.

    Examples:
        >>> x, y = stack_samples([([0.0, 1.0], 3), ([2.0, 5.0], 4)])
        >>> x.shape, y.tolist()
        ((2, 2), [3, 4])
    """
    fields = []
    for position, values in enumerate(_fields("stack_samples", samples)):
        arrays = [as_rows("stack_samples", f"field {position} of samples", one) for one in values]
        shapes = sorted({array.shape for array in arrays})
        if len(shapes) > 1:
            raise ShapeError(
                f"stack_samples: field {position} has samples of shapes {shapes}; "
                "sequences of different lengths need collate=pad_samples"
            )
        fields.append(np.stack(arrays))
    return tuple(fields)


def pad_sequences(
    sequences: Sequence[TensorLike], *, value: float = 0, length: int | None = None
) -> tuple[Array, Array]:
    """Pad sequences at their end to one length, and say which places are real.

    Args:
        sequences: B arrays (T_i, ...) that agree in all axes but the first.
        value: what to pad with.
        length: T; None means the longest. Longer sequences are cut.

    Returns:
        The padded batch (B, T, ...), and a mask (B, T) that is True where a step is real.

    Raises:
        ShapeError: if the sequences differ in more than their length.

    Examples:
        >>> batch, mask = pad_sequences([[1, 2, 3], [4]])
        >>> batch.tolist()
        [[1, 2, 3], [4, 0, 0]]
        >>> mask.tolist()
        [[True, True, True], [True, False, False]]
    """
    where = "pad_sequences"
    items = check_items(where, "sequences", sequences, "a list of them")
    arrays = [check_array(where, "sequences", sequence) for sequence in items]
    if not arrays:
        raise ShapeError("pad_sequences: expected at least one sequence (T, ...), got none")
    if numbers := [array for array in arrays if array.ndim == 0]:
        raise ShapeError(f"{where}: expected sequences (T, ...), got the number {numbers[0]}")
    trailing = sorted({array.shape[1:] for array in arrays})
    if len(trailing) > 1:
        raise ShapeError(
            f"pad_sequences: sequences may differ in length only, got steps of shapes {trailing}"
        )
    if length is None:
        longest = max(len(array) for array in arrays)
    else:
        longest = check_count(where, "length", length, 0)
    dtype = np.result_type(*arrays)
    if dtype.kind == "f":
        possible = is_number(value)
    else:
        limits = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
        possible = is_number(value) and limits[0] <= value <= limits[1] and value == int(value)
    if not possible:
        raise ValueError(f"{where}: value must be a number that {dtype} holds, got {shown(value)}")
    batch = np.full((len(arrays), longest, *trailing[0]), value, dtype=dtype)
    mask = np.zeros((len(arrays), longest), dtype=bool)
    for row, array in enumerate(arrays):
        kept = min(len(array), longest)
        batch[row, :kept] = array[:kept]
        mask[row, :kept] = True
    return batch, mask


def pad_samples(samples: Sequence[tuple[Any, ...]]) -> tuple[Array, ...]:
    """Collate samples whose first field is a sequence: `[(x, y), ...]` becomes `(x, mask, y)`.

    Args:
        samples: tuples whose first field is (T_i, ...); the other fields have fixed shapes.

    Returns:
        Padded inputs (B, T, ...), mask (B, T), then the other fields stacked.
    """
    first, *rest = _fields("pad_samples", samples)
    batch, mask = pad_sequences(first)
    others = stack_samples(list(zip(*rest, strict=True))) if rest else ()
    return (batch, mask, *others)


def pad_pairs(
    samples: Sequence[tuple[TensorLike, TensorLike]], *, value: float = 0
) -> tuple[Array, Array, Array, Array]:
    """Collate pairs of sequences, as translation has them, each side to its own length.

    Args:
        samples: B pairs of a source (S_i, ...) and a target (T_i, ...).
        value: what to pad with, on both sides.

    Returns:
        Source (B, S, ...), its mask (B, S), target (B, T, ...), its mask (B, T); masks are True
        where a step is real.

    Raises:
        ShapeError: if the sequences of one side differ in more than their length.

    Examples:
        >>> source, source_mask, target, target_mask = pad_pairs([([1, 2, 3], [4]), ([5], [6, 7])])
        >>> source.tolist(), target.tolist()
        ([[1, 2, 3], [5, 0, 0]], [[4, 0], [6, 7]])
    """
    fields = _fields("pad_pairs", samples)
    if len(fields) != 2:
        raise ShapeError(f"pad_pairs: expected samples of 2 sequences, got {len(fields)} fields")
    sources, targets = fields
    return (*pad_sequences(sources, value=value), *pad_sequences(targets, value=value))


def _fields(where: str, samples: Any) -> list[tuple[Any, ...]]:
    samples = check_items(where, "samples", samples, "a list of tuples")
    if not samples or not all(isinstance(sample, Sized) and len(sample) for sample in samples):
        raise ShapeError(f"{where}: samples must be tuples of one or more, got {shown(samples)}")
    lengths = sorted({len(sample) for sample in samples})
    if len(lengths) > 1:
        raise ShapeError(f"{where}: samples differ in their number of fields: {lengths}")
    return list(zip(*samples, strict=True))
