"""Drop path (stochastic depth): in training, whole residual branches are left out at random.

The network is then trained at many depths at once; a gradient always finds a short way down.
"""

import numpy as np

from neural_net_core.checks import check_fraction
from neural_net_core.errors import ShapeError
from neural_net_core.modules.module import Module
from neural_net_core.random import resolve_rng
from neural_net_core.tensor import Tensor, TensorLike
from neural_net_layers._inputs import coerce
from neural_net_layers.regularization.dropout import drop

__all__ = ["DropPath", "drop_path"]


def drop_path(
    x: TensorLike,
    p: float = 0.0,
    training: bool = True,
    *,
    rng: np.random.Generator | None = None,
) -> Tensor:
    r"""Set each example of the batch to zero with probability p, and scale the others.

    $$ y_b = \frac{m_b}{1 - p} x_b, \qquad m_b \sim \text{Bernoulli}(1 - p) $$

    Args:
        x: (B, …), what a residual branch adds.
        p: The probability of dropping an example's branch, in [0, 1].
        training: False returns x itself.
        rng: The generator to draw from; None means the library's.

    Returns:
        The shape of x.

    Raises:
        ShapeError: If x has no batch axis.
        ValueError: If p is not in [0, 1].

    Examples:
        >>> import numpy as np
        >>> drop_path(np.ones((3, 2)), 0.5, rng=np.random.default_rng(5)).tolist()
        [[2.0, 2.0], [2.0, 2.0], [0.0, 0.0]]
    """
    check_fraction("drop_path", "p", p)
    (x,) = coerce(x)
    if x.ndim == 0:
        raise ShapeError("drop_path: expected input (B, ...), got ()")
    return drop(x, p, (len(x), *[1] * (x.ndim - 1)), rng) if training and p > 0 else x


class DropPath(Module):
    r"""Leaves out a residual branch, example by example, with probability p in training.

    $$ y_b = \frac{m_b}{1 - p} x_b, \qquad m_b \sim \text{Bernoulli}(1 - p) $$

    Used as the last step of a branch: `x + drop_path(block(x))`. The paper raises p linearly with
    the depth, from 0 at the first block to about 0.5 at the last.

    Args:
        p: The probability of dropping, in [0, 1].
        rng: The generator to draw from; None means the library's.

    Shape:
        (B, …) -> the same

    Raises:
        ShapeError: If the input has no batch axis.
        ValueError: If p is not in [0, 1].

    References:
        Huang et al. (2016), arXiv:1603.09382, eq. 2; scaled in training instead of evaluation.

    Examples:
        >>> import numpy as np
        >>> DropPath(1.0)(np.ones((1, 2))).tolist()
        [[0.0, 0.0]]
    """

    def __init__(self, p: float = 0.0, *, rng: np.random.Generator | None = None) -> None:
        self.p = check_fraction("DropPath", "p", p)
        self.rng = None if rng is None else resolve_rng(rng)

    def forward(self, x: TensorLike) -> Tensor:
        """Return x with examples dropped, or x itself after `eval()`."""
        return drop_path(x, self.p, self.training, rng=self.rng)

    def extra_repr(self) -> str:
        """Return the probability."""
        return f"p={self.p}"
