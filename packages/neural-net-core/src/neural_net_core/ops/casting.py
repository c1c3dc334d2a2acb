"""Change the dtype: the gradient comes back in the dtype of the input."""

import numpy.typing as npt

from neural_net_core.checks import check_dtype
from neural_net_core.dtypes import NUMBERS, Array, DType
from neural_net_core.op import Op
from neural_net_core.tensor import Tensor, TensorLike, as_tensor

__all__ = ["CastOp", "cast"]


class CastOp(Op):
    """y = x in another dtype;  dx = dy in x's dtype"""

    def __init__(self, dtype: DType) -> None:
        self.dtype = dtype

    def forward(self, x: Array) -> Array:
        self.source = x.dtype
        return x.astype(self.dtype)

    def backward(self, dy: Array) -> Array:
        return dy.astype(self.source)


def cast(x: TensorLike, dtype: npt.DTypeLike) -> Tensor:
    """Return x in another dtype; x itself if it has that dtype already.

    Integers and booleans have no gradient: a cast to them cuts the graph.

    Args:
        x: Any shape.
        dtype: The dtype wanted, such as `np.float64`; not float16 (`x.data.astype` gives such an
            array, for a file).

    Returns:
        The same shape as x.

    Examples:
        >>> import numpy as np
        >>> cast([1, 0], np.float64).data
        array([1., 0.])
    """
    x, dtype = as_tensor(x), check_dtype("cast", dtype, NUMBERS)
    return x if x.dtype == dtype else CastOp.apply(x, dtype=dtype)
