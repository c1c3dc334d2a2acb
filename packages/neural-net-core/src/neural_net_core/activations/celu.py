"""The continuously differentiable exponential linear unit: an ELU without a corner for any α."""

import numpy as np

from neural_net_core.checks import check_number
from neural_net_core.dtypes import Array
from neural_net_core.modules.module import Module
from neural_net_core.op import Op
from neural_net_core.ops._inputs import as_floating
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["CELU", "CELUOp", "celu"]


class CELUOp(Op):
    """y = x where x > 0, else α (e^(x/α) − 1);  dx = dy where x > 0, else dy · e^(x/α).

    Saves min(x, 0) / α.
    """

    def __init__(self, alpha: float) -> None:
        self.alpha = alpha

    def forward(self, x: Array) -> Array:
        self.z = np.minimum(x, 0) / self.alpha
        return np.maximum(x, 0) + self.alpha * np.expm1(self.z)

    def backward(self, dy: Array) -> Array:
        return dy * np.exp(self.z)  # e⁰ = 1 where x > 0


def celu(x: TensorLike, alpha: float = 1.0) -> Tensor:
    r"""Let negative elements saturate at −α, with the slope 1 on both sides of zero.

    $$ y = \begin{cases} x & x > 0 \\ \alpha (e^{x/\alpha} - 1) & x \le 0 \end{cases} \qquad
       \frac{dy}{dx} = \begin{cases} 1 & x > 0 \\ e^{x/\alpha} & x \le 0 \end{cases} $$

    The ELU's slope jumps from α to 1 at zero; this one has no kink.

    Args:
        x: Any shape.
        alpha: The limit of −y for very negative x, positive.

    Returns:
        The same shape.

    Raises:
        ValueError: If alpha is not positive.

    Examples:
        >>> celu([-1.0, 2.0], alpha=0.5).data.round(4)
        array([-0.4323,  2.    ], dtype=float32)
    """
    alpha = check_number("celu", "alpha", alpha, above=0)
    return CELUOp.apply(as_floating(x), alpha=float(alpha))


class CELU(Module):
    """The continuously differentiable exponential linear unit, elementwise.

    It scales: `CELU(alpha)(x)` is `alpha * ELU()(x / alpha)`, so that α says where the bend is and
    not how steep.

    Args:
        alpha: The limit of −y for very negative x, positive.

    Shape:
        any -> the same

    References:
        Barron (2017), Continuously differentiable exponential linear units, arXiv:1704.07483,
        eq. 2.

    Examples:
        >>> CELU()([0.0, 2.0]).data
        array([0., 2.], dtype=float32)
    """

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = check_number("CELU", "alpha", alpha, above=0)

    def forward(self, x: TensorLike) -> Tensor:
        """Return x where positive, else α (e^(x/α) − 1)."""
        return celu(x, self.alpha)

    def extra_repr(self) -> str:
        """Return alpha."""
        return f"alpha={self.alpha}"
