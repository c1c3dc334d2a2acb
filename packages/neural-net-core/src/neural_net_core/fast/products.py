"""Matrix products in one thread, and sums as products."""

import numpy as np

from neural_net_core.dtypes import Array

__all__: list[str] = []

# From so many multiplications on OpenBLAS takes threads of its own, which gains little up to the
# second number. But when they have finished they go on asking for work for some 25 ms, and are in
# the way of whatever else runs in several threads: convolutions, pooling, large activations.
_THREADED, _WORTH_THREADS = 2 * 2**18, 2 * 2**19

# Rows that are added up in one product.
_PART = 512


def small_product(a: Array, b: Array) -> Array:
    """Return a @ b of two matrices, in parts for one thread if the product is not large."""
    (rows, inner), columns = a.shape, b.shape[1]
    if inner == 1:  # of a single example: four times as fast as the BLAS product
        outer: Array = a * b
        return outer
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
    """Return the sum of the rows of a matrix, as products 1ᵀ x, which are faster than NumPy's sum.

    A product keeps running sums, so many rows are added up part by part.
    """
    if x.size < 4096 and len(x) <= _PART:
        sums: Array = np.add.reduce(x, axis=0)
        return sums
    rest = len(x) % _PART if len(x) > 2 * _PART else len(x)
    sums = np.ones_like(x, shape=rest) @ x[:rest]
    if rest < len(x):
        parts = x[rest:].reshape(-1, _PART, x.shape[1])
        sums += column_sums(np.ones_like(x, shape=_PART) @ parts)
    return sums


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
