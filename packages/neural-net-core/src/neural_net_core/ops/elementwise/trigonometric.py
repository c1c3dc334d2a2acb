"""Sine and cosine, and the angle of a point."""

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.op import Op
from neural_net_core.ops._inputs import as_floating, coerce_all
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["Arctan2Op", "CosOp", "SinOp", "arctan2", "cos", "sin"]


class SinOp(Op):
    """y = sin x;  dx = dy · cos x.  Saves x."""

    def forward(self, x: Array) -> Array:
        self.x = x
        return np.sin(x)

    def backward(self, dy: Array) -> Array:
        return dy * np.cos(self.x)


def sin(x: TensorLike) -> Tensor:
    """Return the sine.

    Args:
        x: Any shape, in radians.

    Examples:
        >>> sin([0.0]).data
        array([0.], dtype=float32)
    """
    return SinOp.apply(as_floating(x))


class CosOp(Op):
    """y = cos x;  dx = −dy · sin x.  Saves x."""

    def forward(self, x: Array) -> Array:
        self.x = x
        return np.cos(x)

    def backward(self, dy: Array) -> Array:
        return -dy * np.sin(self.x)


def cos(x: TensorLike) -> Tensor:
    """Return the cosine.

    Args:
        x: Any shape, in radians.

    Examples:
        >>> cos([0.0]).data
        array([1.], dtype=float32)
    """
    return CosOp.apply(as_floating(x))


class Arctan2Op(Op):
    """y = the angle of (b, a);  da = dy · b / r²,  db = −dy · a / r²,  r² = a² + b².

    Saves a and b.
    """

    def forward(self, a: Array, b: Array) -> Array:
        self.a, self.b = a, b
        return np.arctan2(a, b)

    def backward(self, dy: Array) -> tuple[Array, Array]:
        r = np.hypot(self.a, self.b)  # whose square may overflow, or be 0 where r is not
        r = np.where(r == 0, np.inf, r)
        return dy * (self.b / r / r), -dy * (self.a / r / r)


def arctan2(a: TensorLike, b: TensorLike) -> Tensor:
    r"""Return the angle of the point (b, a), from −π to π (`atan2` in PyTorch).

    $$ y = \operatorname{arg}(b + i\,a) \qquad da = dy\,\frac{b}{a^2 + b^2}, \quad
       db = -dy\,\frac{a}{a^2 + b^2} $$

    `arctan2(x, 1)` is the arctangent of x.

    Args:
        a: The second coordinate, which a sine gives; any shape.
        b: The first one, which a cosine gives; a shape that broadcasts with a's. At the origin,
            a = b = 0, the angle is 0 and so are both gradients.

    Examples:
        >>> arctan2([1.0, 1.0, 0.0], [1.0, -1.0, -1.0]).data.round(3)
        array([0.785, 2.356, 3.142], dtype=float32)
    """
    return Arctan2Op.apply(*map(as_floating, coerce_all([a, b])))
