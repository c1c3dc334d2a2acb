r"""Instance normalization: every channel of every image is brought to mean 0 and variance 1.

It takes away an image's contrast, channel by channel, which helps networks that transfer style.
"""

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_core.tensor import Tensor, TensorLike
from neural_net_layers._checks import check_eps, check_momentum
from neural_net_layers._inputs import coerce
from neural_net_layers.normalization._channel_norm import (
    ChannelNorm,
    Running,
    check_channels,
    move_average,
)
from neural_net_layers.normalization.batch_norm import batch_norm
from neural_net_layers.normalization.group_norm import GroupNormOp

__all__ = ["InstanceNorm1D", "InstanceNorm2D", "instance_norm"]


def instance_norm(
    x: TensorLike,
    running_mean: Running = None,
    running_var: Running = None,
    weight: TensorLike | None = None,
    bias: TensorLike | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    r"""Bring each channel of each example to mean 0 and variance 1, then scale and shift it.

    $$ y = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} \, w + b $$

    It is a group norm with a group per channel, plus running averages.

    Args:
        x: (B, C, …) with at least one axis of positions.
        running_mean: (C,); moved, in place, towards the average over the batch of the examples'
            means, or used as μ if `use_input_stats` is False. None keeps none.
        running_var: (C,), likewise for the unbiased σ².
        weight: (C,); None means 1.
        bias: (C,); None means 0.
        use_input_stats: False takes the running averages instead of each example's statistics.
        momentum: The weight of the new batch in the running averages.
        eps: Added to the (biased) variance.

    Returns:
        The shape of x.

    Raises:
        ShapeError: If a size per channel is not C, or there is one position per channel: it would
            normalize to 0, whatever it is.

    Examples:
        >>> instance_norm([[[1.0, 3.0], [10.0, 10.5]]], eps=0.0).data
        array([[[-1.,  1.],
                [-1.,  1.]]], dtype=float32)
    """
    if not use_input_stats:
        if running_mean is None or running_var is None:
            raise ValueError("instance_norm: expected running averages, or use_input_stats=True")
        return batch_norm(x, running_mean, running_var, weight, bias, eps=eps)
    x, weight, bias = coerce(x, weight, bias)
    if x.ndim < 3:
        raise ShapeError(f"instance_norm: expected input (B, C, ...) with positions, got {x.shape}")
    channels = x.shape[1]
    check_channels("instance_norm", channels, running_mean, running_var, weight=weight, bias=bias)
    eps = check_eps("instance_norm", eps)
    momentum = check_momentum("instance_norm", momentum)
    if x.size and np.prod(x.shape[2:]) == 1:
        raise ShapeError(f"instance_norm: expected more than 1 position per channel, got {x.shape}")

    def observe(mean: Array, variance: Array, n: int) -> None:
        if mean.size and n:  # an empty batch says nothing, nor do channels without positions
            move_average(running_mean, mean.mean(0), momentum)
            move_average(running_var, variance.mean(0) * (n / (n - 1)), momentum)

    w, b = 1.0 if weight is None else weight, 0.0 if bias is None else bias
    return GroupNormOp.apply(x, w, b, groups=channels, eps=eps, observe=observe)


class _InstanceNorm(ChannelNorm):
    """The shared body: normalize each example by itself, with or without a batch axis."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        *,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, dtype=dtype)

    def normalize(self, x: Tensor, momentum: float) -> Tensor:
        """Return the normalized input."""
        batched = max(self.inputs)  # axes of an input with a batch
        batch = x if x.ndim == batched else x.expand_dims(0)
        y = instance_norm(
            batch,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            0.0 if self.momentum is None else momentum,
            self.eps,
        )
        return y if x.ndim == batched else y.squeeze(0)


class InstanceNorm1D(_InstanceNorm):
    r"""Mean 0 and variance 1 for each channel of each sequence.

    $$ y = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} \, w + b $$

    μ and σ² run over the steps of one channel of one sequence. As in PyTorch, where it is called
    `InstanceNorm1d`, there are by default no parameters and no running averages; with
    `track_running_stats` the averages are used after `eval()`. Differing from PyTorch, which
    leaves it at 0, `num_batches_tracked` counts.

    Args:
        num_features: C, how many channels.
        eps: Added to the variance.
        momentum: The weight of the new batch in the running averages, in [0, 1]. None leaves them
            as they are, as in PyTorch: unlike a batch norm's, they are no plain averages then.
        affine: Whether w and b are there.
        track_running_stats: Whether running averages are kept, and used in evaluation.
        dtype: The parameters' dtype; None means the default, float32.

    Shape:
        (B, C, L) or (C, L) -> the same

    Attributes:
        weight: (C,), initially 1; or None.
        bias: (C,), initially 0; or None.
        running_mean: (C,), a buffer, initially 0; or None.
        running_var: (C,), a buffer, initially 1; or None.
        num_batches_tracked: A buffer, how many batches the averages have seen; or None.

    Raises:
        ShapeError: If the input has another shape, or one step per channel.

    References:
        Ulyanov et al. (2016), arXiv:1607.08022, eq. 3, with one axis of positions.

    Examples:
        >>> InstanceNorm1D(2, eps=0.0)([[1.0, 3.0], [10.0, 10.5]]).data
        array([[-1.,  1.],
               [-1.,  1.]], dtype=float32)
    """

    inputs: ClassVar[dict[int, tuple[int, str]]] = {3: (1, "(B, C, L)"), 2: (0, "(C, L)")}


class InstanceNorm2D(_InstanceNorm):
    r"""Mean 0 and variance 1 for each channel of each image.

    $$ y = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} \, w + b $$

    μ and σ² run over the positions of one channel of one image. As in PyTorch, where it is called
    `InstanceNorm2d`, there are by default no parameters and no running averages; with
    `track_running_stats` the averages are used after `eval()`. Differing from PyTorch, which
    leaves it at 0, `num_batches_tracked` counts.

    Args:
        num_features: C, how many channels.
        eps: Added to the variance.
        momentum: The weight of the new batch in the running averages, in [0, 1]. None leaves them
            as they are, as in PyTorch: unlike a batch norm's, they are no plain averages then.
        affine: Whether w and b are there.
        track_running_stats: Whether running averages are kept, and used in evaluation.
        dtype: The parameters' dtype; None means the default, float32.

    Shape:
        (B, C, H, W) or (C, H, W) -> the same

    Attributes:
        weight: (C,), initially 1; or None.
        bias: (C,), initially 0; or None.
        running_mean: (C,), a buffer, initially 0; or None.
        running_var: (C,), a buffer, initially 1; or None.
        num_batches_tracked: A buffer, how many batches the averages have seen; or None.

    Raises:
        ShapeError: If the input has another shape, or one position per channel.

    References:
        Ulyanov et al. (2016), arXiv:1607.08022, eq. 3.

    Examples:
        >>> InstanceNorm2D(2, eps=0.0)([[[1.0, 3.0]], [[10.0, 10.5]]]).data
        array([[[-1.,  1.]],
        <BLANKLINE>
               [[-1.,  1.]]], dtype=float32)
    """

    inputs: ClassVar[dict[int, tuple[int, str]]] = {4: (1, "(B, C, H, W)"), 3: (0, "(C, H, W)")}
