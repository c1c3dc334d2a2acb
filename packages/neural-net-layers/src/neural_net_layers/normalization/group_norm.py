r"""Group normalization: each example's channels in groups, every group to mean 0 and variance 1.

Between layer normalization (one group) and instance normalization (a group per channel): like
both it looks at one example at a time, so it needs no running averages and works with small
batches of images, where batch normalization does not.
"""

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from neural_net_core.checks import check_count
from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_core.modules.module import Module
from neural_net_core.op import Op
from neural_net_core.tensor import Parameter, Tensor, TensorLike
from neural_net_layers._channel_sums import channel_sums
from neural_net_layers._checks import check_eps
from neural_net_layers._inputs import coerce
from neural_net_layers.normalization._channel_norm import along_channels

__all__ = ["GroupNorm", "GroupNormOp", "group_norm"]


class GroupNormOp(Op):
    r"""y = x̂ w + b with x̂ = (x − μ) / σ, each example and group of channels by itself.

    With n numbers per group and g = dy w, as derived for a layer norm,

        dx = (g − mean(g) − x̂ mean(g x̂)) / σ,  dw = Σ dy x̂,  db = Σ dy,

    the means over a group, the sums over examples and positions, for each channel. Saves x̂, σ
    and w.

    Args:
        groups: How many groups, a divisor of the channels.
        eps: Added to the variance.
        observe: Called with μ and the biased variance of each example and group, (B, groups), and
            n, for running averages.
    """

    def __init__(
        self,
        groups: int,
        eps: float,
        observe: Callable[[Array, Array, int], None] | None = None,
    ) -> None:
        self.groups, self.eps, self.observe = groups, eps, observe

    def forward(self, x: Array, w: Array | float, b: Array | float) -> Array:
        w, b = along_channels(w, x), along_channels(b, x)
        n = math.prod(x.shape[1:]) // self.groups
        rows = x.reshape(len(x), self.groups, n)
        mu = self.mean(rows)
        variance = self.mean((rows - mu) ** 2)
        self.sigma = np.sqrt(variance + self.eps)
        self.x_hat, self.w = ((rows - mu) / self.sigma).reshape(x.shape), w
        if self.observe is not None:
            self.observe(mu[..., 0], variance[..., 0], n)
        return self.x_hat * w + b

    def backward(self, dy: Array) -> tuple[Array | None, ...]:
        rows = (len(dy), self.groups, math.prod(dy.shape[1:]) // self.groups)
        g, x_hat = (dy * self.w).reshape(rows), self.x_hat.reshape(rows)
        dx = (g - self.mean(g) - x_hat * self.mean(g * x_hat)) / self.sigma
        dw, db = channel_sums(dy * self.x_hat), channel_sums(dy)
        return dx.reshape(dy.shape), dw.reshape(-1), db.reshape(-1)

    def mean(self, rows: Array) -> Array:
        """Return the mean of each example and group, (B, groups, 1)."""
        m: Array = rows.sum(axis=2, keepdims=True) / max(rows.shape[2], 1)
        return m


def group_norm(
    x: TensorLike,
    num_groups: int,
    weight: TensorLike | None = None,
    bias: TensorLike | None = None,
    eps: float = 1e-5,
) -> Tensor:
    r"""Bring each group of channels of each example to mean 0 and variance 1, then scale and shift.

    $$ y = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} \, w + b $$

    Args:
        x: (B, C, …): any number of axes of positions after the channels, none too.
        num_groups: How many groups of neighbouring channels, a divisor of C.
        weight: (C,); None means 1.
        bias: (C,); None means 0.
        eps: Added to the (biased) variance.

    Returns:
        The shape of x.

    Raises:
        ShapeError: If C cannot be divided into the groups, or a parameter is not (C,).

    Examples:
        >>> group_norm([[1.0, 3.0, 10.0, 10.5]], 2, eps=0.0).data
        array([[-1.,  1., -1.,  1.]], dtype=float32)
    """
    groups = check_count("group_norm", "num_groups", num_groups)
    x, weight, bias = coerce(x, weight, bias)
    if x.ndim < 2 or x.shape[1] % groups:
        raise ShapeError(
            f"group_norm: expected input (B, C, ...) with C a multiple of {groups}, got {x.shape}"
        )
    for name, parameter in (("weight", weight), ("bias", bias)):
        if parameter is not None and parameter.shape != (x.shape[1],):
            raise ShapeError(f"group_norm: expected {name} ({x.shape[1]},), got {parameter.shape}")
    w, b = 1.0 if weight is None else weight, 0.0 if bias is None else bias
    return GroupNormOp.apply(x, w, b, groups=groups, eps=check_eps("group_norm", eps))


class GroupNorm(Module):
    r"""Mean 0 and variance 1 for each example's groups of channels, then a scale and shift.

    $$ y = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} \, w + b $$

    μ and σ² run over the channels of a group and all positions; w and b are per channel. Called
    `GroupNorm` in PyTorch too, with the same parameters.

    Args:
        num_groups: How many groups; 1 is a layer norm over channels and positions, C an instance
            norm.
        num_channels: C, a multiple of `num_groups`.
        eps: Added to the variance.
        affine: Whether w and b are there.
        dtype: The parameters' dtype; None means the default, float32.

    Shape:
        (B, C, …) -> the same

    Attributes:
        weight: (C,), initially 1; or None.
        bias: (C,), initially 0; or None.

    Raises:
        ShapeError: If the input's axis 1 is not C.

    References:
        Wu & He (2018), arXiv:1803.08494, eqs. 1, 2, 6 and 7.

    Examples:
        >>> GroupNorm(2, 4, eps=0.0)([[1.0, 3.0, 10.0, 10.5]]).data
        array([[-1.,  1., -1.,  1.]], dtype=float32)
    """

    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        *,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        self.num_groups = check_count("GroupNorm", "num_groups", num_groups)
        self.num_channels = check_count("GroupNorm", "num_channels", num_channels)
        if num_channels % num_groups:
            raise ValueError(
                f"GroupNorm: expected num_channels to be a multiple of num_groups, "
                f"got {num_channels} channels in {num_groups} groups"
            )
        self.eps = check_eps("GroupNorm", eps)
        self.weight = Parameter(np.ones(num_channels), dtype) if affine else None
        self.bias = Parameter(np.zeros(num_channels), dtype) if affine else None

    def forward(self, x: TensorLike) -> Tensor:
        """Return the normalized input."""
        x, _ = coerce(x, self.weight)
        if x.ndim < 2 or x.shape[1] != self.num_channels:
            raise ShapeError(
                f"GroupNorm({self.num_groups}, {self.num_channels}): expected input "
                f"(B, {self.num_channels}, ...), got {x.shape}"
            )
        return group_norm(x, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """Return the sizes, and what is not the default."""
        parts = [f"{self.num_groups}, {self.num_channels}"]
        if self.eps != 1e-5:
            parts.append(f"eps={self.eps}")
        if self.weight is None:
            parts.append("affine=False")
        return ", ".join(parts)
