"""Softmax, its logarithm and softmin as modules.

The operations stand in `neural_net_core.ops.softmaxes`.
"""

from neural_net_core.modules.module import Module
from neural_net_core.ops._inputs import as_floating
from neural_net_core.ops.softmaxes import log_softmax, softmax
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["LogSoftmax", "Softmax", "Softmin", "log_softmax", "softmax", "softmin"]


def softmin(x: TensorLike, axis: int = -1) -> Tensor:
    r"""Return probabilities that are the larger the smaller x is: the softmax of −x.

    $$ y_i = \frac{e^{-x_i}}{\sum_j e^{-x_j}} \qquad
       dx_i = -y_i \Big(dy_i - \sum_j dy_j\,y_j\Big) $$

    Args:
        x: Costs or distances, any shape. One of ∞ gets the probability 0.
        axis: The axis along which the probabilities add up to 1.

    Returns:
        The same shape.

    Examples:
        >>> softmin([0.0, 1000.0]).data
        array([1., 0.], dtype=float32)
    """
    return softmax(-as_floating(x), axis)


class Softmax(Module):
    r"""Turns scores into probabilities that add up to 1 along an axis.

    $$ y_i = \frac{e^{x_i}}{\sum_j e^{x_j}} $$

    A classifier trained with `CrossEntropyLoss` has none: that loss takes the scores themselves.

    Args:
        axis: The axis of the classes.

    Shape:
        any -> the same

    Examples:
        >>> Softmax()([1000.0, 1000.0]).data
        array([0.5, 0.5], dtype=float32)
    """

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, x: TensorLike) -> Tensor:
        """Return the probabilities."""
        return softmax(x, self.axis)

    def extra_repr(self) -> str:
        """Return the axis."""
        return f"axis={self.axis}"


class LogSoftmax(Module):
    r"""Turns scores into log-probabilities along an axis, as `NLLLoss` takes them.

    $$ y_i = x_i - \ln \sum_j e^{x_j} $$

    Args:
        axis: The axis of the classes.

    Shape:
        any -> the same

    Examples:
        >>> LogSoftmax()([0.0, 1000.0]).data
        array([-1000.,     0.], dtype=float32)
    """

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, x: TensorLike) -> Tensor:
        """Return the log-probabilities."""
        return log_softmax(x, self.axis)

    def extra_repr(self) -> str:
        """Return the axis."""
        return f"axis={self.axis}"


class Softmin(Module):
    r"""Turns costs into probabilities along an axis: the smallest gets the most.

    $$ y_i = \frac{e^{-x_i}}{\sum_j e^{-x_j}} $$

    Args:
        axis: The axis of the costs.

    Shape:
        any -> the same

    Examples:
        >>> Softmin()([1000.0, 1000.0]).data
        array([0.5, 0.5], dtype=float32)
    """

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, x: TensorLike) -> Tensor:
        """Return the probabilities."""
        return softmin(x, self.axis)

    def extra_repr(self) -> str:
        """Return the axis."""
        return f"axis={self.axis}"
