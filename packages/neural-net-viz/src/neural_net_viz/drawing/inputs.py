"""What comes in: arrays, lists and Tensors become arrays, wrong shapes become clear errors."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from neural_net_core.errors import ShapeError
from neural_net_core.grad_mode import no_grad
from neural_net_core.module import Module
from neural_net_core.tensor import Tensor

__all__ = ["Floats", "as_floats", "as_labels", "as_named", "check_one_of", "evaluating"]

Floats = npt.NDArray[np.float64]


def as_floats(where: str, value: Any, *ndims: int, expected: str) -> Floats:
    """Turn data into a float64 array with one of the given numbers of axes.

    Args:
        where: Function and argument, such as `"heat_map(values)"`, for the error's text.
        value: An array, a Tensor, or nested lists of numbers.
        *ndims: The numbers of axes that are allowed.
        expected: The shape in words, such as `"(rows, columns)"`.

    Raises:
        ShapeError: If the number of axes is another, or nested lists have unequal lengths.
        ValueError: If the data are not real numbers.

    Examples:
        >>> as_floats("bars(values)", [1, 2], 1, expected="(n,)")
        array([1., 2.])
        >>> as_floats("heat_map(values)", [1, 2], 2, expected="(rows, columns)")
        Traceback (most recent call last):
            ...
        neural_net_core.errors.ShapeError: heat_map(values): expected (rows, columns), got (2,)
    """
    if isinstance(value, Tensor):
        value = value.data
    elif isinstance(value, list | tuple):
        value = [item.data if isinstance(item, Tensor) else item for item in value]
    try:
        array = np.asarray(value)
    except ValueError:
        raise ShapeError(f"{where}: expected {expected}, got lists of unequal lengths") from None
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{where}: expected real numbers, got {_kind(array)}")
    if array.ndim not in ndims:
        raise ShapeError(f"{where}: expected {expected}, got {array.shape}")
    return array.astype(np.float64)


def as_labels(where: str, labels: Iterable[object] | None, count: int) -> list[str] | None:
    """Turn labels into strings and check that there are `count` of them.

    Raises:
        ShapeError: If there are more or fewer.
    """
    if labels is None:
        return None
    texts = [str(label) for label in labels]
    if len(texts) != count:
        raise ShapeError(f"{where}: expected {count} labels, got {len(texts)}")
    return texts


def as_named(where: str, value: Any, default: str) -> dict[str, Any]:
    """Turn a mapping, or a single thing, into a dict of named things.

    Args:
        where: Function and argument, for the error's text.
        value: A mapping from names, or one array, sequence or Tensor.
        default: The name of a thing that comes alone.

    Raises:
        ValueError: If it is neither.
    """
    if isinstance(value, Mapping):
        return {str(name): item for name, item in value.items()}
    if isinstance(value, np.ndarray | Tensor | Sequence) and not isinstance(value, str):
        return {default: value}
    raise ValueError(
        f"{where}: expected a dict of names and data, or an array, got {type(value).__name__}"
    )


def check_one_of(where: str, value: str, allowed: Sequence[str]) -> None:
    """Raise ValueError unless `value` is one of the words allowed."""
    if value not in allowed:
        words = ", ".join(map(repr, allowed))
        raise ValueError(f"{where}: expected one of {words}, got {value!r}")


@contextmanager
def evaluating(model: Module) -> Iterator[None]:
    """Ask a model without changing it: in evaluation mode, unrecorded, its mode then restored.

    A figure must not count as a training step: dropout stays off and running statistics stay.
    """
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with no_grad():
            yield
    finally:
        for module, training in modes:
            module.training = training


def _kind(array: npt.NDArray[Any]) -> str:
    return "text" if array.dtype.kind in "US" else f"an array of {array.dtype}"
