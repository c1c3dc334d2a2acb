r"""Transposed convolution of sequences: every step paints a kernel into a longer sequence.

A sequence (B, C, L) is an image that is one pixel wide. `ConvTranspose2DOp`, whose gradient is
derived in `conv_transpose2d.py`, does the work. Vocoders make a waveform of a spectrogram with it.
"""

import numpy as np
import numpy.typing as npt

from neural_net_core.checks import check_count
from neural_net_core.init import Initializer
from neural_net_core.modules.module import Module
from neural_net_core.ops import reshape
from neural_net_core.tensor import Parameter, Tensor, TensorLike
from neural_net_layers._geometry import Pair, Window, as_pair
from neural_net_layers._inputs import coerce
from neural_net_layers.convolution._parameters import (
    check_groups,
    check_input,
    check_weights,
    draw_parameters,
    label_of,
    options_of,
)
from neural_net_layers.convolution.conv2d import make_window
from neural_net_layers.convolution.conv_transpose2d import output_padding_of, paint

__all__ = ["ConvTranspose1D", "conv_transpose1d"]


def conv_transpose1d(
    x: TensorLike,
    weight: TensorLike,
    bias: TensorLike | None = None,
    stride: int = 1,
    padding: int = 0,
    output_padding: int = 0,
    groups: int = 1,
    dilation: int = 1,
) -> Tensor:
    r"""Paint a kernel for every step and return the sum.

    $$ y_{b,o,p} = b_o + \sum_{c,\; s t + d u = p} W_{c,o,u} \, x_{b,c,t} $$

    Args:
        x: Sequences (B, C, L).
        weight: (C, O / groups, k): the axes of channels are those of the convolution that this is
            the transpose of.
        bias: (O,), or None.
        stride: Distance between the places of neighbouring steps.
        padding: Steps taken away at both ends.
        output_padding: Steps that the output has besides at its end, fewer than the stride or the
            dilation.
        groups: Into how many parts the channels are divided.
        dilation: Distance between the kernel's elements.

    Returns:
        (B, O, OL) with OL = (L − 1) s − 2 padding + d (k − 1) + output_padding + 1.

    Raises:
        ShapeError: If the channels do not fit, or nothing is left of the output.
        ValueError: If an option is out of its range.

    Examples:
        >>> conv_transpose1d([[[1.0, 2.0]]], [[[1.0, 10.0, 100.0]]], stride=2).data
        array([[[  1.,  10., 102.,  20., 200.]]], dtype=float32)
    """
    x, weight, bias = coerce(x, weight, bias)
    groups = check_count("conv_transpose1d", "groups", groups)
    out = weight.shape[1] * groups if weight.ndim > 1 else 0
    check_weights("conv_transpose1d", weight, bias, 1, out)
    check_groups("conv_transpose1d", groups, **{"the weight's first axis": weight.shape[0]})
    before, _ = as_pair("conv_transpose1d", "padding", padding, least=0, axes=1)
    window = make_window("conv_transpose1d", weight.shape[2], stride, before, dilation, axes=1)
    extra = output_padding_of("conv_transpose1d", output_padding, window, axes=1)
    return _painted("conv_transpose1d", x, weight, bias, window, extra, groups)


def _painted(
    layer: str,
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    window: Window,
    extra: Pair,
    groups: int,
) -> Tensor:
    """Check the sequence and paint it as an image of one column."""
    channels, each, k = weight.data.shape
    label = label_of(layer, channels, each * groups, (k,))
    check_input(label, x, channels, "L")
    image = reshape(x, (*x.data.shape, 1))
    kernel = reshape(weight, (channels, each, k, 1))
    y = paint(label, image, kernel, bias, window, extra, groups, axes=1)
    return reshape(y, y.shape[:3])


class ConvTranspose1D(Module):
    r"""Learned kernels that every step paints into a longer sequence.

    $$ y_{b,o,p} = b_o + \sum_{c,\; s t + d u = p} W_{c,o,u} \, x_{b,c,t} $$

    Called `ConvTranspose1d` in PyTorch, with the same parameters and layout; `Conv1DTranspose` in
    Keras, whose sequences are (B, L, C).

    Args:
        in_channels: C, at least 1.
        out_channels: O, at least 1.
        kernel_size: Length of the kernel. A multiple of the stride, else the kernels overlap
            unevenly, which is heard as a tone.
        stride: Distance between the places of neighbouring steps, the factor of lengthening.
        padding: Steps taken away at both ends.
        output_padding: Steps that the output has besides at its end, fewer than the stride or the
            dilation.
        groups: Into how many parts the channels are divided.
        bias: Whether b is there.
        dilation: Distance between the kernel's elements.
        init: Called as `init(shape, rng=…, dtype=…)` for the weight; the bias is then zero. None
            draws both from uniform(-1/sqrt(n), 1/sqrt(n)), n = O / groups · k, as PyTorch does.
        rng: The generator to draw from; None means the library's.
        dtype: The parameters' dtype; None means the default, float32.

    Shape:
        input (B, C, L) -> output (B, O, OL) with
        OL = (L − 1) s − 2 padding + d (k − 1) + output_padding + 1

    Attributes:
        weight: (C, O / groups, k).
        bias: (O,), or None.

    Raises:
        ShapeError: If the input has other channels, or nothing is left of the output.

    References:
        Dumoulin & Visin (2016), arXiv:1603.07285, chapter 4. In a vocoder, and on the choice of
        kernel and stride: Kumar et al. (2019), arXiv:1910.06711, section 2.1.

    Examples:
        >>> import numpy as np
        >>> layer = ConvTranspose1D(16, 8, 8, stride=4, padding=2)
        >>> layer
        ConvTranspose1D(16 -> 8, kernel 8, stride 4, padding 2)
        >>> layer(np.zeros((5, 16, 7))).shape
        (5, 8, 28)
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: int = 0,
        output_padding: int = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: int = 1,
        *,
        init: Initializer | None = None,
        rng: np.random.Generator | None = None,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        layer = "ConvTranspose1D"
        self.in_channels = check_count(layer, "in_channels", in_channels)
        self.out_channels = check_count(layer, "out_channels", out_channels)
        self.groups = check_count(layer, "groups", groups)
        check_groups(layer, self.groups, in_channels=in_channels, out_channels=out_channels)
        before, _ = as_pair(layer, "padding", padding, least=0, axes=1)
        self.window = make_window(layer, kernel_size, stride, before, dilation, axes=1)
        self.output_padding = output_padding_of(layer, output_padding, self.window, axes=1)
        shape = (self.in_channels, self.out_channels // self.groups, self.window.kernel[0])
        self.weight, self.bias = draw_parameters(
            layer, shape, self.out_channels, bias, init, rng, dtype
        )

    def forward(self, x: TensorLike) -> Tensor:
        """Return the painted sequences.

        Args:
            x: (B, C, L).
        """
        x, weight, bias = coerce(x, self.weight, self.bias)
        layer = "ConvTranspose1D"
        return _painted(layer, x, weight, bias, self.window, self.output_padding, self.groups)

    def extra_repr(self) -> str:
        """Return the sizes, and what is not the default."""
        sizes = label_of("", self.in_channels, self.out_channels, self.window.kernel[:1])[1:-1]
        options = options_of(self.window, self.groups, self.bias is not None, "zeros", axes=1)
        if any(self.output_padding):
            options += f", output_padding {self.output_padding[0]}"
        return sizes + options
