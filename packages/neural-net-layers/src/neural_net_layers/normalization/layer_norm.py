r"""Layer normalization: every example is brought to mean 0 and variance 1 over its features.

Unlike batch normalization it looks at one example at a time, so it works with any batch size, for
sequences of any length, and in the same way in training and evaluation.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_core.modules.module import Module
from neural_net_core.op import Op
from neural_net_core.tensor import Parameter, Tensor, TensorLike
from neural_net_layers._checks import check_eps, check_lengths
from neural_net_layers._inputs import coerce

__all__ = ["LayerNorm", "LayerNormOp", "layer_norm"]


class LayerNormOp(Op):
    r"""y = x̂ w + b with x̂ = (x − μ) / σ, each example over its last axes together.

    With n features, μ = Σ x / n and σ = √(Σ (x − μ)² / n + ε): σ includes ε here, while
    the formula of `layer_norm` writes σ² + ε. All of x̂ depends on all of x:

        ∂x̂ⱼ/∂xᵢ = (δᵢⱼ − 1/n − x̂ᵢ x̂ⱼ / n) / σ

    (the three terms: xⱼ itself, μ, and σ, whose derivative is ∂σ/∂xᵢ = x̂ᵢ / n). So with
    g = dy w, the gradient of x̂,

        dx = (g − mean(g) − x̂ mean(g x̂)) / σ,  dw = Σ dy x̂,  db = Σ dy,

    the sums over examples: g loses its mean and its part along x̂, because adding a constant to x
    or stretching it changes nothing. Without parameters w is 1.0 and b 0.0. Saves x̂, σ and w.

    Args:
        axes: How many of the last axes hold an example's features.
        eps: Added to the variance.
    """

    def __init__(self, axes: int, eps: float) -> None:
        self.axes, self.eps = axes, eps

    def forward(self, x: Array, w: Array | float, b: Array | float) -> Array:
        mu = self.mean(x)
        variance = self.mean((x - mu) ** 2)
        self.sigma = np.sqrt(variance + self.eps)
        self.x_hat = (x - mu) / self.sigma
        self.w = w
        return self.x_hat * w + b

    def backward(self, dy: Array) -> tuple[Array | None, ...]:
        x_hat, g = self.x_hat, dy * self.w
        dx = (g - self.mean(g) - x_hat * self.mean(g * x_hat)) / self.sigma
        return dx, dy * x_hat, dy  # dw and db of each example: the tape adds them up

    def mean(self, a: Array) -> Array:
        """Return the mean of each example, in axes of length 1."""
        m: Array = a.mean(axis=tuple(range(-self.axes, 0)), keepdims=True)
        return m


def layer_norm(
    x: TensorLike,
    normalized_shape: int | Sequence[int],
    weight: TensorLike | None = None,
    bias: TensorLike | None = None,
    eps: float = 1e-5,
) -> Tensor:
    r"""Bring each example to mean 0 and variance 1 over its last axes, then scale and shift.

    $$ y = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} \, w + b $$

    Args:
        x: (…, *normalized_shape).
        normalized_shape: The lengths of the last axes, over which μ and σ² (the biased variance)
            are taken; an integer for the last axis alone.
        weight: Of `normalized_shape`; None means 1.
        bias: Of `normalized_shape`; None means 0.
        eps: Added to the variance, so that a constant example gives 0 and not 0/0.

    Returns:
        The shape of x.

    Raises:
        ShapeError: If x does not end in `normalized_shape`.

    Examples:
        >>> layer_norm([[1.0, 3.0]], 2, eps=0.0).data
        array([[-1.,  1.]], dtype=float32)
    """
    shape = check_lengths("layer_norm", "normalized_shape", normalized_shape)
    x, weight, bias = coerce(x, weight, bias)
    if x.data.shape[-len(shape) :] != shape:
        sizes = ", ".join(map(str, shape))
        raise ShapeError(f"LayerNorm({sizes}): expected input (..., {sizes}), got {x.shape}")
    for name, parameter in (("weight", weight), ("bias", bias)):
        if parameter is not None and parameter.data.shape != shape:
            raise ShapeError(f"layer_norm: expected {name} {shape}, got {parameter.shape}")
    w, b = 1.0 if weight is None else weight, 0.0 if bias is None else bias
    return LayerNormOp.apply(x, w, b, axes=len(shape), eps=check_eps("layer_norm", eps))


class LayerNorm(Module):
    r"""Mean 0 and variance 1 over each example's features, then a learned scale and shift.

    $$ y = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} \, w + b, \qquad
       \mu = \frac{1}{n} \sum_i x_i, \quad \sigma^2 = \frac{1}{n} \sum_i (x_i - \mu)^2 $$

    Called `LayerNorm` in PyTorch too, with the same parameters; `LayerNormalization` in Keras,
    whose eps is 1e-3.

    Args:
        normalized_shape: The lengths of the last axes of the input, an integer for one axis.
        eps: Added to the variance, positive or 0.
        elementwise_affine: Whether w (and b) are there.
        bias: Whether b is there, if w is.
        dtype: The parameters' dtype; None means the default, float32.

    Shape:
        (…, *normalized_shape) -> the same

    Attributes:
        weight: `normalized_shape`, initially 1; or None.
        bias: `normalized_shape`, initially 0; or None.

    Raises:
        ShapeError: If the input does not end in `normalized_shape`.

    References:
        Ba et al. (2016), arXiv:1607.06450, eq. 4.

    Examples:
        >>> LayerNorm(2, eps=0.0)([[1.0, 3.0], [10.0, 10.5]]).data
        array([[-1.,  1.],
               [-1.,  1.]], dtype=float32)
    """

    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        *,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        self.normalized_shape = check_lengths("LayerNorm", "normalized_shape", normalized_shape)
        self.eps = check_eps("LayerNorm", eps)
        self.weight = self.bias = None
        if elementwise_affine:
            self.weight = Parameter(np.ones(self.normalized_shape), dtype)
            self.bias = Parameter(np.zeros(self.normalized_shape), dtype) if bias else None

    def forward(self, x: TensorLike) -> Tensor:
        """Return the normalized input."""
        return layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """Return the sizes, and what is not the default."""
        parts = [", ".join(map(str, self.normalized_shape))]
        if self.eps != 1e-5:
            parts.append(f"eps={self.eps}")
        if self.weight is None:
            parts.append("elementwise_affine=False")
        elif self.bias is None:
            parts.append("bias=False")
        return ", ".join(parts)
