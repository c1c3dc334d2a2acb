"""Which floating dtype new data gets: float32, unless the caller says otherwise.

NumPy would make `np.array([0.5])` float64, and one float64 array turns every later result of a
float32 model into float64: twice the memory and half the speed, silently. So floating data that
enters a `Tensor` is brought to the default dtype; integers and booleans pass as they are.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np
import numpy.typing as npt

from neural_net_core.errors import DTypeError

__all__ = ["Array", "DType", "as_array", "default_dtype", "get_default_dtype", "is_floating"]

Array = npt.NDArray[Any]
DType = np.dtype[Any]

# A dtype object, which cannot be changed, is a safe default.
_default: ContextVar[DType] = ContextVar("default_dtype", default=np.dtype(np.float32))  # noqa: B039


def get_default_dtype() -> DType:
    """Return the dtype that floating data gets when none is given.

    Returns:
        float32, unless inside `default_dtype`.
    """
    return _default.get()


@contextmanager
def default_dtype(dtype: npt.DTypeLike) -> Iterator[None]:
    """Give floating data another dtype inside a `with` block, for example for gradient checks.

    Args:
        dtype: A floating dtype, such as `np.float64`.

    Raises:
        DTypeError: If the dtype is not a floating one.

    Examples:
        >>> import numpy as np
        >>> from neural_net_core import Tensor
        >>> with default_dtype(np.float64):
        ...     Tensor([0.5]).dtype
        dtype('float64')
        >>> Tensor([0.5]).dtype
        dtype('float32')
    """
    wanted = np.dtype(dtype)
    if wanted.kind != "f":
        raise DTypeError(f"default_dtype: expected a floating dtype, got {wanted}")
    token = _default.set(wanted)
    try:
        yield
    finally:
        _default.reset(token)


def is_floating(array: Array) -> bool:
    """Tell whether an array holds floating-point numbers, the only kind with gradients."""
    return bool(array.dtype.kind == "f")


def as_array(data: Any, dtype: npt.DTypeLike | None = None) -> Array:
    """Return data as an array under the dtype policy, without a copy where none is needed.

    Args:
        data: An array, a number, or nested lists of numbers.
        dtype: The dtype to convert to; None means the default dtype for floating data and no
            change for the rest.

    Returns:
        An array that may share memory with `data`.

    Raises:
        DTypeError: If the data are not numbers.
    """
    # An array of another library that speaks NumPy's protocol flows through as it is.
    array = data if hasattr(data, "__array_function__") else np.asarray(data)
    if dtype is not None:
        return array.astype(dtype, copy=False)
    if array.dtype.kind == "f":
        return array.astype(_default.get(), copy=False)
    if array.dtype.kind not in "iub":
        raise DTypeError(f"Tensor: expected numbers, got data of dtype {array.dtype}")
    return array
