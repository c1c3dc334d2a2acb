r"""Batch normalization: every channel is brought to mean 0 and variance 1 over the batch.

In training the statistics are the batch's own, and running averages of them are kept; in
evaluation the running averages take their place, so that an example's result does not depend on
its neighbours.
"""

from collections.abc import Callable
from typing import ClassVar

import numpy as np

from neural_net_core.checks import check_dtype
from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_core.op import Op
from neural_net_core.tensor import Tensor, TensorLike
from neural_net_layers._channel_sums import channel_sums
from neural_net_layers._checks import check_eps, check_momentum
from neural_net_layers._inputs import coerce
from neural_net_layers.normalization._channel_norm import (
    ChannelNorm,
    Running,
    along_channels,
    array_of,
    check_channels,
    move_average,
)

__all__ = ["BatchNorm1D", "BatchNorm2D", "BatchNormOp", "FixedNormOp", "batch_norm"]


class BatchNormOp(Op):
    r"""y = x̂ w + b with x̂ = (x − μ) / σ, each channel over batch and positions together.

    With n numbers per channel, μ = Σ x / n and σ = √(Σ (x − μ)² / n + ε), which includes ε.
    The derivation is that of a layer norm with the roles of examples and features exchanged: with

        ∂x̂ⱼ/∂xᵢ = (δᵢⱼ − 1/n − x̂ᵢ x̂ⱼ / n) / σ

    and w constant within a channel,

        dw = Σ dy x̂,  db = Σ dy,  dx = (w / σ) (dy − db / n − x̂ dw / n).

    Saves x̂, σ and w.

    Args:
        eps: Added to the variance.
        observe: Called with μ, the biased variance and n of the batch, for running averages.
    """

    def __init__(
        self, eps: float, observe: Callable[[Array, Array, int], None] | None = None
    ) -> None:
        self.eps, self.observe = eps, observe

    def forward(self, x: Array, w: Array | float, b: Array | float) -> Array:
        w, b = along_channels(w, x), along_channels(b, x)  # (C, 1, …), as all sums below
        count = x.size // x.shape[1]
        self.n = max(count, 1)  # an empty batch gives an empty result
        mu = channel_sums(x) / self.n
        variance = channel_sums((x - mu) ** 2) / self.n
        self.sigma = np.sqrt(variance + self.eps)
        self.x_hat = (x - mu) / self.sigma
        self.w = w
        if self.observe is not None:
            self.observe(mu.reshape(-1), variance.reshape(-1), count)
        return self.x_hat * w + b

    def backward(self, dy: Array) -> tuple[Array | None, ...]:
        x_hat, n = self.x_hat, self.n
        dw, db = channel_sums(dy * x_hat), channel_sums(dy)
        dx = (self.w / self.sigma) * (dy - db / n - x_hat * (dw / n))
        return dx, dw.reshape(-1), db.reshape(-1)


class FixedNormOp(Op):
    r"""y = (x − μ) w / σ + b per channel, with μ and the variance given, not the batch's own.

    σ = √(variance + ε). It and μ are constants here, so dx = dy w / σ,  dw = Σ dy (x − μ) / σ,
    db = Σ dy. Saves x − μ, 1/σ and w.

    Args:
        eps: Added to the variance.
    """

    def __init__(self, eps: float) -> None:
        self.eps = eps

    def forward(
        self, x: Array, w: Array | float, b: Array | float, mu: Array, variance: Array
    ) -> Array:
        w, b, mu, variance = (along_channels(p, x) for p in (w, b, mu, variance))
        self.centred = x - mu
        self.inverse_sigma = 1 / np.sqrt(variance + self.eps)
        self.w = w
        return self.centred * (self.inverse_sigma * w) + b

    def backward(self, dy: Array) -> tuple[Array | None, ...]:
        dx = dy * (self.inverse_sigma * self.w)
        dw, db = channel_sums(dy * self.centred) * self.inverse_sigma, channel_sums(dy)
        return dx, dw.reshape(-1), db.reshape(-1), None, None


def batch_norm(
    x: TensorLike,
    running_mean: Running = None,
    running_var: Running = None,
    weight: TensorLike | None = None,
    bias: TensorLike | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    r"""Bring every channel to mean 0 and variance 1, then scale and shift it.

    $$ y = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} \, w + b $$

    The batch is normalized with its biased variance (divided by n); the running variance averages
    the unbiased one (divided by n − 1), as in PyTorch.

    Args:
        x: (B, C, …): any number of axes of positions after the channels, none too.
        running_mean: (C,), μ in evaluation; in training it is moved, in place, towards the
            batch's. None takes the batch's statistics in evaluation too.
        running_var: (C,), likewise for σ².
        weight: (C,); None means 1.
        bias: (C,); None means 0.
        training: Whether the statistics are the batch's own.
        momentum: The weight of the new batch in the running averages (1 − it, in Keras).
        eps: Added to the variance.

    Returns:
        The shape of x.

    Raises:
        ShapeError: If a size per channel is not C, or there is one number per channel in training:
            it would normalize to 0, whatever it is.

    Examples:
        >>> batch_norm([[1.0, 10.0], [3.0, 10.0]], training=True, eps=1e-12).data
        array([[-1.,  0.],
               [ 1.,  0.]], dtype=float32)
    """
    x, weight, bias = coerce(x, weight, bias)
    if x.ndim < 2:
        raise ShapeError(f"batch_norm: expected input (B, C, ...), got {x.shape}")
    check_channels("batch_norm", x.shape[1], running_mean, running_var, weight=weight, bias=bias)
    eps = check_eps("batch_norm", eps)
    momentum = check_momentum("batch_norm", momentum)
    for average in (running_mean, running_var):
        if average is not None:
            check_dtype("batch_norm", array_of(average).dtype)
    if (running_mean is None) != (running_var is None):
        raise ValueError("batch_norm: expected running_mean and running_var, got one of them")
    w, b = 1.0 if weight is None else weight, 0.0 if bias is None else bias
    if not training and running_mean is not None and running_var is not None:
        averages = (array_of(p).astype(x.dtype, copy=False) for p in (running_mean, running_var))
        return FixedNormOp.apply(x, w, b, *averages, eps=eps)
    if x.size == x.shape[1]:
        raise ShapeError(
            f"batch_norm: expected more than 1 value per channel in training, got {x.shape}; "
            "use larger batches, or eval() for single examples"
        )

    def observe(mean: Array, variance: Array, n: int) -> None:
        if n > 1:  # an empty batch says nothing
            move_average(running_mean, mean, momentum)
            move_average(running_var, variance * (n / (n - 1)), momentum)

    watch = observe if running_mean is not None else None
    return BatchNormOp.apply(x, w, b, eps=eps, observe=watch)


class _BatchNorm(ChannelNorm):
    """What the batch norms of all dimensions share."""

    def normalize(self, x: Tensor, momentum: float) -> Tensor:
        """Return the normalized input."""
        return batch_norm(
            x,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training,
            momentum,
            self.eps,
        )


class BatchNorm1D(_BatchNorm):
    r"""Mean 0 and variance 1 for every feature over the batch, then a learned scale and shift.

    $$ y = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} \, w + b, \qquad
       \mu = \frac{1}{n} \sum_i x_i, \quad \sigma^2 = \frac{1}{n} \sum_i (x_i - \mu)^2 $$

    In training μ and σ² are the batch's, and running averages move towards them by `momentum`
    (the variance with n − 1 instead of n); after `eval()` the running averages are used. Called
    `BatchNorm1d` in PyTorch, with the same parameters, buffers and defaults; in Keras
    `BatchNormalization`, whose momentum 0.99 is the weight of the old average and whose eps is
    1e-3.

    Args:
        num_features: C, how many features or channels.
        eps: Added to the variance.
        momentum: The weight of the new batch in the running averages, in [0, 1]; None gives all
            batches the same weight.
        affine: Whether w and b are there.
        track_running_stats: False keeps no averages and uses the batch's statistics always.
        dtype: The parameters' dtype; None means the default, float32.

    Shape:
        (B, C) or (B, C, T) -> the same

    Attributes:
        weight: (C,), initially 1; or None.
        bias: (C,), initially 0; or None.
        running_mean: (C,), a buffer, initially 0; or None.
        running_var: (C,), a buffer, initially 1; or None.
        num_batches_tracked: A buffer, how many batches the averages have seen; or None.

    Raises:
        ShapeError: If the input has another shape, or one number per channel in training.

    References:
        Ioffe & Szegedy (2015), arXiv:1502.03167, algorithm 1.

    Examples:
        >>> layer = BatchNorm1D(1, eps=0.0)
        >>> layer([[1.0], [3.0]]).data
        array([[-1.],
               [ 1.]], dtype=float32)
        >>> layer.running_mean.data, layer.running_var.data  # 0.1 · 2, 0.9 · 1 + 0.1 · 2
        (array([0.2], dtype=float32), array([1.1], dtype=float32))
        >>> layer.eval()([[0.2]]).data
        array([[0.]], dtype=float32)
    """

    inputs: ClassVar[dict[int, tuple[int, str]]] = {2: (1, "(B, C)"), 3: (1, "(B, C, T)")}


class BatchNorm2D(_BatchNorm):
    r"""Mean 0 and variance 1 for every channel over batch and image, then a scale and shift.

    $$ y = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} \, w + b $$

    The statistics of a channel run over all B·H·W of its numbers; everything else is as in
    `BatchNorm1D`. Called `BatchNorm2d` in PyTorch.

    Args:
        num_features: C, how many channels.
        eps: Added to the variance.
        momentum: The weight of the new batch in the running averages, in [0, 1]; None gives all
            batches the same weight.
        affine: Whether w and b are there.
        track_running_stats: False keeps no averages and uses the batch's statistics always.
        dtype: The parameters' dtype; None means the default, float32.

    Shape:
        (B, C, H, W) -> the same

    Attributes:
        weight: (C,), initially 1; or None.
        bias: (C,), initially 0; or None.
        running_mean: (C,), a buffer, initially 0; or None.
        running_var: (C,), a buffer, initially 1; or None.
        num_batches_tracked: A buffer, how many batches the averages have seen; or None.

    Raises:
        ShapeError: If the input has another shape, or one number per channel in training.

    References:
        Ioffe & Szegedy (2015), arXiv:1502.03167, section 3.2.

    Examples:
        >>> BatchNorm2D(1, eps=0.0)([[[[1.0, 3.0]]]]).data
        array([[[[-1.,  1.]]]], dtype=float32)
    """

    inputs: ClassVar[dict[int, tuple[int, str]]] = {4: (1, "(B, C, H, W)")}
