"""Matrix products, with NumPy's rules for vectors, stacks of matrices and broadcasting."""

import math

from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_core.op import Op
from neural_net_core.ops._inputs import coerce_all
from neural_net_core.tensor import Tensor, TensorLike, coerce_pair

__all__ = ["MatMulOp", "OuterOp", "matmul", "outer"]


class MatMulOp(Op):
    """y = a b;  da = dy bᵀ,  db = aᵀ dy.  Saves a and b.

    A vector a is a row, a vector b a column, whose axis of length 1 y and dy do not have.
    """

    def forward(self, a: Array, b: Array) -> Array:
        self.a, self.b = a, b
        return a @ b

    def backward(self, dy: Array) -> tuple[Array | None, Array | None]:
        a, b = self.a, self.b
        if b.ndim == 1:
            b, dy = b[:, None], dy[..., None]
        if a.ndim == 1:
            a, dy = a[None, :], dy[..., None, :]
        da = dy @ b.swapaxes(-1, -2)
        db = a.swapaxes(-1, -2) @ dy
        return da, db if self.b.ndim > 1 else db[..., 0]


def matmul(a: TensorLike, b: TensorLike) -> Tensor:
    r"""Return the matrix product a @ b.

    $$ y = a\,b \qquad da = dy\,b^\top \qquad db = a^\top dy $$

    Args:
        a: (…, N, K), or (K,) for a row vector.
        b: (…, K, M), or (K,) for a column vector. The leading axes of both broadcast.

    Returns:
        (…, N, M); a vector's axis of length 1 is dropped.

    Examples:
        >>> matmul([[1.0, 2.0], [3.0, 4.0]], [1.0, 1.0]).data
        array([3., 7.], dtype=float32)
    """
    a, b = coerce_pair(a, b)
    if type(a) in _NUMBERS or type(b) in _NUMBERS:
        raise ShapeError("matmul: expected operands with at least one axis, got a number; use *")
    return MatMulOp.apply(a, b)


class OuterOp(Op):
    """yᵢⱼ = aᵢ bⱼ;  da = dy b,  db = dyᵀ a.  Saves a and b."""

    def forward(self, a: Array, b: Array) -> Array:
        self.a, self.b = a, b
        return a[:, None] * b

    def backward(self, dy: Array) -> tuple[Array, Array]:
        return dy @ self.b, dy.T @ self.a


def outer(a: TensorLike, b: TensorLike) -> Tensor:
    r"""Return the products of every element of one vector with every one of another.

    $$ y = a\,b^\top \qquad da = dy\,b \qquad db = dy^\top a $$

    Vectors alone, as in PyTorch; NumPy's `outer` flattens what has more axes. For stacks of
    vectors: `a[..., :, None] * b[..., None, :]`.

    Args:
        a: (N,).
        b: (M,).

    Returns:
        (N, M).

    Raises:
        ShapeError: If one of them is no vector.

    Examples:
        >>> outer([1.0, 2.0], [3.0, 4.0, 5.0]).data
        array([[ 3.,  4.,  5.],
               [ 6.,  8., 10.]], dtype=float32)
    """
    a, b = coerce_all([a, b])
    if a.ndim != 1 or b.ndim != 1:
        raise ShapeError(
            f"outer: expected two vectors, (N,) and (M,), got shapes {a.shape} and {b.shape}"
        )
    return OuterOp.apply(a, b)


_NUMBERS = (float, int, bool)


def as_rows(x: Array) -> Array:
    """Return (…, K) as a matrix (rows, K); -1 would be ambiguous for arrays without elements."""
    return x if x.ndim == 2 else x.reshape(math.prod(x.shape[:-1]), x.shape[-1])
