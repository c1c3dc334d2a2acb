"""What the convolution layers share: their parameters, their checks and how they are written."""

import math
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from neural_net_core import init as initializers
from neural_net_core.checks import check_word
from neural_net_core.drawing import drawn
from neural_net_core.errors import ShapeError
from neural_net_core.init import Initializer
from neural_net_core.ops import pad
from neural_net_core.random import resolve_rng
from neural_net_core.tensor import Parameter, Tensor
from neural_net_layers._geometry import Pair, Window, times
from neural_net_layers.padding._borders import too_wide

__all__: list[str] = []

PaddingMode = Literal["zeros", "reflect", "replicate", "circular"]

# PyTorch's names of the modes, and NumPy's.
_MODES: dict[str, Any] = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def draw_parameters(
    layer: str,
    shape: tuple[int, ...],
    out: int,
    bias: bool,
    init: Initializer | None,
    rng: np.random.Generator | None,
    dtype: npt.DTypeLike | None,
) -> tuple[Parameter, Parameter | None]:
    """Return the weight and the bias of a convolution.

    Args:
        layer: For messages.
        shape: Of the weight; fan_in is the product of all axes but the first.
        out: How many numbers the bias has.
        bias: Whether there is one.
        init: Called as `init(shape, rng=…, dtype=…)`, and the bias is zero; None draws both from
            uniform(-1/sqrt(fan_in), 1/sqrt(fan_in)), which is PyTorch's kaiming_uniform(a=√5).
        rng: The generator to draw from.
        dtype: The parameters' dtype.
    """
    rng = resolve_rng(rng)
    if init is None:
        bound = 1 / math.sqrt(math.prod(shape[1:]))
        weight = initializers.uniform(shape, -bound, bound, rng=rng, dtype=dtype)
        shift = initializers.uniform((out,), -bound, bound, rng=rng, dtype=dtype)
    else:
        weight = drawn(layer, "init", init, shape, rng, dtype)
        shift = initializers.zeros((out,), dtype=dtype)
    return Parameter(weight, dtype), Parameter(shift, dtype) if bias else None


def check_groups(layer: str, groups: int, **channels: int) -> None:
    """Raise if a number of channels cannot be divided into the groups."""
    for name, count in channels.items():
        if count % groups:
            raise ValueError(
                f"{layer}: expected {name} to be a multiple of groups = {groups}, got {count}"
            )


def check_padding_mode(layer: str, mode: str) -> None:
    """Raise if a padding mode is unknown."""
    check_word(layer, "padding_mode", mode, get_args(PaddingMode))


def check_input(label: str, x: Tensor, channels: int, axes: str = "H, W") -> None:
    """Raise if x is not (B, channels, …) with the axes."""
    shape = x.data.shape
    if len(shape) != 3 + axes.count(",") or shape[1] != channels:
        raise ShapeError(f"{label}: expected input (B, {channels}, {axes}), got {shape}")


def check_weights(name: str, weight: Tensor, bias: Tensor | None, axes: int, out: int) -> None:
    """Raise if weight or bias of a function have not the right number of axes, or of outputs.

    Args:
        name: The function's.
        weight: Two axes of channels, then the kernel's.
        bias: (out,), or None.
        axes: How many axes the kernel has.
        out: How many outputs there are.
    """
    if weight.ndim != 2 + axes:
        raise ShapeError(f"{name}: expected a weight with {2 + axes} axes, got {weight.shape}")
    if bias is not None and bias.shape != (out,):
        raise ShapeError(f"{name}: expected bias ({out},), got {bias.shape}")


def pad_image(label: str, x: Tensor, padding: tuple[Pair, ...], mode: str) -> Tensor:
    """Return images within a border taken from themselves.

    Args:
        label: For the message.
        x: (B, C, …).
        padding: (before, after) for each axis of the image.
        mode: `"reflect"`, `"replicate"` or `"circular"`.
    """
    excess = too_wide(x.shape[2:], padding, _MODES[mode])
    if excess is not None:
        raise ShapeError(
            f"{label}: padding {excess} with padding_mode={mode!r} takes more than the input has, "
            f"got {x.shape}"
        )
    return pad(x, [(0, 0), (0, 0), *padding], mode=_MODES[mode])


def label_of(layer: str, inputs: int, outputs: int, kernel: tuple[int, ...]) -> str:
    """Return how messages call a convolution: Conv2D(3 -> 16, kernel 5×5)."""
    return f"{layer}({inputs} -> {outputs}, kernel {times(kernel)})"


def options_of(window: Window, groups: int, bias: bool, mode: str, axes: int = 2) -> str:
    """Return what is not the default, for `repr`."""
    parts = []
    if window.stride != (1, 1):
        parts.append(f"stride {times(window.stride[:axes])}")
    if any(map(any, window.padding)):
        pads = window.padding[:axes]
        even = all(before == after for before, after in pads)
        parts.append(f"padding {times([n for n, _ in pads]) if even else pads}")
    if window.dilation != (1, 1):
        parts.append(f"dilation {times(window.dilation[:axes])}")
    if groups != 1:
        parts.append(f"{groups} groups")
    if mode != "zeros":
        parts.append(mode)
    if not bias:
        parts.append("bias=False")
    return "".join(f", {part}" for part in parts)
