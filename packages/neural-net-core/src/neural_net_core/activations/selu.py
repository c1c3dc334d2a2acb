"""The self-normalizing unit: an ELU scaled so that activations keep mean 0 and variance 1."""

from neural_net_core.activations.elu import ELUOp
from neural_net_core.modules.module import Module
from neural_net_core.ops._inputs import as_floating
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["SELU", "SELU_ALPHA", "SELU_SCALE", "selu"]

# The fixed point of the paper's eq. 14: inputs of mean 0 and variance 1 give such outputs.
SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946


def selu(x: TensorLike) -> Tensor:
    r"""Apply the ELU with the two constants that keep mean 0 and variance 1.

    $$ y = \lambda \begin{cases} x & x > 0 \\ \alpha (e^x - 1) & x \le 0 \end{cases} \qquad
       \lambda = 1.0507\ldots,\ \alpha = 1.6733\ldots $$

    Args:
        x: Any shape.

    Returns:
        The same shape.

    Examples:
        >>> selu([-1.0, 1.0]).data.round(4)
        array([-1.1113,  1.0507], dtype=float32)
    """
    return ELUOp.apply(as_floating(x), alpha=SELU_ALPHA, scale=SELU_SCALE)


class SELU(Module):
    """The scaled exponential linear unit, elementwise.

    Use with `init.lecun_normal`, whose weights keep the variance at 1 on the linear side.

    Shape:
        any -> the same

    References:
        Klambauer et al. (2017), Self-normalizing neural networks, arXiv:1706.02515, eq. 2.

    Examples:
        >>> SELU()([0.0]).data
        array([0.], dtype=float32)
    """

    def forward(self, x: TensorLike) -> Tensor:
        """Return the scaled ELU of x."""
        return selu(x)
