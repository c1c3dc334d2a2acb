"""The affine map y = x Wᵀ + b in one operation: the work of every dense layer."""

from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_core.op import Op
from neural_net_core.ops.matrix_product import as_rows
from neural_net_core.tensor import Tensor, TensorLike, coerce_pair

__all__ = ["LinearOp", "linear"]


class LinearOp(Op):
    """y = x Wᵀ + b;  dx = dy W,  dW = dyᵀ x,  db = Σ dy.  Saves x and W."""

    def forward(self, x: Array, w: Array, b: Array | None) -> Array:
        self.x, self.w = x, w
        y = x @ w.T
        return y if b is None else y + b

    def backward(self, dy: Array) -> tuple[Array | None, ...]:
        dx = dy @ self.w
        dw = as_rows(dy).T @ as_rows(self.x)
        return dx, dw, dy  # the tape sums over the rows, to which b was added


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
        return LinearOp.apply(x, weight, None)
    weight, bias = coerce_pair(weight, bias)
    x, _ = coerce_pair(x, weight if isinstance(weight, Tensor) else bias)
    return LinearOp.apply(x, weight, bias)
