r"""Root-mean-square normalization: every example is brought to length √n over its features.

A layer norm without the mean: only the size of the signal is kept in order, which is what deep
networks need of it, at half the work.
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

__all__ = ["RMSNorm", "RMSNormOp", "rms_norm"]


class RMSNormOp(Op):
    r"""y = x̂ w with x̂ = x / ρ, ρ = √(mean(x²) + ε), each example over its last axes together.

    With n features, ∂ρ/∂xᵢ = xᵢ / (n ρ) = x̂ᵢ / n, so ∂x̂ⱼ/∂xᵢ = (δᵢⱼ − x̂ᵢ x̂ⱼ / n) / ρ, and with
    g = dy w, the gradient of x̂,

        dx = (g − x̂ mean(g x̂)) / ρ,  dw = Σ dy x̂,

    the sum over examples: g loses its part along x̂, because stretching x changes nothing.
    Saves x̂, ρ and w.

    Args:
        axes: How many of the last axes hold an example's features.
        eps: Added to the mean square.
    """

    def __init__(self, axes: int, eps: float) -> None:
        self.axes, self.eps = axes, eps

    def forward(self, x: Array, w: Array | float) -> Array:
        self.rho = np.sqrt(self.mean(x**2) + self.eps)
        self.x_hat, self.w = x / self.rho, w
        return self.x_hat * w

    def backward(self, dy: Array) -> tuple[Array | None, ...]:
        x_hat, g = self.x_hat, dy * self.w
        dx = (g - x_hat * self.mean(g * x_hat)) / self.rho
        return dx, dy * x_hat  # dw of each example: the tape adds them up

    def mean(self, a: Array) -> Array:
        """Return the mean of each example, in axes of length 1."""
        m: Array = a.mean(axis=tuple(range(-self.axes, 0)), keepdims=True)
        return m


def rms_norm(
    x: TensorLike,
    normalized_shape: int | Sequence[int],
    weight: TensorLike | None = None,
    eps: float | None = None,
) -> Tensor:
    r"""Divide each example by the root mean square over its last axes, then scale.

    $$ y = \frac{x}{\sqrt{\frac{1}{n} \sum_i x_i^2 + \epsilon}} \, w $$

    Args:
        x: (…, *normalized_shape).
        normalized_shape: The lengths of the last axes, an integer for the last axis alone.
        weight: Of `normalized_shape`; None means 1.
        eps: Added to the mean square, so that an example of zeros gives 0 and not 0/0. None means
            the smallest step of x's dtype at 1, as in PyTorch: 1.2e-7 for float32.

    Returns:
        The shape of x.

    Raises:
        ShapeError: If x does not end in `normalized_shape`.

    Examples:
        >>> rms_norm([[1.0, 7.0]], 2).data
        array([[0.2, 1.4]], dtype=float32)
    """
    shape = check_lengths("rms_norm", "normalized_shape", normalized_shape)
    x, weight = coerce(x, weight)
    if x.data.shape[-len(shape) :] != shape:
        sizes = ", ".join(map(str, shape))
        raise ShapeError(f"RMSNorm({sizes}): expected input (..., {sizes}), got {x.shape}")
    if weight is not None and weight.data.shape != shape:
        raise ShapeError(f"rms_norm: expected weight {shape}, got {weight.shape}")
    if eps is None:
        eps = float(np.finfo(x.data.dtype).eps)
    w = 1.0 if weight is None else weight
    return RMSNormOp.apply(x, w, axes=len(shape), eps=check_eps("rms_norm", eps))


class RMSNorm(Module):
    r"""Mean square 1 over each example's features, then a learned scale.

    $$ y = \frac{x}{\sqrt{\frac{1}{n} \sum_i x_i^2 + \epsilon}} \, w $$

    Called `RMSNorm` in PyTorch too, with the same parameter.

    Args:
        normalized_shape: The lengths of the last axes of the input, an integer for one axis.
        eps: Added to the mean square; None means the smallest step of the input's dtype at 1.
        elementwise_affine: Whether w is there.
        dtype: The parameter's dtype; None means the default, float32.

    Shape:
        (…, *normalized_shape) -> the same

    Attributes:
        weight: `normalized_shape`, initially 1; or None.

    Raises:
        ShapeError: If the input does not end in `normalized_shape`.

    References:
        Zhang & Sennrich (2019), arXiv:1910.07467, eq. 4. The ε is PyTorch's addition.

    Examples:
        >>> RMSNorm(2)([[1.0, 7.0]]).data
        array([[0.2, 1.4]], dtype=float32)
    """

    weight: Parameter | None

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        *,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        self.normalized_shape = check_lengths("RMSNorm", "normalized_shape", normalized_shape)
        self.eps = None if eps is None else check_eps("RMSNorm", eps)
        self.weight = (
            Parameter(np.ones(self.normalized_shape), dtype) if elementwise_affine else None
        )

    def forward(self, x: TensorLike) -> Tensor:
        """Return the normalized input."""
        return rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        """Return the sizes, and what is not the default."""
        parts = [", ".join(map(str, self.normalized_shape))]
        if self.eps is not None:
            parts.append(f"eps={self.eps}")
        if self.weight is None:
            parts.append("elementwise_affine=False")
        return ", ".join(parts)
