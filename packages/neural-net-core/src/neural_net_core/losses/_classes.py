"""Class scores and class indices brought to one form: a matrix of rows, and one index per row."""

import sys
from typing import Any

import numpy as np

from neural_net_core.checks import check_axis, check_count
from neural_net_core.dtypes import Array
from neural_net_core.errors import DTypeError, PositionError, ShapeError
from neural_net_core.losses._loss import as_plain, as_weight
from neural_net_core.ops.shape import moveaxis
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


def as_labels(
    name: str, targets: TensorLike, x: Tensor, ignore_index: int | None = None
) -> tuple[Array, Array | bool]:
    """Return class indices of the shape of x without its class axis, and which of them count.

    An ignored target becomes class 0, which is safe to look up. If all count, True stands for an
    array of it.

    Raises:
        DTypeError: If they are not integers.
        ShapeError: If the shape does not fit, or x has no class axis.
        PositionError: If one is not the number of a class.
    """
    shape = x.data.shape
    if not shape:
        raise ShapeError(f"{name}: expected scores (C,) or (N, C, ...), got a single number")
    labels = targets if type(targets) is np.ndarray else as_plain(name, "class indices", targets)
    expected = shape[:1] + shape[2:] if len(shape) > 1 else ()
    if labels.shape != expected:
        hint = ""
        if labels.shape == x.shape and labels.dtype.kind != "f":
            hint = "; targets of the scores' shape are probabilities, and floating"
        elif labels.shape == x.shape[:-1]:
            hint = "; the classes are taken to stand on axis 1, axis=-1 takes the last one"
        raise ShapeError(
            f"{name}: for scores {x.shape} expected class indices {expected}, got "
            f"{labels.shape}{hint}"
        )
    if labels.dtype.kind not in "iu" and labels.size:
        raise DTypeError(f"{name}: expected integer class indices, got {labels.dtype}")
    classes = shape[class_axis(x)]
    counted: Array | bool = True
    if ignore_index is not None:
        ignored = labels == ignore_index
        if ignored.any():
            labels, counted = np.where(ignored, 0, labels), ~ignored
    if labels.dtype is not _INTP and not np.can_cast(labels.dtype, _INTP) and labels.size:
        # A larger number would come out as another one, perhaps that of a class.
        labels = np.minimum(labels, np.array(min(classes, sys.maxsize), labels.dtype))
    labels = labels.astype(np.intp, copy=False)
    # Read as unsigned numbers, negative ones are huge: one comparison finds both.
    if labels.size and labels.view(np.uintp).max() >= classes:
        wrong = labels[(labels < 0) | (labels >= classes)][0]
        raise PositionError(
            f"{name}: class index {wrong} is out of range for {classes} classes "
            f"(0 to {classes - 1}"
            + ("" if ignore_index is None else f", or ignore_index={ignore_index}")
            + ")"
        )
    return labels, counted


_INTP = np.dtype(np.intp)


def as_class_weight(name: str, weight: TensorLike | None, x: Tensor) -> Array | None:
    """Return one weight for each class of x, which has its classes where `class_axis` says.

    Raises:
        ShapeError: If there is not one weight per class.
    """
    w = as_weight(name, weight, x)
    classes = x.shape[class_axis(x)]
    if w is not None and w.shape != (classes,):
        raise ShapeError(f"{name}: expected weight ({classes},), got {w.shape}")
    return w


def classes_second(name: str, x: Tensor, axis: int | None) -> Tensor:
    """Return scores with their classes moved to axis 1, or to axis 0 of a single sample.

    Raises:
        ShapeError: If x has no axis.
        PositionError: If it has no such axis.
    """
    if x.ndim == 0:
        raise ShapeError(f"{name}: expected scores (C,) or (N, C, ...), got a single number")
    if axis is None:
        return x
    axis = check_axis(name, axis, x.ndim)
    return x if axis == class_axis(x) else moveaxis(x, axis, 1)


def check_ignore_index(name: str, ignore_index: Any) -> int:
    """Return the class index that does not count, a whole number, also below 0.

    Raises:
        ValueError: If it is none.
    """
    if type(ignore_index) is int and abs(ignore_index) < sys.maxsize:
        return ignore_index
    return check_count(name, "ignore_index", ignore_index, low=-sys.maxsize)
