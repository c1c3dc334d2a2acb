"""The sigmoid-weighted linear unit, the Swish of the literature with β = 1."""

from neural_net_core.activations.sigmoid import logistic
from neural_net_core.dtypes import Array
from neural_net_core.modules.module import Module
from neural_net_core.op import Op
from neural_net_core.ops._inputs import as_floating
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["SiLU", "SiLUOp", "silu"]


class SiLUOp(Op):
    """y = x σ(x);  dx = dy · (σ + y (1 − σ)).  Saves σ and y."""

    def forward(self, x: Array) -> Array:
        self.sigma = logistic(x)
        self.y = x * self.sigma
        return self.y

    def backward(self, dy: Array) -> Array:
        return dy * (self.sigma + self.y * (1 - self.sigma))


def silu(x: TensorLike) -> Tensor:
    r"""Weight each element by its own sigmoid.

    $$ y = x \, \sigma(x) \qquad \frac{dy}{dx} = \sigma(x) + y \, (1 - \sigma(x)) $$

    Args:
        x: Any shape.

    Returns:
        The same shape.

    Examples:
        >>> silu([-1.0, 1.0]).data.round(4)
        array([-0.2689,  0.7311], dtype=float32)
    """
    return SiLUOp.apply(as_floating(x))


class SiLU(Module):
    """The sigmoid-weighted linear unit, elementwise; `Swish` is the same with a learned β.

    Shape:
        any -> the same

    References:
        Elfwing et al. (2017), arXiv:1702.03118, eq. 2.
        Ramachandran et al. (2017), Searching for activation functions, arXiv:1710.05941.

    Examples:
        >>> SiLU()([1.0]).data.round(4)
        array([0.7311], dtype=float32)
    """

    def forward(self, x: TensorLike) -> Tensor:
        """Return x σ(x)."""
        return silu(x)
