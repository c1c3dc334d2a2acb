"""Adding or writing at positions along an axis: what gathering is the gradient of, and its reverse.

`x[:, i]` and `take_along_axis` read at positions; here one writes there. The result is a new array:
a Tensor is never changed, which its history could not record.
"""

import math
from typing import Any

import numpy as np

from neural_net_core.checks import check_array, check_axis
from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_core.op import Op
from neural_net_core.ops._inputs import coerce_all
from neural_net_core.ops.indexing import along_axis
from neural_net_core.tensor import Tensor, TensorLike

__all__ = [
    "IndexAddOp",
    "PutAlongAxisOp",
    "ScatterAddOp",
    "index_add",
    "put_along_axis",
    "scatter_add",
]


class IndexAddOp(Op):
    """y = x, then yᵢ += s for each slice s at its i;  dx = dy,  ds = dyᵢ.  Saves the i."""

    def __init__(self, axis: int = 0) -> None:
        self.axis = axis

    def forward(self, x: Array, indices: Array, source: Array) -> Array:
        self.indices = indices
        y = x.copy()
        # Not y[i] += s, which counts a position that comes twice only once.
        np.add.at(np.moveaxis(y, self.axis, 0), indices, np.moveaxis(source, self.axis, 0))
        return y

    def backward(self, dy: Array) -> tuple[Array, None, Array]:
        return dy, None, np.take(dy, self.indices, axis=self.axis)


def index_add(x: TensorLike, indices: TensorLike, source: TensorLike, axis: int = 0) -> Tensor:
    r"""Return x with slices added at positions along an axis; those of one position add up.

    $$ y_j = x_j + \sum_{m:\,i_m = j} s_m \qquad dx = dy, \quad ds_m = dy_{i_m} $$

    With zeros as x it sums what belongs together: the messages of a graph's edges into its nodes,
    the words of a bag into its vector. PyTorch's order of arguments is (axis, indices, source).

    Args:
        x: (…, N, …), N being the length of the axis.
        indices: (M,), integers from −N to N − 1, in any order, with repetitions.
        source: (…, M, …), otherwise of x's shape: one slice for each index.
        axis: The axis.

    Returns:
        The shape of x.

    Raises:
        PositionError: If there is no such axis or position.
        ShapeError: If the shapes do not fit.
        DTypeError: If the indices are no integers.

    Examples:
        >>> edges = Tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
        >>> index_add(np.zeros((2, 2)), [1, 0, 1], edges).data
        array([[3., 4.],
               [6., 8.]], dtype=float32)
    """
    x, source = coerce_all([x, source])
    axis = check_axis("index_add", axis, x.ndim)
    positions = check_array("index_add", "indices", indices, ndim=1, kinds="iu")
    expected = (*x.shape[:axis], len(positions), *x.shape[axis + 1 :])
    if source.shape != expected:
        raise ShapeError(
            f"index_add: expected a source of shape {expected}, for x of shape {x.shape} and "
            f"{len(positions)} indices, got {source.shape}"
        )
    return IndexAddOp.apply(x, positions, source, axis=axis)


class ScatterAddOp(Op):
    """y = x, then y[i] += s for each number s at its i;  dx = dy,  ds = dy[i].  Saves the i."""

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def forward(self, x: Array, indices: Array, source: Array) -> Array:
        self.index = along_axis(x.shape, indices, self.axis)
        y = x.copy()
        np.add.at(y, self.index, source)
        return y

    def backward(self, dy: Array) -> tuple[Array, None, Array]:
        return dy, None, dy[self.index]


def scatter_add(x: TensorLike, indices: TensorLike, source: TensorLike, axis: int) -> Tensor:
    """Return x with numbers added, in every line along an axis, at the positions that are named.

    It is what `take_along_axis` has as its gradient; numbers of one position add up. With zeros as
    x, attention weights over the words of a sentence become probabilities of a vocabulary.
    PyTorch's order of arguments is (axis, indices, source).

    Args:
        x: (…, N, …), N being the length of the axis.
        indices: Integers (…, M, …), with as many axes as x; the other axes broadcast.
        source: A shape that broadcasts to that of the positions.
        axis: The axis.

    Returns:
        The shape of x.

    Raises:
        PositionError: If there is no such axis or position.
        ShapeError: If the shapes do not fit.
        DTypeError: If the indices are no integers.

    References:
        See et al. (2017), Get to the point: summarization with pointer-generator networks,
        arXiv:1704.04368, equation 9.

    Examples:
        >>> scatter_add(np.zeros((1, 4)), [[2, 0, 2]], [[0.5, 0.2, 0.3]], axis=1).data
        array([[0.2, 0. , 0.8, 0. ]], dtype=float32)
    """
    x, positions, source, axis = _prepared("scatter_add", x, indices, source, axis)
    return ScatterAddOp.apply(x, positions, source, axis=axis)


class PutAlongAxisOp(Op):
    """y = x, then y[i] = v for each v at its i;  dx = dy but 0 at the i,  dv = dy[i].

    Where several are put at one position, the one that stays gets the gradient, the others 0.
    Saves the i and which v stayed.
    """

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def forward(self, x: Array, indices: Array, values: Array) -> Array:
        self.index = along_axis(x.shape, indices, self.axis)
        y = x.copy()
        y[self.index] = values
        # Each puts its own number there, to see whose stays.
        shape = np.broadcast_shapes(*(part.shape for part in self.index))
        numbers = np.arange(math.prod(shape)).reshape(shape)
        last = np.empty_like(numbers, shape=x.shape)
        last[self.index] = numbers
        self.stays = last[self.index] == numbers
        return y

    def backward(self, dy: Array) -> tuple[Array, None, Array]:
        dx = dy.copy()
        dx[self.index] = 0
        return dx, None, np.where(self.stays, dy[self.index], 0)


def put_along_axis(x: TensorLike, indices: TensorLike, values: TensorLike, axis: int) -> Tensor:
    """Return x with values written, in every line along an axis, at the positions that are named.

    `scatter` in PyTorch, whose order of arguments is (axis, indices, values); NumPy's
    `put_along_axis` writes into x itself. Where a position is named several times, one of its
    values stays (NumPy's last), and it alone gets the gradient; PyTorch gives it to all of them.

    Args:
        x: (…, N, …), N being the length of the axis.
        indices: Integers (…, M, …), with as many axes as x; the other axes broadcast.
        values: A shape that broadcasts to that of the positions.
        axis: The axis.

    Returns:
        The shape of x.

    Raises:
        PositionError: If there is no such axis or position.
        ShapeError: If the shapes do not fit.
        DTypeError: If the indices are no integers.

    Examples:
        >>> put_along_axis([[1.0, 2.0, 3.0]], [[2]], 9.0, axis=1).data
        array([[1., 2., 9.]], dtype=float32)
    """
    x, positions, values, axis = _prepared("put_along_axis", x, indices, values, axis)
    return PutAlongAxisOp.apply(x, positions, values, axis=axis)


def _prepared(
    where: str, x: TensorLike, indices: TensorLike, source: TensorLike, axis: int
) -> tuple[Any, Array, Any, int]:
    """Return the arguments as they are computed with; a source that does not fit is refused."""
    x, source = coerce_all([x, source])
    axis = check_axis(where, axis, x.ndim)
    positions = check_array(where, "indices", indices, kinds="iu")
    if positions.ndim != x.ndim:
        raise ShapeError(
            f"{where}: expected indices with the {x.ndim} axes of x, got shape {positions.shape}"
        )
    return x, positions, source, axis
