"""Softmax and its logarithm as modules; the operations stand in `neural_net_core.ops.softmaxes`."""

from neural_net_core.modules.module import Module
from neural_net_core.ops.softmaxes import log_softmax, softmax
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["LogSoftmax", "Softmax", "log_softmax", "softmax"]


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
