"""The four operations and the sign change: elementwise, with broadcasting.

Each gradient comes back in the broadcast shape; the tape sums it to the operand's own shape.
A raw array or number takes the dtype of the Tensor beside it. A scalar may be a loss: what it
counted is kept where it still holds.
"""

from neural_net_core.counts import keep_in_product, keep_in_quotient, keep_in_sum
from neural_net_core.dtypes import Array
from neural_net_core.op import Op
from neural_net_core.ops._inputs import as_floating
from neural_net_core.tensor import Tensor, TensorLike, as_tensor, coerce_pair

__all__ = [
    "AddOp",
    "DivideOp",
    "MultiplyOp",
    "NegativeOp",
    "SubtractOp",
    "add",
    "divide",
    "multiply",
    "negative",
    "subtract",
]


class AddOp(Op):
    """y = a + b;  da = dy,  db = dy"""

    def forward(self, a: Array, b: Array) -> Array:
        return a + b

    def backward(self, dy: Array) -> tuple[Array, Array]:
        return dy, dy


def add(a: TensorLike, b: TensorLike) -> Tensor:
    """Return a + b.

    Args:
        a: Any shape.
        b: A shape that broadcasts with a's.

    Examples:
        >>> add([1.0, 2.0], 10.0).data
        array([11., 12.], dtype=float32)
    """
    a, b = coerce_pair(a, b)
    y = AddOp.apply(a, b)
    return y if y.data.ndim else keep_in_sum(y, a, b)


class SubtractOp(Op):
    """y = a − b;  da = dy,  db = −dy"""

    def forward(self, a: Array, b: Array) -> Array:
        return a - b

    def backward(self, dy: Array) -> tuple[Array, Array]:
        return dy, -dy


def subtract(a: TensorLike, b: TensorLike) -> Tensor:
    """Return a − b.

    Args:
        a: Any shape.
        b: A shape that broadcasts with a's.

    Examples:
        >>> subtract([1.0, 2.0], 10.0).data
        array([-9., -8.], dtype=float32)
    """
    a, b = coerce_pair(a, b)
    y = SubtractOp.apply(a, b)
    return y if y.data.ndim else keep_in_sum(y, a, b)


class MultiplyOp(Op):
    """y = a · b;  da = dy · b,  db = dy · a.  Saves a and b."""

    def forward(self, a: Array, b: Array) -> Array:
        self.a, self.b = a, b
        return a * b

    def backward(self, dy: Array) -> tuple[Array | None, Array | None]:
        return dy * self.b, dy * self.a


def multiply(a: TensorLike, b: TensorLike) -> Tensor:
    """Return a · b, elementwise.

    Args:
        a: Any shape.
        b: A shape that broadcasts with a's.

    Examples:
        >>> multiply([1.0, 2.0], [3.0, 4.0]).data
        array([3., 8.], dtype=float32)
    """
    a, b = coerce_pair(a, b)
    y = MultiplyOp.apply(a, b)
    return y if y.data.ndim else keep_in_product(y, a, b)


class DivideOp(Op):
    """y = a / b;  da = dy / b,  db = −dy · y / b.  Saves b and y."""

    def forward(self, a: Array, b: Array) -> Array:
        self.b, self.y = b, a / b
        return self.y

    def backward(self, dy: Array) -> tuple[Array, Array]:
        da = dy / self.b
        return da, -da * self.y


def divide(a: TensorLike, b: TensorLike) -> Tensor:
    """Return a / b; integers are divided as floating numbers.

    Args:
        a: Any shape.
        b: A shape that broadcasts with a's. Zeros give infinities and NumPy's warning.

    Examples:
        >>> divide([1.0, 2.0], 4).data
        array([0.25, 0.5 ], dtype=float32)
    """
    a, b = pair = coerce_pair(a, b)
    if next(x for x in pair if isinstance(x, Tensor)).data.dtype.kind != "f":
        a, b = as_floating(a), as_floating(b)
    y = DivideOp.apply(a, b)
    return y if y.data.ndim else keep_in_quotient(y, a, b)


class NegativeOp(Op):
    """y = −x;  dx = −dy"""

    def forward(self, x: Array) -> Array:
        return -x

    def backward(self, dy: Array) -> Array:
        return -dy


def negative(x: TensorLike) -> Tensor:
    """Return −x.

    Args:
        x: Any shape.

    Examples:
        >>> negative([1.0, -2.0]).data
        array([-1.,  2.], dtype=float32)
    """
    x = as_tensor(x)
    y = NegativeOp.apply(x)
    return y if y.data.ndim else keep_in_sum(y, x, None)
