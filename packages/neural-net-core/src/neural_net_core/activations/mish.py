"""Mish: a smooth, self-gated activation."""

import math

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.modules.module import Module
from neural_net_core.op import Op
from neural_net_core.ops._inputs import as_floating
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["Mish", "MishOp", "mish"]


class MishOp(Op):
    """y = x t, t = tanh(ln(1 + eˣ));  dx = dy · (t + x (1 − t²) σ(x)).  Saves that slope.

    With n = eˣ, w = n (n + 2) and d = w + 2 both are quotients: t = w / d, because
    tanh(ln a) = (a² − 1) / (a² + 1), and (1 − t²) σ = 4 n (n + 1) / d².
    """

    def forward(self, x: Array) -> Array:
        # Above, t has long been 1 and its slope 0; the limit only keeps n² finite.
        limit = 0.5 * math.log(np.finfo(x.dtype).max) - 0.1
        z = x.clip(-20 * limit, limit)
        n = np.exp(z)
        w = n * (n + 2)
        d = w + 2
        t = w / d
        self.slope = t + 4 * (n / d * ((n + 1) / d) * z)
        return x * t

    def backward(self, dy: Array) -> Array:
        return dy * self.slope


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
