"""Class scores and class indices brought to one form: a matrix of rows, and one index per row."""

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.errors import DTypeError, ShapeError
from neural_net_core.plain import plain_array
from neural_net_core.tensor import Tensor, TensorLike

__all__: list[str] = []


def class_axis(x: Array | Tensor) -> int:
    """Return where the classes stand: axis 1, as in PyTorch, or axis 0 of a single sample."""
    return 0 if x.ndim == 1 else 1


def to_rows(x: Array) -> Array:
    """Return (N, C, d₁, …) as a matrix (N · d₁ · …, C); a view if there are no more axes than C."""
    if x.ndim > 2:
        x = np.moveaxis(x, 1, -1)
    return x.reshape(-1, x.shape[-1]) if x.size else x.reshape(x.size, x.shape[-1])


def from_rows(rows: Array, shape: tuple[int, ...]) -> Array:
    """Undo `to_rows` for an array of that shape."""
    if len(shape) <= 2:
        return rows.reshape(shape)
    return np.moveaxis(rows.reshape(shape[0], *shape[2:], shape[1]), -1, 1)


def as_labels(name: str, targets: TensorLike, x: Tensor) -> Array:
    """Return class indices as an array of the shape of x without its class axis.

    Raises:
        DTypeError: If they are not integers.
        ShapeError: If the shape does not fit, or x has no class axis.
    """
    if x.ndim == 0:
        raise ShapeError(f"{name}: expected scores (C,) or (N, C, ...), got a single number")
    labels = plain_array(targets)
    axis = class_axis(x)
    expected = x.shape[:axis] + x.shape[axis + 1 :]
    if labels.shape != expected:
        raise ShapeError(
            f"{name}: for scores {x.shape} expected class indices {expected}, got {labels.shape}"
            + (
                "; targets of the scores' shape are probabilities, and floating"
                if labels.shape == x.shape and labels.dtype.kind != "f"
                else ""
            )
        )
    if labels.dtype.kind not in "iu" and labels.size:
        raise DTypeError(f"{name}: expected integer class indices, got {labels.dtype}")
    return labels


def split_ignored(
    name: str, labels: Array, classes: int, ignore_index: int | None = None
) -> tuple[Array, Array | None]:
    """Return the indices in a row, and which of them count (None if all do).

    An ignored target becomes class 0, which is safe to look up and then weighted by 0.

    Raises:
        IndexError: If an index is not the number of a class.
    """
    labels = labels.reshape(-1).astype(np.intp, copy=False)
    counted = None
    if ignore_index is not None:
        ignored = labels == ignore_index
        if ignored.any():
            labels, counted = np.where(ignored, 0, labels), ~ignored
    # Read as unsigned numbers, negative ones are huge: one comparison finds both.
    if labels.size and int(labels.view(np.uintp).max()) >= classes:
        wrong = labels[(labels < 0) | (labels >= classes)][0]
        raise IndexError(
            f"{name}: class index {wrong} is out of range for {classes} classes "
            f"(0 to {classes - 1}"
            + ("" if ignore_index is None else f", or ignore_index={ignore_index}")
            + ")"
        )
    return labels, counted


def check_class_weight(name: str, weight: Array | None, classes: int) -> None:
    """Raise ShapeError if there is not one weight per class."""
    if weight is not None and weight.shape != (classes,):
        raise ShapeError(f"{name}: expected weight ({classes},), got {weight.shape}")
