"""Making a loaded value fit the tensor that receives it, before anything is changed."""

from typing import Any

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.tensor import Tensor

__all__ = ["fitted", "root_of"]


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
        came = value.data if isinstance(value, Tensor) else np.asarray(value)
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
