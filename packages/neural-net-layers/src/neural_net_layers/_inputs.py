"""What the layers of this package accept, brought to one floating dtype."""

from typing import Any, overload

import numpy as np

from neural_net_core.dtypes import get_default_dtype
from neural_net_core.tensor import Tensor, TensorLike, as_tensor

__all__: list[str] = []


Maybe = TensorLike | None


@overload
def coerce(x: TensorLike, /) -> tuple[Tensor]: ...
@overload
def coerce(x: TensorLike, y: TensorLike, /) -> tuple[Tensor, Tensor]: ...
@overload
def coerce(x: TensorLike, y: Maybe, /) -> tuple[Tensor, Tensor | None]: ...
@overload
def coerce(
    x: TensorLike, y: TensorLike, z: TensorLike, /, *, required: int = 1
) -> tuple[Tensor, Tensor, Tensor]: ...
@overload
def coerce(x: TensorLike, y: TensorLike, z: Maybe, /) -> tuple[Tensor, Tensor, Tensor | None]: ...
@overload
def coerce(x: TensorLike, y: Maybe, z: Maybe, /) -> tuple[Tensor, Tensor | None, Tensor | None]: ...
@overload
def coerce(*inputs: Maybe, required: int = 1) -> tuple[Any, ...]: ...
def coerce(*inputs: Maybe, required: int = 1) -> tuple[Any, ...]:
    """Return the inputs as Tensors of one floating dtype; None stays None.

    Raw arrays and numbers take the dtype of the Tensors among them, integers become floating, and
    of several floating Tensors the widest dtype wins, as in NumPy.

    Args:
        *inputs: Arrays, Tensors or numbers, or None.
        required: How many of them must not be None.

    Raises:
        DTypeError: If one is no numbers, or a required one None.
    """
    dtypes = {x.data.dtype for x in inputs if isinstance(x, Tensor) and x.data.dtype.kind == "f"}
    if len(dtypes) == 1:  # so it is almost always
        (dtype,) = dtypes
    else:
        dtype = np.result_type(*dtypes) if dtypes else get_default_dtype()
    for x in inputs[:required]:
        if x is None:
            as_tensor(x, dtype)  # type: ignore[arg-type]  # says that it is no number
    return tuple([None if x is None else as_tensor(x, dtype) for x in inputs])
