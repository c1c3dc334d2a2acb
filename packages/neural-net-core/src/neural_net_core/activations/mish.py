"""Mish: a smooth, self-gated activation."""

import numpy as np

from neural_net_core.activations.sigmoid import logistic
from neural_net_core.activations.softplus import log1pexp
from neural_net_core.dtypes import Array
from neural_net_core.modules.module import Module
from neural_net_core.op import Op
from neural_net_core.ops._inputs import as_floating
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["Mish", "MishOp", "mish"]


class MishOp(Op):
    """y = x t, t = tanh(ln(1 + eˣ));  dx = dy · (t + x (1 − t²) σ(x)).  Saves x and t."""

    def forward(self, x: Array) -> Array:
        self.x, self.t = x, np.tanh(log1pexp(x))
        return x * self.t

    def backward(self, dy: Array) -> Array:
        x, t = self.x, self.t
        return dy * (t + x * (1 - t**2) * logistic(x))


def mish(x: TensorLike) -> Tensor:
    r"""Weight each element by the tanh of its softplus.

    $$ y = x \tanh(\ln(1 + e^x)) $$

    Args:
        x: Any shape.

    Returns:
        The same shape.

    Examples:
        >>> mish([-1.0, 1.0]).data.round(4)
        array([-0.3034,  0.8651], dtype=float32)
    """
    return MishOp.apply(as_floating(x))


class Mish(Module):
    """Mish, elementwise.

    Shape:
        any -> the same

    References:
        Misra (2019), Mish: a self regularized non-monotonic activation function, arXiv:1908.08681.

    Examples:
        >>> Mish()([1.0]).data.round(4)
        array([0.8651], dtype=float32)
    """

    def forward(self, x: TensorLike) -> Tensor:
        """Return x tanh(softplus(x))."""
        return mish(x)
