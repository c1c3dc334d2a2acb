"""Vectors brought to length 1, the common ground of losses that compare directions."""

import numpy as np

from neural_net_core.checks import check_array, check_axis, check_number
from neural_net_core.dtypes import Array
from neural_net_core.op import Op
from neural_net_core.ops._inputs import as_floating
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["NormalizeOp", "normalize", "unit_vectors"]


class NormalizeOp(Op):
    """y = x / |x|;  dx = (dy − y Σ dy · y) / |x|: what points along y changes only the length.

    Saves y and 1 / |x|.
    """

    def __init__(self, axis: int, eps: float) -> None:
        self.axis, self.eps = axis, eps

    def forward(self, x: Array) -> Array:
        self.y, self.inverse = unit_vectors(x, self.axis, self.eps)
        return self.y

    def backward(self, dy: Array) -> Array:
        along = (dy * self.y).sum(axis=self.axis, keepdims=True)
        return (dy - self.y * along) * self.inverse


def normalize(x: TensorLike, axis: int = -1, *, eps: float = 1e-12) -> Tensor:
    r"""Return the vectors along an axis, scaled to length 1.

    $$ y = \frac{x}{\max(|x|, \epsilon)} $$

    Args:
        x: Any shape with at least one axis.
        axis: The axis along which a vector's components stand.
        eps: Shorter vectors than this, such as zeros, have no direction: they are only divided by
            eps, and get the gradient 0.

    Returns:
        The same shape.

    Examples:
        >>> normalize([[3.0, 4.0], [0.0, 0.0]]).data
        array([[0.6, 0.8],
               [0. , 0. ]], dtype=float32)
    """
    x = x if isinstance(x, Tensor) else as_floating(check_array("normalize", "x", x))
    check_axis("normalize", axis, x.ndim)
    eps = check_number("normalize", "eps", eps, 0)
    return NormalizeOp.apply(as_floating(x), axis=axis, eps=eps)


def unit_vectors(x: Array, axis: int, eps: float) -> tuple[Array, Array]:
    """Return x / max(|x|, eps), and 1 / |x| or 0 where |x| is not above eps; for use in Ops."""
    length = np.sqrt((x * x).sum(axis=axis, keepdims=True))
    y = x / np.maximum(length, eps)
    has_direction = length > eps
    return y, has_direction / np.where(has_direction, length, 1)
