"""What an array means here: the values that it holds, and nothing else."""

from typing import Any

import numpy as np
import numpy.typing as npt

from neural_net_core.errors import DTypeError, HistoryError, ShapeError
from neural_net_core.grad_mode import is_grad_enabled

__all__ = ["plain_array"]


def plain_array(data: Any) -> npt.NDArray[Any]:
    """Return data as an array that means what it holds, without a copy where none is needed.

    Subclasses of NumPy's array give operators another meaning (`*` of two `np.matrix` is the
    matrix product) or hide elements (`np.ma`). Formulas for arrays would be wrong for them, so
    they are taken as the plain values that they hold. An array of another library that speaks
    NumPy's protocol flows through as it is, and so does a subclass with an attribute
    `means_its_values`, whose operators are those of plain arrays.

    Args:
        data: An array, a Tensor, a number, or nested lists of them.

    Raises:
        DTypeError: If a masked array hides an element: what it counts as is not ours to say.
        ShapeError: If nested lists have no regular shape.
        HistoryError: If the data are a list of Tensors that require gradients, whose history an
            array could not keep.
    """
    if type(data) is np.ndarray:
        return data
    if isinstance(data, np.ndarray):
        if isinstance(data, np.ma.MaskedArray) and np.ma.is_masked(data):
            raise DTypeError(
                f"expected an array without hidden elements, got a masked array of shape "
                f"{data.shape} that hides some; fill it with .filled(value), or leave its rows out "
                "with a mask or weights"
            )
        return data if hasattr(data, "means_its_values") else np.asarray(data)
    if hasattr(data, "requires_grad") and isinstance(getattr(data, "data", None), np.ndarray):
        return data.data
    if hasattr(data, "__array_function__"):
        return data
    if isinstance(data, list | tuple):
        _check_parts(data)
    try:
        return np.asarray(data)
    except ValueError as error:
        if not isinstance(data, list | tuple):
            raise
        raise ShapeError(f"expected nested lists of a regular shape: {error}") from error


_NUMBERS = frozenset((float, int, bool))
# NumPy's own limit.
_MAX_NESTING = 64


def _check_parts(data: Any, depth: int = 0) -> None:
    """Raise if something in nested lists would lose its history or its mask in an array."""
    for kind in set(map(type, data)) - _NUMBERS:
        if issubclass(kind, list | tuple):
            if depth < _MAX_NESTING:
                for part in data:
                    if type(part) is kind:
                        _check_parts(part, depth + 1)
        elif issubclass(kind, np.ma.MaskedArray):
            for part in data:
                if type(part) is kind:
                    plain_array(part)
        elif hasattr(kind, "requires_grad"):
            recorded = (part.requires_grad for part in data if type(part) is kind)
            if is_grad_enabled() and any(recorded):
                raise HistoryError(
                    "an array made of a list of Tensors would lose their history, and nothing "
                    "would learn from it: join them with neural_net_core.ops.stack or "
                    "concatenate, or give t.numpy() for each where no gradient is needed"
                )
