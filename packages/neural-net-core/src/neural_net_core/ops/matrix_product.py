"""Matrix products, with NumPy's rules for vectors, stacks of matrices and broadcasting.

A stack times one matrix, (…, N, K) @ (K, M), is one large product of all rows: much faster than
NumPy's loop over the stack, both here and for the gradient of the matrix.
"""

import math

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_core.op import Op, returns_new_arrays
from neural_net_core.tensor import Tensor, TensorLike, coerce_pair

__all__ = ["MatMulOp", "matmul"]


class MatMulOp(Op):
    """y = a b;  da = dy bᵀ,  db = aᵀ dy.  Saves each factor only for the other's gradient."""

    def forward(self, a: Array, b: Array) -> Array:
        self.a_is_vector, self.b_is_vector = a.ndim == 1, b.ndim == 1
        self.b_is_matrix = b.ndim == 2
        if self.needs(0):
            self.b = b
        if self.needs(1):
            self.a = a
        return product(a, b)

    @returns_new_arrays
    def backward(self, dy: Array) -> tuple[Array | None, Array | None]:
        da = self._gradient_of_a(dy) if self.needs(0) else None
        db = self._gradient_of_b(dy) if self.needs(1) else None
        return da, db

    def _gradient_of_a(self, dy: Array) -> Array:
        if self.b_is_vector:  # (…, N, K) @ (K,) -> (…, N)
            return dy[..., None] * self.b
        if self.a_is_vector:  # (K,) @ (…, K, M) -> (…, M)
            return (self.b @ dy[..., None])[..., 0]
        return product(dy, self.b.swapaxes(-1, -2))

    def _gradient_of_b(self, dy: Array) -> Array:
        if self.a_is_vector:
            return dy * self.a if self.b_is_vector else self.a[:, None] * dy[..., None, :]
        if self.b_is_vector:
            return dy.reshape(-1) @ as_rows(self.a)
        if self.b_is_matrix:
            return as_rows(self.a).T @ as_rows(dy)
        return self.a.swapaxes(-1, -2) @ dy


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


_NUMBERS = (float, int, bool)


def as_rows(x: Array) -> Array:
    """Return (…, K) as a matrix (rows, K); -1 would be ambiguous for arrays without elements."""
    return x if x.ndim == 2 else x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


# From so many multiplications on OpenBLAS takes threads of its own, which gains little up to the
# second number. But when they have finished they go on asking for work for some 25 ms, and are in
# the way of whatever else runs in several threads: convolutions, pooling, large activations.
_THREADED, _WORTH_THREADS = 2 * 2**18, 2 * 2**19


def small_product(a: Array, b: Array) -> Array:
    """Return a @ b of two matrices, in parts for one thread if the product is not large."""
    (rows, inner), columns = a.shape, b.shape[1]
    size = rows * inner * columns
    if not _THREADED <= size <= _WORTH_THREADS or a.dtype is not b.dtype:
        y: Array = a @ b
        return y
    y = np.empty_like(a, shape=(rows, columns), order="C")
    parts = size // _THREADED + 1
    step = -(-max(rows, columns) // parts)
    for i in range(0, max(rows, columns), step):
        part = slice(i, i + step)
        if rows >= columns:
            np.matmul(a[part], b, out=y[part])
        else:
            np.matmul(a, b[:, part], out=y[:, part])
    return y


def column_sums(x: Array) -> Array:
    """Return the sum of the rows of a matrix, as the product 1ᵀ x where that is faster."""
    if x.size < 4096:
        sums: Array = np.add.reduce(x, axis=0)
        return sums
    return np.ones_like(x, shape=len(x)) @ x


def row_dots(x: Array, w: Array) -> Array:
    """Return x @ w, the product of each row of a matrix with a vector.

    On some processors the BLAS kernel for rows of up to 8 numbers computes with whatever lies
    beside them as well. It drops those results, but the floating-point flags that they raised
    stay, and NumPy warns of invalid values where there are none. A dot per row reads only the row.
    """
    return np.vecdot(x, w) if x.shape[1] <= 8 else x @ w


def row_sums(x: Array) -> Array:
    """Return the sum of each row of a matrix, as the product x 1: faster than NumPy's sum."""
    return row_dots(x, np.ones_like(x, shape=x.shape[1]))


def product(a: Array, b: Array) -> Array:
    """Return a @ b, as one product of all rows if b is a single matrix."""
    if a.shape[-1] == 1 and a.ndim > 1 < b.ndim:
        return a * b  # columns times rows, for which matmul calls BLAS once each
    if b.ndim == 2 and a.ndim > 2:
        return (as_rows(a) @ b).reshape(*a.shape[:-1], b.shape[-1])
    return a @ b
