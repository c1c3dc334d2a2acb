"""The rectified linear unit: the default activation of deep networks."""

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.modules.module import Module
from neural_net_core.op import Op
from neural_net_core.ops._inputs import as_floating
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["ReLU", "ReLUOp", "relu"]


class ReLUOp(Op):
    """y = max(x, 0);  dx = dy where x > 0, else 0.  Saves y, which is positive where x is.

    NaN lets dy pass, as in PyTorch: an error does not stop the gradient on its way back.
    """

    def forward(self, x: Array) -> Array:
        self.y: Array = np.maximum(x, 0)
        return self.y

    def backward(self, dy: Array) -> Array:
        # Positive or NaN. As a product, dy * (y != 0), it would be NaN where dy is infinite.
        return np.where(self.y != 0, dy, 0)


def relu(x: TensorLike) -> Tensor:
    r"""Replace negative elements by zero.

    $$ y = \max(x, 0) \qquad \frac{dy}{dx} = [x > 0] $$

    Args:
        x: Any shape.

    Returns:
        The same shape. The gradient at exactly 0 is 0, and passes where x is NaN.

    Examples:
        >>> relu([-1.0, 0.0, 2.0]).data
        array([0., 0., 2.], dtype=float32)
    """
    return ReLUOp.apply(as_floating(x))


class ReLU(Module):
    r"""The rectified linear unit $\max(x, 0)$, elementwise.

    Where it is on, the gradient passes unchanged; where it is off, nothing passes, and a unit that
    is off for every input is dead. Needs `init.kaiming_normal` in deep networks.

    Shape:
        any -> the same

    References:
        Nair & Hinton (2010), Rectified linear units improve restricted Boltzmann machines.
        He et al. (2015), arXiv:1502.01852, for the initialization.

    Examples:
        >>> ReLU()([-1.0, 2.0]).data
        array([0., 2.], dtype=float32)
    """

    def forward(self, x: TensorLike) -> Tensor:
        """Return max(x, 0)."""
        return relu(x)
