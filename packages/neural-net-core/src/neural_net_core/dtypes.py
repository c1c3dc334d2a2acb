"""Which floating dtype new data gets: float32, unless the caller says otherwise.

NumPy would make `np.array([0.5])` float64, and one float64 array turns every later result of a
float32 model into float64: twice the memory and half the speed, silently. So floating data that
enters a `Tensor` is brought to the default dtype; integers and booleans pass as they are.

float16 is a format for files, not for computing: NumPy computes it in software, slowly, and a sum
overflows at 65,504. So nothing here computes in it. It is brought to the default dtype like other
floating data, and refused where it would stay; so is long double, whose size depends on the
machine and whose products no BLAS computes.
"""

from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

import numpy as np
import numpy.typing as npt

from neural_net_core.checks import check_dtype, shown
from neural_net_core.context import context
from neural_net_core.errors import DTypeError
from neural_net_core.plain import plain_array

__all__ = [
    "NUMBERS",
    "Array",
    "DType",
    "as_array",
    "default_dtype",
    "get_default_dtype",
    "is_floating",
]

Array = npt.NDArray[Any]
DType = np.dtype[Any]

NUMBERS = "fiub"  # the kinds of dtypes that a Tensor can have: floating, integers, booleans

# A dtype object, which cannot be changed, is a safe default.
_default: ContextVar[DType] = ContextVar("default_dtype", default=np.dtype(np.float32))  # noqa: B039


def get_default_dtype() -> DType:
    """Return the dtype that floating data gets when none is given.

    Returns:
        float32, unless inside `default_dtype`.
    """
    return _default.get()


@context
def default_dtype(dtype: npt.DTypeLike) -> Iterator[None]:
    """Give floating data another dtype inside a `with` block, for example for gradient checks.

    Args:
        dtype: A floating dtype, such as `np.float64`.

    Raises:
        DTypeError: If the dtype is neither float32 nor float64.

    Examples:
        >>> import numpy as np
        >>> from neural_net_core import Tensor
        >>> with default_dtype(np.float64):
        ...     Tensor([0.5]).dtype
        dtype('float64')
        >>> Tensor([0.5]).dtype
        dtype('float32')
    """
    wanted = check_dtype("default_dtype", dtype)
    token = _default.set(wanted)
    try:
        yield
    finally:
        _default.reset(token)


_COMPUTED = (np.dtype(np.float32), np.dtype(np.float64))


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
        DTypeError: If the data are not numbers, or the dtype is not one to compute with.
        ShapeError: If nested lists have no regular shape.
        HistoryError: If the data are a list of Tensors that require gradients.
    """
    wanted = _default.get() if dtype is None else dtype
    if type(data) is np.ndarray and data.dtype is wanted and wanted in _COMPUTED:
        return data  # nearly always, so that nothing more is asked
    array = plain_array(data)
    kind = array.dtype.kind
    if kind not in "fiub":
        raise DTypeError(f"Tensor: expected numbers, got {shown(data)}")
    if dtype is not None:
        return array.astype(check_dtype("Tensor", dtype, NUMBERS), copy=False)
    return array.astype(_default.get(), copy=False) if kind == "f" else array
