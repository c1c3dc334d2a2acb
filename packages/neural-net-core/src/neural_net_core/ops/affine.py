r"""The affine map y = x Wᵀ + b in one operation: the work of every dense layer.

It equals `matmul(x, weight.T) + bias`, but it makes one product for all leading axes, adds the
bias in place, and sums the bias gradient as a product with a vector of ones.
"""

from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_core.op import Op, returns_new_arrays
from neural_net_core.ops.matrix_product import as_rows, column_sums, small_product
from neural_net_core.tensor import Tensor, TensorLike, coerce_pair

__all__ = ["LinearOp", "linear"]


class LinearOp(Op):
    """y = x Wᵀ + b;  dx = dy W,  dW = dyᵀ x,  db = Σ dy.  Saves x for dW and W for dx."""

    def forward(self, x: Array, w: Array, b: Array | None = None) -> Array:
        self.shape, self.inputs = x.shape, 2 if b is None else 3
        x = as_rows(x)  # (rows, I)
        if self.needs(0):
            self.w = w
        if self.needs(1):
            self.x = x
        y = small_product(x, w.T)  # (rows, O)
        if b is not None:
            y += b
        return y if len(self.shape) == 2 else y.reshape(*self.shape[:-1], len(w))

    @returns_new_arrays
    def backward(self, dy: Array) -> tuple[Array | None, ...]:
        dy = as_rows(dy)
        dx = small_product(dy, self.w).reshape(self.shape) if self.needs(0) else None
        dw = small_product(dy.T, self.x) if self.needs(1) else None
        if self.inputs == 2:
            return dx, dw
        return dx, dw, column_sums(dy) if self.needs(2) else None


def linear(x: TensorLike, weight: TensorLike, bias: TensorLike | None = None) -> Tensor:
    r"""Return x Wᵀ + b.

    $$ y = x W^\top + b \qquad dx = dy\,W \qquad dW = dy^\top x \qquad db = \sum dy $$

    Args:
        x: (…, I); the leading axes are rows of one product.
        weight: (O, I), as in PyTorch.
        bias: (O,), or None.

    Returns:
        (…, O).

    Examples:
        >>> linear([[1.0, 2.0]], [[1.0, 1.0], [0.0, 3.0]], [10.0, 20.0]).data
        array([[13., 26.]], dtype=float32)
    """
    if type(x) in (float, int, bool):
        raise ShapeError(f"linear: expected x with at least one axis, got the number {x!r}")
    if bias is None:
        x, weight = coerce_pair(x, weight)
        return LinearOp.apply(x, weight)
    weight, bias = coerce_pair(weight, bias)
    x, _ = coerce_pair(x, weight if isinstance(weight, Tensor) else bias)
    return LinearOp.apply(x, weight, bias)
