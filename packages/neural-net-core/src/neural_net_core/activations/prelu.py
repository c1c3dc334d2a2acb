"""Leaky ReLU whose slope is learned."""

import numpy as np
import numpy.typing as npt

from neural_net_core.checks import check_count, check_number
from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_core.modules.module import Module
from neural_net_core.op import Op
from neural_net_core.ops._inputs import as_floating, coerce_all
from neural_net_core.tensor import Parameter, Tensor, TensorLike

__all__ = ["PReLU", "PReLUOp", "prelu"]


class PReLUOp(Op):
    """y = x where x > 0, else a x;  dx = dy · (1 or a);  da = dy · (0 or x).  Saves x and a.

    a comes with as many axes as x; the tape sums its gradient over the axes it was repeated along.
    """

    def forward(self, x: Array, a: Array) -> Array:
        self.x, self.a = x, a
        return np.where(x > 0, x, a * x)

    def backward(self, dy: Array) -> tuple[Array, Array]:
        dx = np.where(self.x > 0, dy, dy * self.a)
        da = dy * np.where(self.x > 0, 0, self.x)
        return dx, da


def prelu(x: TensorLike, weight: TensorLike) -> Tensor:
    r"""Scale negative elements by a learned factor, one for all or one per channel.

    $$ y = \begin{cases} x & x > 0 \\ a x & x \le 0 \end{cases} $$

    Args:
        x: Any shape; the channels stand on axis 1 (on axis 0 if there is only one axis).
        weight: The factors a: (1,), or (C,) for C channels.

    Returns:
        The shape of x.

    Raises:
        ShapeError: If there are neither 1 nor C factors.

    Examples:
        >>> prelu([[-1.0, -1.0]], [0.1, 0.5]).data
        array([[-0.1, -0.5]], dtype=float32)
    """
    x, weight = map(as_floating, coerce_all([x, weight]))
    channels = 1 if x.ndim == 0 else x.shape[min(1, x.ndim - 1)]
    if weight.ndim > 1 or weight.size not in (1, channels):
        raise ShapeError(
            f"prelu: expected weight (1,) or ({channels},) for input {x.shape}, got {weight.shape}"
        )
    # (C,) -> (C, 1, …, 1): against (B, C, H, W) it then broadcasts along axis 1.
    a = weight.reshape((weight.size,) + (1,) * max(x.ndim - 2, 0)) if x.ndim else weight.sum()
    return PReLUOp.apply(x, a)


class PReLU(Module):
    r"""Leaky ReLU with a learned slope, elementwise.

    Args:
        num_parameters: 1 for one slope in all, or the number of channels for one each.
        init: The slope to begin with.
        dtype: The parameter's dtype; None means the default.

    Shape:
        (B, C, …) -> the same

    Attributes:
        weight: (num_parameters,). Leave it out of weight decay, which would pull it to ReLU.

    References:
        He et al. (2015), Delving deep into rectifiers, arXiv:1502.01852.

    Examples:
        >>> PReLU()([-1.0, 2.0]).data
        array([-0.25,  2.  ], dtype=float32)
    """

    weight: Parameter

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, *, dtype: npt.DTypeLike | None = None
    ) -> None:
        count = check_count("PReLU", "num_parameters", num_parameters)
        slope = float(check_number("PReLU", "init", init))
        self.weight = Parameter(np.full((count,), slope), dtype)

    def forward(self, x: TensorLike) -> Tensor:
        """Return x where positive, else the slope · x."""
        return prelu(x, self.weight)

    def extra_repr(self) -> str:
        """Return how many slopes there are."""
        return f"num_parameters={self.weight.size}"
