r"""Transposed convolution: every pixel paints a kernel into a larger image.

It is the gradient of a convolution with respect to its input, used as a layer: where a convolution
with stride 2 halves an image, this one doubles it (decoders, generators). Composed of primitives,
the pixel x[b, c, i, j] adds its multiple of the kernel at the place (s i, s j), once per place
(u, v) of the kernel:

    y = zeros(b, o, s * (h - 1) + d * (kh - 1) + 1, …)
    for u in range(kh):
        for v in range(kw):
            painted = einsum("bcij,co->boij", x, weight[:, :, u, v])
            y[:, :, u * d : u * d + s * h : s, v * d : v * d + s * w : s] += painted
    y = y[:, :, p:-p, p:-p] + bias.reshape(1, -1, 1, 1)

so that the padding p takes a border away. In general several sizes are halved to the same one
(7 and 8 to 4): `output_padding` says how many rows and columns more the output has.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from neural_net_core.checks import check_count
from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_core.init import Initializer
from neural_net_core.modules.module import Module
from neural_net_core.op import Op
from neural_net_core.tensor import Parameter, Tensor, TensorLike
from neural_net_layers._channel_sums import channel_sums
from neural_net_layers._geometry import Pair, Window, as_pair, times
from neural_net_layers._inputs import coerce
from neural_net_layers._unfold import fold, unfold
from neural_net_layers.convolution._groups import einsum_in_groups
from neural_net_layers.convolution._parameters import (
    check_groups,
    check_input,
    check_weights,
    draw_parameters,
    label_of,
    options_of,
)
from neural_net_layers.convolution.conv2d import make_window

__all__ = ["ConvTranspose2D", "ConvTranspose2DOp", "conv_transpose2d"]


class ConvTranspose2DOp(Op):
    r"""Kernels that every pixel paints, each times the pixel, added up where they overlap.

    With (i, j) a pixel of the input, (u, v) a place of the kernel, stride s and dilation d, and y
    before its padding is cut off,

        painted[b, o, i, j, u, v] = Σ_c x[b, c, i, j] w[c, o, u, v]
        y[b, o, p, q] = bias[o] + Σ painted[b, o, i, j, u, v] over s i + d u = p, s j + d v = q

    This is dx of the convolution that has the same kernel, stride, padding and dilation, with x in
    the place of its dy. The gradient of a linear map is its transpose, and transposing twice gives
    the convolution back:

        seen[b, o, i, j, u, v] = dy[b, o, s i + d u, s j + d v]
        dx[b, c, i, j] = Σ_o Σ_u Σ_v w[c, o, u, v] seen[b, o, i, j, u, v]
        dw[c, o, u, v] = Σ_b Σ_i Σ_j x[b, c, i, j] seen[b, o, i, j, u, v]
        dbias[o] = Σ_b Σ_p Σ_q dy[b, o, p, q]

    Saves x and w.

    Args:
        window: Of the convolution; on an image of `size` it has as many places as x has pixels.
        groups: Into how many parts the channels are divided.
        size: Of the part of the output that kernels can reach.
        unreached: Rows below and columns right of it, which hold bias alone.
    """

    def __init__(self, window: Window, groups: int, size: Pair, unreached: Pair = (0, 0)) -> None:
        self.window, self.groups, self.size, self.unreached = window, groups, size, unreached

    def forward(self, x: Array, w: Array, bias: Array | None) -> Array:
        self.x, self.w = x, w
        painted = einsum_in_groups("bcij,couv->boijuv", x, w, self.groups)
        y = fold(painted, self.window, self.size)
        y = np.pad(y, [(0, 0), (0, 0), *((0, n) for n in self.unreached)])
        return y if bias is None else y + bias[:, None, None]

    def backward(self, dy: Array) -> tuple[Array | None, ...]:
        seen = unfold(dy[:, :, : self.size[0], : self.size[1]], self.window)
        dx = einsum_in_groups("boijuv,couv->bcij", seen, self.w, self.groups)
        dw = einsum_in_groups("bcij,boijuv->couv", self.x, seen, self.groups)
        return dx, dw, channel_sums(dy).reshape(-1)


def conv_transpose2d(
    x: TensorLike,
    weight: TensorLike,
    bias: TensorLike | None = None,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    output_padding: int | Sequence[int] = 0,
    groups: int = 1,
    dilation: int | Sequence[int] = 1,
) -> Tensor:
    r"""Paint a kernel for every pixel and return the sum.

    $$ y_{b,o,p,q} = b_o + \sum_{c,\; s i + d u = p,\; s j + d v = q} W_{c,o,u,v} \, x_{b,c,i,j} $$

    Args:
        x: Images (B, C, H, W).
        weight: (C, O / groups, kh, kw): the axes of channels are those of the convolution that
            this is the transpose of.
        bias: (O,), or None.
        stride: Distance between the places of neighbouring pixels.
        padding: Rows and columns taken away on every side.
        output_padding: Rows below and columns right that the output has besides, fewer than the
            stride or the dilation.
        groups: Into how many parts the channels are divided.
        dilation: Distance between the kernel's elements.

    Returns:
        (B, O, OH, OW) with OH = (H − 1) s − 2 padding + d (kh − 1) + output_padding + 1, and OW
        likewise.

    Raises:
        ShapeError: If the channels do not fit, or nothing is left of the output.
        ValueError: If an option is out of its range.

    Examples:
        >>> conv_transpose2d([[[[1.0, 2.0]]]], [[[[1.0, 10.0, 100.0]]]], stride=2).data
        array([[[[  1.,  10., 102.,  20., 200.]]]], dtype=float32)
    """
    x, weight, bias = coerce(x, weight, bias)
    groups = check_count("conv_transpose2d", "groups", groups)
    out = weight.shape[1] * groups if weight.ndim > 1 else 0
    check_weights("conv_transpose2d", weight, bias, 2, out)
    check_groups("conv_transpose2d", groups, **{"the weight's first axis": weight.shape[0]})
    window = make_window("conv_transpose2d", weight.shape[2:], stride, padding, dilation)
    extra = output_padding_of("conv_transpose2d", output_padding, window)
    return _painted("conv_transpose2d", x, weight, bias, window, extra, groups)


def output_padding_of(
    layer: str, output_padding: int | Sequence[int], window: Window, axes: int = 2
) -> Pair:
    """Return the output padding, smaller than stride or dilation: more could never be seen."""
    extra = as_pair(layer, "output_padding", output_padding, least=0, axes=axes)
    most = tuple(max(pair) for pair in zip(window.stride, window.dilation, strict=True))
    if any(n >= bound for n, bound in zip(extra, most, strict=True)):
        raise ValueError(
            f"{layer}: expected output_padding below the stride or the dilation, "
            f"{times(most[:axes])}, got {times(extra[:axes])}"
        )
    return extra


def _painted(
    layer: str,
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    window: Window,
    extra: Pair,
    groups: int,
) -> Tensor:
    """Check the images and run the operation."""
    channels, each = weight.data.shape[:2]
    label = label_of(layer, channels, each * groups, window.kernel)
    check_input(label, x, channels)
    return paint(label, x, weight, bias, window, extra, groups)


def paint(
    label: str,
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    window: Window,
    extra: Pair,
    groups: int,
    axes: int = 2,
) -> Tensor:
    """Check that there is an output and run the operation on images.

    Args:
        label: For the message.
        x: (B, C, H, W).
        weight: (C, O / groups, kh, kw).
        bias: (O,), or None.
        window: Of the convolution that this is the transpose of.
        extra: Rows and columns that the output has besides.
        groups: Into how many parts the channels are divided.
        axes: How many axes the layer has, for the message.
    """
    sizes = zip(x.data.shape[2:], window.stride, window.padding, window.extent, extra, strict=True)
    height, width = ((n - 1) * s - sum(pads) + reach + more for n, s, pads, reach, more in sizes)
    if min(height, width, *x.data.shape[2:]) < 1:
        left, given = times((height, width)[:axes]), times(x.shape[2:][:axes])
        padding = times([n for n, _ in window.padding[:axes]])
        raise ShapeError(
            f"{label}: nothing is left of the output, {left} for the input {given} "
            f"and padding {padding}"
        )
    # With output_padding of a stride or more (the dilation allows it), a window could stand further
    # on: less padding at the end rules these places out, or they are beyond the kernels' reach.
    pads, unreached = [], []
    for (before, after), s, more in zip(window.padding, window.stride, extra, strict=True):
        last = after - more // s * s
        pads.append((before, max(last, 0)))
        unreached.append(max(-last, 0))
    y: Tensor = ConvTranspose2DOp.apply(
        x,
        weight,
        bias,
        window=Window(window.kernel, window.stride, (pads[0], pads[1]), window.dilation),
        groups=groups,
        size=(height - unreached[0], width - unreached[1]),
        unreached=(unreached[0], unreached[1]),
    )
    return y


class ConvTranspose2D(Module):
    r"""Learned kernels that every pixel paints into a larger image.

    $$ y_{b,o,p,q} = b_o + \sum_{c,\; s i + d u = p,\; s j + d v = q} W_{c,o,u,v} \, x_{b,c,i,j} $$

    Called `ConvTranspose2d` in PyTorch, with the same parameters and layout; `Conv2DTranspose` in
    Keras; "deconvolution" in older texts, though it inverts nothing.

    Args:
        in_channels: C, at least 1.
        out_channels: O, at least 1.
        kernel_size: Rows and columns of the kernel, one number for both or a pair. A multiple of
            the stride, else the kernels overlap unevenly and paint a chequered pattern.
        stride: Distance between the places of neighbouring pixels, the factor of enlargement.
        padding: Rows and columns taken away on every side.
        output_padding: Rows below and columns right that the output has besides, fewer than the
            stride or the dilation.
        groups: Into how many parts the channels are divided.
        bias: Whether b is there.
        dilation: Distance between the kernel's elements.
        init: Called as `init(shape, rng=…, dtype=…)` for the weight; the bias is then zero. None
            draws both from uniform(-1/sqrt(n), 1/sqrt(n)), n = O / groups · kh · kw, as PyTorch
            does.
        rng: The generator to draw from; None means the library's.
        dtype: The parameters' dtype; None means the default, float32.

    Shape:
        input (B, C, H, W) -> output (B, O, OH, OW) with
        OH = (H − 1) s − 2 padding + d (kh − 1) + output_padding + 1, and OW likewise

    Attributes:
        weight: (C, O / groups, kh, kw).
        bias: (O,), or None.

    Raises:
        ShapeError: If the input has other channels, or nothing is left of the output.

    References:
        Zeiler et al. (2010), Deconvolutional networks; Dumoulin & Visin (2016), arXiv:1603.07285,
        chapter 4. On the chequered pattern: Odena et al. (2016), Distill.

    Examples:
        >>> import numpy as np
        >>> layer = ConvTranspose2D(16, 8, 4, stride=2, padding=1)
        >>> layer
        ConvTranspose2D(16 -> 8, kernel 4×4, stride 2×2, padding 1×1)
        >>> layer(np.zeros((5, 16, 7, 7))).shape
        (5, 8, 14, 14)
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] = 1,
        padding: int | Sequence[int] = 0,
        output_padding: int | Sequence[int] = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: int | Sequence[int] = 1,
        *,
        init: Initializer | None = None,
        rng: np.random.Generator | None = None,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        layer = "ConvTranspose2D"
        self.in_channels = check_count(layer, "in_channels", in_channels)
        self.out_channels = check_count(layer, "out_channels", out_channels)
        self.groups = check_count(layer, "groups", groups)
        check_groups(layer, self.groups, in_channels=in_channels, out_channels=out_channels)
        padding = as_pair(layer, "padding", padding, least=0)
        self.window = make_window(layer, kernel_size, stride, padding, dilation)
        self.output_padding = output_padding_of(layer, output_padding, self.window)
        shape = (self.in_channels, self.out_channels // self.groups, *self.window.kernel)
        self.weight, self.bias = draw_parameters(
            layer, shape, self.out_channels, bias, init, rng, dtype
        )

    def forward(self, x: TensorLike) -> Tensor:
        """Return the painted images.

        Args:
            x: (B, C, H, W).
        """
        x, weight, bias = coerce(x, self.weight, self.bias)
        layer = "ConvTranspose2D"
        return _painted(layer, x, weight, bias, self.window, self.output_padding, self.groups)

    def extra_repr(self) -> str:
        """Return the sizes, and what is not the default."""
        sizes = label_of("", self.in_channels, self.out_channels, self.window.kernel)[1:-1]
        options = options_of(self.window, self.groups, self.bias is not None, "zeros")
        if any(self.output_padding):
            options += f", output_padding {times(self.output_padding)}"
        return sizes + options
