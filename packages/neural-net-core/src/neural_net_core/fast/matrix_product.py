"""Matrix products with as few calls of BLAS as there can be.

A stack times one matrix, (…, N, K) @ (K, M), is one large product of all rows: much faster than
NumPy's loop over the stack, both here and for the gradient of the matrix.
"""

from neural_net_core.dtypes import Array
from neural_net_core.forms import fast_form_of
from neural_net_core.op import returns_new_arrays
from neural_net_core.ops.matrix_product import MatMulOp, as_rows

__all__: list[str] = []


@fast_form_of(MatMulOp)
class FastMatMulOp(MatMulOp):
    """Saves each factor only for the other's gradient."""

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


def product(a: Array, b: Array) -> Array:
    """Return a @ b, as one product of all rows if b is a single matrix."""
    if a.shape[-1] == 1 and a.ndim > 1 < b.ndim:
        return a * b  # columns times rows, for which matmul calls BLAS once each
    if b.ndim == 2 and a.ndim > 2:
        return (as_rows(a) @ b).reshape(*a.shape[:-1], b.shape[-1])
    return a @ b
