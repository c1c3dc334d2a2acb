r"""Adaptive layer normalization: a condition decides scale and shift, instead of parameters.

In a diffusion model the condition is the time step or a class; a dense layer turns it into a
shift, a scale and a gate for every feature:

    y = x + gate · block(norm(x) · (1 + scale) + shift)

The dense layer begins at zero ("adaLN-zero"): the gate is then 0, every block begins as the
identity, and the condition fades in as it proves useful.
"""

import numpy as np
import numpy.typing as npt

from neural_net_core import init
from neural_net_core.checks import check_count
from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_core.modules.dense import Dense
from neural_net_core.modules.inputs import as_input
from neural_net_core.modules.module import Module
from neural_net_core.op import Op
from neural_net_core.tensor import Tensor, TensorLike
from neural_net_layers._inputs import coerce
from neural_net_layers.normalization.layer_norm import LayerNorm

__all__ = ["AdaptiveLayerNorm", "ModulateOp", "modulate"]


class ModulateOp(Op):
    r"""y = x (1 + s) + t;  dx = dy (1 + s),  ds = dy x,  dt = dy.  Saves x and s.

    The tape sums ds and dt over the axes along which s and t were repeated.
    """

    def forward(self, x: Array, shift: Array, scale: Array) -> Array:
        self.x, self.scale = x, scale
        return x * (1 + scale) + shift

    def backward(self, dy: Array) -> tuple[Array, Array, Array]:
        return dy * (1 + self.scale), dy, dy * self.x


def modulate(x: TensorLike, shift: TensorLike, scale: TensorLike) -> Tensor:
    r"""Scale and shift features by amounts that depend on the example.

    $$ y = x \, (1 + \text{scale}) + \text{shift} $$

    Args:
        x: (B, …, D), such as a normalized sequence (B, T, D).
        shift: (B, D), the same at every position; or of as many axes as x, and broadcasting to it.
        scale: Likewise; 0 leaves x as it is.

    Returns:
        The shape of x.

    Raises:
        ShapeError: If shift or scale does not broadcast to x.

    References:
        Peebles & Xie (2023), arXiv:2212.09748, section 3.2 (adaLN).

    Examples:
        >>> modulate([[1.0, 2.0]], shift=[[10.0, 0.0]], scale=[[0.0, 1.0]]).data
        array([[11.,  4.]], dtype=float32)
    """
    x, shift, scale = coerce(x, shift, scale, required=3)
    parts = []
    for name, part in (("shift", shift), ("scale", scale)):
        if part.ndim == 2 < x.ndim:
            part = part.reshape(part.shape[0], *[1] * (x.ndim - 2), part.shape[1])
        try:
            fits = np.broadcast_shapes(x.shape, part.shape) == x.shape
        except ValueError:
            fits = False
        if not fits:
            raise ShapeError(
                f"modulate: expected {name} to broadcast to {x.shape}, got {part.shape}"
            )
        parts.append(part)
    return ModulateOp.apply(x, *parts)


class AdaptiveLayerNorm(Module):
    r"""A layer norm whose scale and shift come from a condition, with a gate for the branch.

    $$ (t, s, g) = W c + b, \qquad y = \mathrm{norm}(x)\,(1 + s) + t $$

    W and b are zero at first, so y is the plain norm and the gate g is 0. Used as

        y, gate = norm(x, c)
        x = x + gate * block(y)

    Args:
        features: D, the size of x's last axis.
        condition_features: E, the size of the condition. Its activation (SiLU, usually) is the
            caller's: it is then computed once for all blocks.
        eps: Of the norm.
        dtype: The parameters' dtype; None means the default, float32.

    Shape:
        x (B, …, D), c (B, E) -> y (B, …, D), gate (B, 1, …, D) that broadcasts to x

    Attributes:
        norm: `LayerNorm` without parameters.
        modulation: `Dense`, E -> 3 D, in the order shift, scale, gate; initially zero.

    Raises:
        ShapeError: If x does not end in D or c in E, or their batches differ.

    References:
        Peebles & Xie (2023), arXiv:2212.09748, section 3.2 (adaLN-Zero).

    Examples:
        >>> import numpy as np
        >>> y, gate = AdaptiveLayerNorm(2, 4)([[1.0, 3.0]], np.ones((1, 4)))
        >>> y.data.round(2).tolist(), gate.tolist()
        ([[-1.0, 1.0]], [[0.0, 0.0]])
    """

    def __init__(
        self,
        features: int,
        condition_features: int,
        eps: float = 1e-5,
        *,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        check_count("AdaptiveLayerNorm", "features", features)
        check_count("AdaptiveLayerNorm", "condition_features", condition_features)
        self.norm = LayerNorm(features, eps, elementwise_affine=False)
        self.modulation = Dense(condition_features, 3 * features, init=init.zeros, dtype=dtype)

    def forward(self, x: TensorLike, condition: TensorLike) -> tuple[Tensor, Tensor]:
        """Return the modulated norm of x, and the gate for what is made of it.

        Args:
            x: (B, …, D).
            condition: (B, E).
        """
        x, condition = as_input(self, x), as_input(self, condition)
        if x.ndim < 2 or condition.ndim != 2 or len(x) != len(condition):
            raise ShapeError(
                f"AdaptiveLayerNorm: expected x (B, ..., D) and condition (B, E), got {x.shape} "
                f"and {condition.shape}"
            )
        per_position = (len(x), *[1] * (x.ndim - 2), 3, -1)
        parts = self.modulation(condition).reshape(per_position)  # (B, 1, …, 3, D)
        shift, scale, gate = (parts[..., i, :] for i in range(3))
        return modulate(self.norm(x), shift, scale), gate
