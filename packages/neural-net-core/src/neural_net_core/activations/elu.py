"""The exponential linear unit: ReLU with a smooth, saturating negative side."""

import numpy as np

from neural_net_core.checks import check_number
from neural_net_core.dtypes import Array
from neural_net_core.modules.module import Module
from neural_net_core.op import Op
from neural_net_core.ops._inputs import as_floating
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["ELU", "ELUOp", "elu"]


class ELUOp(Op):
    """y = s x where x > 0, else s α (eˣ − 1);  dx = dy · s where x > 0, else dy · s α eˣ.

    Saves x: y + s α is the same slope, but its digits cancel where y is near −s α. The scale s is
    1 for ELU; SELU is the same function with another s and α.
    """

    def __init__(self, alpha: float, scale: float = 1.0) -> None:
        self.alpha, self.scale = alpha, scale

    def forward(self, x: Array) -> Array:
        self.x = x
        # Only the negative part goes into the exponential: a large x would overflow. With
        # t = tanh(x/2), eˣ − 1 = 2 t / (1 − t): exact near 0 too, and NumPy's tanh takes a quarter
        # of the time of its expm1.
        t = np.tanh(np.minimum(x, 0) / 2)
        negative = 2 * self.scale * self.alpha * t / (1 - t)
        return self.scale * np.maximum(x, 0) + negative

    def backward(self, dy: Array) -> Array:
        negative = self.scale * self.alpha * np.exp(np.minimum(self.x, 0))
        return dy * np.where(self.x > 0, self.scale, negative)


def elu(x: TensorLike, alpha: float = 1.0) -> Tensor:
    r"""Let negative elements saturate at −α.

    $$ y = \begin{cases} x & x > 0 \\ \alpha (e^x - 1) & x \le 0 \end{cases} \qquad
       \frac{dy}{dx} = \begin{cases} 1 & x > 0 \\ \alpha e^x & x \le 0 \end{cases} $$

    Args:
        x: Any shape.
        alpha: The limit of −y for very negative x, positive.

    Returns:
        The same shape.

    Raises:
        ValueError: If alpha is not positive.

    Examples:
        >>> elu([-1.0, 2.0]).data.round(4)
        array([-0.6321,  2.    ], dtype=float32)
    """
    alpha = check_number("elu", "alpha", alpha, above=0)
    return ELUOp.apply(as_floating(x), alpha=float(alpha))


class ELU(Module):
    """The exponential linear unit, elementwise.

    Negative outputs push the mean activation towards zero, which ReLU cannot.

    Args:
        alpha: The limit of −y for very negative x, positive.

    Shape:
        any -> the same

    References:
        Clevert et al. (2016), arXiv:1511.07289, eq. 15.

    Examples:
        >>> ELU()([0.0, 2.0]).data
        array([0., 2.], dtype=float32)
    """

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = check_number("ELU", "alpha", alpha, above=0)

    def forward(self, x: TensorLike) -> Tensor:
        """Return x where positive, else α (eˣ − 1)."""
        return elu(x, self.alpha)

    def extra_repr(self) -> str:
        """Return alpha."""
        return f"alpha={self.alpha}"
