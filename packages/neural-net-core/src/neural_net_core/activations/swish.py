"""Swish with its parameter β, fixed or learned."""

import numpy.typing as npt

from neural_net_core.activations.sigmoid import logistic_and_rest
from neural_net_core.checks import check_number
from neural_net_core.dtypes import Array
from neural_net_core.modules.module import Module
from neural_net_core.op import Op
from neural_net_core.ops._inputs import as_floating, coerce_all
from neural_net_core.tensor import Parameter, Tensor, TensorLike

__all__ = ["Swish", "SwishOp", "swish"]


class SwishOp(Op):
    """y = x s;  dx = dy · (s + β y (1 − s)),  dβ = dy · x y (1 − s);  s = σ(β x).

    Saves x, s, 1 − s and β.
    """

    def forward(self, x: Array, beta: Array) -> Array:
        self.x, self.beta = x, beta
        self.s, self.rest = logistic_and_rest(beta * x)
        return x * self.s

    def backward(self, dy: Array) -> tuple[Array, Array]:
        shared = self.x * self.s * self.rest  # y (1 − s)
        dx = dy * (self.s + self.beta * shared)
        dbeta = dy * self.x * shared
        return dx, dbeta


def swish(x: TensorLike, beta: TensorLike = 1.0) -> Tensor:
    r"""Weight each element by the sigmoid of β times itself.

    $$ y = x \, \sigma(\beta x) $$

    β = 0 gives x/2, β = 1 SiLU, and β → ∞ ReLU.

    Args:
        x: Any shape.
        beta: A number, or a shape that broadcasts to that of x, such as (C,) for one per feature.

    Returns:
        The shape of x.

    Examples:
        >>> swish([-1.0, 1.0], beta=0.0).data
        array([-0.5,  0.5], dtype=float32)
    """
    return SwishOp.apply(*map(as_floating, coerce_all([x, beta])))


class Swish(Module):
    """Swish with a learned β, elementwise.

    Args:
        beta: The value to begin with.
        dtype: The parameter's dtype; None means the default.

    Shape:
        any -> the same

    Attributes:
        beta: (), the parameter; `requires_grad_(False)` fixes it.

    References:
        Ramachandran et al. (2017), Searching for activation functions, arXiv:1710.05941, section 4.

    Examples:
        >>> Swish()([1.0]).data.round(4)
        array([0.7311], dtype=float32)
    """

    beta: Parameter

    def __init__(self, beta: float = 1.0, *, dtype: npt.DTypeLike | None = None) -> None:
        self.beta = Parameter(float(check_number("Swish", "beta", beta)), dtype)

    def forward(self, x: TensorLike) -> Tensor:
        """Return x σ(β x)."""
        return swish(x, self.beta)
