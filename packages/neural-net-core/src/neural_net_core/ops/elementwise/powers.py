"""Powers and square roots.

What happens at zero, as in PyTorch: x⁰ has the gradient 0 everywhere (not 0 · x⁻¹ = NaN); 0ᵇ with
b ≥ 0 has the gradient 0 with respect to b (not 0 · ln 0 = NaN); √x has an infinite gradient at 0.
"""

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.op import Op
from neural_net_core.ops._inputs import as_floating
from neural_net_core.tensor import Tensor, TensorLike, as_tensor, coerce_pair

__all__ = ["PowerConstantOp", "PowerOp", "SqrtOp", "power", "sqrt"]


class PowerConstantOp(Op):
    """y = xⁿ for a number n;  dx = dy · n xⁿ⁻¹.  Saves x."""

    def __init__(self, exponent: float) -> None:
        self.exponent = exponent

    def forward(self, x: Array) -> Array:
        self.x = x
        return raised(x, self.exponent)

    def backward(self, dy: Array) -> Array:
        n = self.exponent
        if n == 0:
            return np.zeros_like(dy)
        return dy * (n * raised(self.x, n - 1))


class PowerOp(Op):
    """y = aᵇ;  da = dy · b aᵇ⁻¹,  db = dy · aᵇ ln a.  Saves a, b and y.

    A gradient that nobody wants may not exist: a negative a has no logarithm.
    """

    def forward(self, a: Array, b: Array) -> Array:
        self.a, self.b, self.y = a, b, a**b
        return self.y

    def backward(self, dy: Array) -> tuple[Array | None, Array | None]:
        a, b = self.a, self.b
        da = db = None
        if self.needs(0):
            # Where b = 0 the product is 0 · a¹ instead of 0 · a⁻¹.
            da = dy * (b * a ** np.where(b == 0, 1, b - 1))
        if self.needs(1):
            # Where a = 0 and b ≥ 0 the product is aᵇ · ln 1 = 0 instead of 0 · ln 0.
            db = dy * (self.y * np.log(np.where((a == 0) & (b >= 0), 1, a)))
        return da, db


def power(a: TensorLike, b: TensorLike) -> Tensor:
    r"""Return a to the power b, elementwise.

    $$ y = a^b \qquad \frac{\partial y}{\partial a} = b\,a^{b-1} \qquad
       \frac{\partial y}{\partial b} = a^b \ln a $$

    Args:
        a: Any shape. A negative base with a fraction as exponent gives NaN, and so does the
            gradient with respect to the exponent of a negative base.
        b: A number, or a shape that broadcasts with a's.

    Examples:
        >>> power([1.0, 3.0], 2).data
        array([1., 9.], dtype=float32)
        >>> power(2, [1.0, 3.0]).data
        array([2., 8.], dtype=float32)
    """
    if isinstance(b, (int, float, np.generic)):
        exponent = b.item() if isinstance(b, np.generic) else b
        x = as_floating(a) if isinstance(exponent, float) else as_tensor(a)
        return PowerConstantOp.apply(x, exponent=exponent)
    base, exponents = coerce_pair(a, b)
    if not isinstance(base, Tensor):
        base = np.asarray(base, dtype=exponents.dtype)
    return PowerOp.apply(base, exponents)


def raised(x: Array, n: float) -> Array:
    """Return xⁿ; small whole n by repeated squaring, many times faster than NumPy's power."""
    if n not in _SMALL_AND_WHOLE or x.dtype.kind != "f":
        return x**n  # NumPy is fast for -1, 0, 1/2, 1 and 2
    if n < 0:
        return 1 / raised(x, -n)
    half = raised(x, n // 2)
    return half * half * x if n % 2 else half * half


_SMALL_AND_WHOLE = frozenset((*range(3, 9), *range(-8, -1)))


class SqrtOp(Op):
    """y = √x;  dx = dy / (2y).  Saves y."""

    def forward(self, x: Array) -> Array:
        self.y: Array = np.sqrt(x)
        return self.y

    def backward(self, dy: Array) -> Array:
        return dy / (2 * self.y)


def sqrt(x: TensorLike) -> Tensor:
    r"""Return the square root.

    $$ y = \sqrt{x} \qquad \frac{dy}{dx} = \frac{1}{2\sqrt{x}} $$

    The gradient at 0 is infinite; add a small number first where zeros can occur, or use `norm`,
    whose gradient at 0 is 0.

    Args:
        x: Any shape, not negative.

    Examples:
        >>> sqrt([4.0, 9.0]).data
        array([2., 3.], dtype=float32)
    """
    return SqrtOp.apply(as_floating(x))
