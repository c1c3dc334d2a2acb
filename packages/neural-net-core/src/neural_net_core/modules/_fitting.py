"""What goes into a module's state and what comes out: looked at before anything is changed."""

from typing import Any

import numpy as np

from neural_net_core.checks import check_dtype, shown
from neural_net_core.dtypes import NUMBERS, Array
from neural_net_core.errors import DTypeError
from neural_net_core.plain import plain_array
from neural_net_core.tensor import Tensor

__all__ = ["checked_data", "fitted", "root_of"]


def checked_data(path: str, tensor: Tensor) -> Array:
    """Return a tensor's array, which anybody may have set, if it is one to compute with.

    Args:
        path: The parameter's or buffer's path.
        tensor: The parameter or buffer.

    Raises:
        DTypeError: If its data are no array, hide elements, or have a dtype that it cannot have.
    """
    data = tensor.data
    if not hasattr(data, "dtype"):
        raise DTypeError(f"{path}: its data must be an array, got {shown(data)}")
    try:
        data = plain_array(data)
    except DTypeError as error:
        raise DTypeError(f"{path}: {error}") from None
    check_dtype(path, data.dtype, "f" if tensor.requires_grad else NUMBERS)
    return data


def fitted(tensor: Tensor, value: Any, roots: set[int]) -> Array:
    """Return a value as an array that can be copied into a tensor and cannot fail then.

    Args:
        tensor: The parameter or buffer.
        value: A Tensor, or anything that NumPy makes an array of.
        roots: Where the memory of the receivers lies; what lies there too is copied first, so
            that two weights can be exchanged.

    Raises:
        ValueError: If it does not fit, in words that follow the tensor's name.
    """
    try:
        came = plain_array(value.data if isinstance(value, Tensor) else value)
        came = came if hasattr(came, "shape") else np.asarray(came)
    except DTypeError as error:
        raise ValueError(str(error)) from None
    except Exception as error:  # whatever a foreign array's conversion raises
        raise ValueError(f"{type(value).__name__} is no array: {error}") from error
    if came.shape != tensor.shape:
        raise ValueError(f"expected shape {tensor.shape}, got {came.shape}")
    if not np.can_cast(came.dtype, tensor.dtype, "same_kind"):
        raise ValueError(f"expected dtype {tensor.dtype}, got {came.dtype}")
    flags = getattr(tensor.data, "flags", None)  # arrays of other libraries may have none
    if not getattr(flags, "writeable", True):
        raise ValueError("its array is read-only")
    if came.dtype != tensor.dtype:
        came = _cast(came, tensor)
    return came.copy() if id(root_of(came)) in roots else came


def _cast(came: Array, tensor: Tensor) -> Array:
    """Convert numbers; those that the dtype cannot hold are refused, not made infinite."""
    try:
        with np.errstate(over="raise", invalid="ignore"):
            cast = came.astype(tensor.dtype)
    except FloatingPointError:
        cast = None
    # Integers wrap around without a word.
    if cast is None or (
        came.dtype.kind in "iu" and cast.dtype.kind in "iu" and (cast != came).any()
    ):
        raise ValueError(f"got {came.dtype} numbers that {tensor.dtype} cannot hold")
    return cast


def root_of(array: Array) -> Array:
    """Return the array whose memory a view shows."""
    while isinstance(base := getattr(array, "base", None), np.ndarray):
        array = base
    return array
