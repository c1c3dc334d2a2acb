"""What a module is given, as a Tensor of the dtype that its parameters have.

An array that is no Tensor says nothing about the dtype to compute in: NumPy makes float64 of every
list. So a float32 network rounds it to float32, and a float64 network must not.
"""

from typing import Any

import numpy as np

from neural_net_core.dtypes import get_default_dtype
from neural_net_core.modules.module import Module
from neural_net_core.plain import plain_array
from neural_net_core.tensor import Tensor, TensorLike, as_tensor

__all__ = ["as_input"]

_FLOAT32 = np.dtype(np.float32)


def as_input(owner: Module, x: TensorLike) -> Tensor:
    """Return x as a Tensor: raw floating numbers get the dtype of the module's parameters.

    A Tensor stays as it is, and so do integers. Where the module has no parameters and no buffers
    of floating numbers, x gets the default dtype, as in `Tensor(x)`.

    Args:
        owner: The module that was called.
        x: A Tensor, an array, a number, or nested lists of numbers.

    Raises:
        DTypeError: If x is no numbers.
        ShapeError: If nested lists have no regular shape.
    """
    if isinstance(x, Tensor):
        return x
    array = plain_array(x)
    if array.dtype.kind != "f" or array.dtype == get_default_dtype() == _FLOAT32:
        return as_tensor(x)  # float32 loses nothing, so that nearly always nothing is looked up
    return Tensor(array, _dtype_of(owner))


def _dtype_of(owner: Module) -> Any:
    """Return the dtype of the first floating tensor in a module, or None if there is none."""
    for part in owner.modules():  # also what stands in place of parameters in a functional_call
        for value in vars(part).values():
            if isinstance(value, Tensor) and value.data.dtype.kind == "f":
                return value.data.dtype
    for tensor in (*owner.parameters(), *owner.buffers()):  # and those in lists and dicts
        if tensor.data.dtype.kind == "f":
            return tensor.data.dtype
    return None
