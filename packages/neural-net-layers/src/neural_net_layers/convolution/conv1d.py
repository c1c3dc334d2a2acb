r"""Convolution of sequences: the same weighted sum of neighbouring steps, at every step.

A sequence (B, C, L) is an image that is one pixel wide. `Conv2DOp`, whose gradient is derived in
`conv2d.py`, does the work.
"""

import numpy as np
import numpy.typing as npt

from neural_net_core.checks import check_count
from neural_net_core.init import Initializer
from neural_net_core.modules.module import Module
from neural_net_core.ops import reshape
from neural_net_core.tensor import Parameter, Tensor, TensorLike
from neural_net_layers._geometry import Window, check_fits
from neural_net_layers._inputs import coerce
from neural_net_layers.convolution._parameters import (
    PaddingMode,
    check_groups,
    check_input,
    check_padding_mode,
    check_weights,
    draw_parameters,
    label_of,
    options_of,
    pad_image,
)
from neural_net_layers.convolution.conv2d import Conv2DOp, Padding, make_window

__all__ = ["Conv1D", "conv1d"]


def conv1d(
    x: TensorLike,
    weight: TensorLike,
    bias: TensorLike | None = None,
    stride: int = 1,
    padding: Padding = 0,
    dilation: int = 1,
    groups: int = 1,
) -> Tensor:
    r"""Slide kernels along sequences and return the weighted sum at every step.

    $$ y_{b,o,t} = b_o + \sum_{c,u} W_{o,c,u} \, x_{b,\,c,\,s t + d u} $$

    Args:
        x: Sequences (B, C, L).
        weight: (O, C / groups, k).
        bias: (O,), or None.
        stride: Steps between places.
        padding: Zeros at both ends: one number, a pair inside a list [(before, after)], `"valid"`
            for none, or `"same"` to keep the length. [(d (k − 1), 0)] makes it causal: no output
            sees what comes after it.
        dilation: Distance between the kernel's elements.
        groups: Into how many parts the channels are divided.

    Returns:
        (B, O, OL) with OL = ⌊(L + padding at both ends − d (k − 1) − 1) / s⌋ + 1.

    Raises:
        ShapeError: If the channels do not fit, or the kernel is longer than the padded sequence.
        ValueError: If an option is out of its range.

    Examples:
        The mean of two neighbours, causal:

        >>> conv1d([[[2.0, 4.0, 8.0]]], [[[0.5, 0.5]]], padding=[(1, 0)]).data
        array([[[1., 3., 6.]]], dtype=float32)
    """
    x, weight, bias = coerce(x, weight, bias)
    check_weights("conv1d", weight, bias, 1, weight.shape[0] if weight.ndim else 0)
    groups = check_count("conv1d", "groups", groups)
    check_groups("conv1d", groups, **{"the weight's first axis": weight.shape[0]})
    window = make_window("conv1d", weight.shape[2], stride, padding, dilation, axes=1)
    return _convolved("conv1d", x, weight, bias, window, groups)


def _convolved(
    layer: str, x: Tensor, weight: Tensor, bias: Tensor | None, window: Window, groups: int
) -> Tensor:
    """Check that the sequence fits and run the operation on it as an image of one column."""
    out, each, k = weight.data.shape
    label = label_of(layer, each * groups, out, (k,))
    check_input(label, x, each * groups, "L")
    batch, channels, length = x.data.shape
    check_fits(label, window, (length, 1), axes=1)
    image = reshape(x, (batch, channels, length, 1))
    kernel = reshape(weight, (out, each, k, 1))
    y = Conv2DOp.apply(image, kernel, bias, window=window, groups=groups)
    return reshape(y, y.shape[:3])


class Conv1D(Module):
    r"""Learned kernels that slide along a sequence, each giving one channel of the output.

    $$ y_{b,o,t} = b_o + \sum_{c,u} W_{o,c,u} \, x_{b,\,c,\,s t + d u} $$

    Called `Conv1d` in PyTorch, with the same parameters and layout; `Conv1D` in Keras, whose
    sequences are (B, L, C).

    Args:
        in_channels: C, at least 1.
        out_channels: O, at least 1.
        kernel_size: Length of the kernel.
        stride: Steps between places.
        padding: The border: one number, a pair inside a list [(before, after)], `"valid"` for
            none, or `"same"` to keep the length (with stride 1).
        dilation: Distance between the kernel's elements.
        groups: Into how many parts the channels are divided; with groups = C every channel has
            kernels of its own (depthwise).
        bias: Whether b is there.
        padding_mode: What the border holds: `"zeros"`; `"reflect"`, the sequence mirrored without
            its end; `"replicate"`, the end repeated; or `"circular"`, the other end.
        init: Called as `init(shape, rng=…, dtype=…)` for the weight; the bias is then zero. None
            draws both from uniform(-1/sqrt(fan_in), 1/sqrt(fan_in)), fan_in = C / groups · k.
        rng: The generator to draw from; None means the library's.
        dtype: The parameters' dtype; None means the default, float32.

    Shape:
        input (B, C, L) -> output (B, O, OL) with
        OL = ⌊(L + padding at both ends − d (k − 1) − 1) / s⌋ + 1

    Attributes:
        weight: (O, C / groups, k).
        bias: (O,), or None.

    Raises:
        ShapeError: If the input has other channels, or is shorter than the kernel.

    Examples:
        >>> import numpy as np
        >>> layer = Conv1D(4, 8, 3, stride=2)
        >>> layer
        Conv1D(4 -> 8, kernel 3, stride 2)
        >>> layer(np.zeros((5, 4, 11))).shape
        (5, 8, 5)
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: Padding = 0,
        dilation: int = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: PaddingMode = "zeros",
        *,
        init: Initializer | None = None,
        rng: np.random.Generator | None = None,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        self.in_channels = check_count("Conv1D", "in_channels", in_channels)
        self.out_channels = check_count("Conv1D", "out_channels", out_channels)
        self.groups = check_count("Conv1D", "groups", groups)
        check_groups("Conv1D", self.groups, in_channels=in_channels, out_channels=out_channels)
        check_padding_mode("Conv1D", padding_mode)
        self.window = make_window("Conv1D", kernel_size, stride, padding, dilation, axes=1)
        self.padding_mode = padding_mode
        shape = (self.out_channels, self.in_channels // self.groups, self.window.kernel[0])
        self.weight, self.bias = draw_parameters(
            "Conv1D", shape, self.out_channels, bias, init, rng, dtype
        )

    def forward(self, x: TensorLike) -> Tensor:
        """Return the weighted sums at all steps.

        Args:
            x: (B, C, L).
        """
        window = self.window
        if self.padding_mode != "zeros":
            label = label_of("Conv1D", self.in_channels, self.out_channels, window.kernel[:1])
            x, _ = coerce(x, self.weight)
            check_input(label, x, self.in_channels, "L")
            x = pad_image(label, x, window.padding[:1], self.padding_mode)
            window = Window(window.kernel, window.stride, dilation=window.dilation)
        x, weight, bias = coerce(x, self.weight, self.bias)
        return _convolved("Conv1D", x, weight, bias, window, self.groups)

    def extra_repr(self) -> str:
        """Return the sizes, and what is not the default."""
        sizes = label_of("", self.in_channels, self.out_channels, self.window.kernel[:1])[1:-1]
        with_bias = self.bias is not None
        return sizes + options_of(self.window, self.groups, with_bias, self.padding_mode, axes=1)
