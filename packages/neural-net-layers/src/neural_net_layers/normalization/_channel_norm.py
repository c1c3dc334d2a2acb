"""What norms per channel share: parameters per channel, and running averages.

The averages are buffers: they belong to the state dict, are not learned, and move by themselves
in training.
"""

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from neural_net_core import observing
from neural_net_core.checks import check_count, shown
from neural_net_core.dtypes import Array
from neural_net_core.errors import DTypeError, ShapeError
from neural_net_core.modules.inputs import as_input
from neural_net_core.modules.module import Module
from neural_net_core.tensor import Buffer, Parameter, Tensor, TensorLike
from neural_net_layers._checks import check_eps, check_momentum
from neural_net_layers._inputs import coerce

__all__: list[str] = []

Running = Tensor | Array | None


def along_channels(p: Array | float, x: Array) -> Any:
    """Return one number per channel of x as (C, 1, …); a number for all channels as it is."""
    return p if isinstance(p, float) else p.reshape(-1, *[1] * (x.ndim - 2))


def array_of(values: Tensor | Array) -> Array:
    """Return the array of a running average."""
    return values.data if isinstance(values, Tensor) else values


def move_average(running: Running, batch: Array, momentum: float) -> None:
    """Move a running average towards a batch's statistic, in place."""
    if running is None:
        return
    values = observing.array_of(running) if isinstance(running, Tensor) else running
    values *= 1 - momentum
    values += momentum * batch
    if isinstance(running, Buffer):
        running.version += 1


def check_channels(
    layer: str, channels: int, running_mean: Running, running_var: Running, **parameters: Any
) -> None:
    """Raise if running averages or parameters are not one floating number per channel."""
    averages = {"running_mean": running_mean, "running_var": running_var}
    for name, values in averages.items():
        if values is not None and not isinstance(values, Tensor | np.ndarray):
            raise DTypeError(
                f"{layer}: {name} must be an array, which is changed in place, got {shown(values)}"
            )
        if values is not None and values.dtype.kind != "f":
            raise DTypeError(f"{layer}: {name} must be floating, got {values.dtype}")
    for name, array in (averages | parameters).items():
        if array is not None and array.shape != (channels,):
            raise ShapeError(f"{layer}: expected {name} ({channels},), got {array.shape}")


class ChannelNorm(Module):
    """A scale and shift per channel, and running averages of its mean and variance.

    A subclass writes `normalize`, and says in `inputs` how an input may look: by its number of
    axes, on which axis the channels stand, and all axes for the error's text.
    """

    inputs: ClassVar[dict[int, tuple[int, str]]] = {}

    weight: Parameter | None
    bias: Parameter | None
    running_mean: Buffer | None
    running_var: Buffer | None
    num_batches_tracked: Buffer | None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        *,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        name = type(self).__name__
        self.num_features = check_count(name, "num_features", num_features)
        self.eps = check_eps(name, eps)
        self.momentum = None if momentum is None else check_momentum(name, momentum)
        self.track_running_stats = track = track_running_stats
        self.weight = Parameter(np.ones(num_features), dtype) if affine else None
        self.bias = Parameter(np.zeros(num_features), dtype) if affine else None
        self.running_mean = Buffer(np.zeros(num_features), dtype) if track else None
        # 1, not 0: evaluation before any training then leaves the size of the input as it is.
        self.running_var = Buffer(np.ones(num_features), dtype) if track else None
        # Files from before PyTorch counted batches, and some other programs', lack the count.
        count = Buffer(np.array(0, np.int64), optional=True)
        self.num_batches_tracked = count if track else None

    def normalize(self, x: Tensor, momentum: float) -> Tensor:
        """Return the normalized input; in training move the averages with this momentum."""
        raise NotImplementedError

    def forward(self, x: TensorLike) -> Tensor:
        """Return the normalized input, and in training move the running averages."""
        x, _ = coerce(as_input(self, x), self.weight)
        known = self.inputs.get(x.ndim)
        if known is None or x.shape[known[0]] != self.num_features:
            shapes = " or ".join(axes for _, axes in self.inputs.values())
            shapes = shapes.replace("C", str(self.num_features))
            raise ShapeError(
                f"{type(self).__name__}({self.num_features}): expected input {shapes}, "
                f"got {x.shape}"
            )
        count = self.num_batches_tracked
        if not self.training or count is None or x.size == 0:
            return self.normalize(x, 0.0)
        seen = observing.array_of(count)
        # None: the plain average of all batches
        y = self.normalize(x, 1 / (int(seen) + 1) if self.momentum is None else self.momentum)
        seen += 1
        count.version += 1
        return y

    def extra_repr(self) -> str:
        """Return the sizes and switches."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, "
            f"affine={self.weight is not None}, track_running_stats={self.track_running_stats}"
        )
