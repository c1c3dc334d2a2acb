"""What the functions of this package accept: Tensors, arrays, numbers and nested lists."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from neural_net_core.dtypes import get_default_dtype
from neural_net_core.plain import plain_array
from neural_net_core.tensor import Tensor, TensorLike, as_tensor

__all__: list[str] = []


def as_floating(x: TensorLike) -> Tensor:
    """Return x as a Tensor of floating numbers.

    NumPy would compute exp or a mean of integers in float64, whatever the model's dtype is.
    """
    x = x if isinstance(x, Tensor) else Tensor(x)
    return x if x.data.dtype.kind == "f" else as_tensor(x, get_default_dtype())


def coerce_all(inputs: Sequence[Any]) -> list[Tensor]:
    """Bring any number of inputs to one dtype: raw data take that of the Tensors among them."""
    tensors = [x for x in inputs if isinstance(x, Tensor)]
    floating = [x.data.dtype for x in tensors if x.data.dtype.kind == "f"]
    if floating:
        dtype = np.result_type(*floating)
        return [
            x
            if isinstance(x, Tensor) and x.data.dtype.kind == "f"
            else as_tensor(plain_array(x), dtype)
            for x in inputs
        ]
    return [as_tensor(x) for x in inputs]
