r"""Convolution of images: the same small weighted sum, taken at every place.

A kernel of weights slides over the image, and at each place the numbers under it are weighted and
added. Few weights serve all places, and a shifted image gives a shifted result. (What the field
calls convolution is cross-correlation: the kernel is not turned around.)

Composed of primitives, with stride s and dilation d, it is a sum over the places (u, v) of the
kernel, each of which sees the image shifted by (u, v):

    padded = pad(x, [(0, 0), (0, 0), (p, p), (p, p)])
    y = bias.reshape(1, -1, 1, 1)
    for u in range(kh):
        for v in range(kw):
            seen = padded[:, :, u * d : u * d + s * oh : s, v * d : v * d + s * ow : s]
            y = y + einsum("bcij,oc->boij", seen, weight[:, :, u, v])

`Conv2DOp` gives the same in one operation, with the gradient derived by hand.
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from neural_net_core.checks import check_count
from neural_net_core.dtypes import Array
from neural_net_core.init import Initializer
from neural_net_core.modules.module import Module
from neural_net_core.op import Op
from neural_net_core.tensor import Parameter, Tensor, TensorLike
from neural_net_layers._channel_sums import channel_sums
from neural_net_layers._geometry import Pair, Window, as_pair, check_fits, resolve_padding
from neural_net_layers._inputs import coerce
from neural_net_layers._unfold import fold, unfold
from neural_net_layers.convolution._groups import einsum_in_groups
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

__all__ = ["Conv2D", "Conv2DOp", "conv2d"]

Padding = int | Literal["valid", "same"] | Sequence[int] | Sequence[Sequence[int]]


class Conv2DOp(Op):
    r"""y[b, o, i, j] = bias[o] + Σ w[o, c, u, v] x[b, c, s i + d u, s j + d v], over c, u, v.

    With (i, j) a place of the output, (u, v) one of the kernel, stride s, dilation d, and x the
    image within its padding of zeros,

        seen[b, c, i, j, u, v] = x[b, c, s i + d u, s j + d v]
        y[b, o, i, j] = bias[o] + Σ_c Σ_u Σ_v w[o, c, u, v] seen[b, c, i, j, u, v]

    Each product w · seen occurs once, so the gradient of one factor is the sum, over all products
    it is in, of the other factor times dy:

        dw[o, c, u, v] = Σ_b Σ_i Σ_j dy[b, o, i, j] seen[b, c, i, j, u, v]
        dseen[b, c, i, j, u, v] = Σ_o dy[b, o, i, j] w[o, c, u, v]
        dx[b, c, m, n] = Σ dseen[b, c, i, j, u, v] over s i + d u = m, s j + d v = n
        dbias[o] = Σ_b Σ_i Σ_j dy[b, o, i, j]

    `unfold` puts the padding around x and returns seen; `fold` adds dseen up to dx and cuts the
    padding off. With groups, channels meet only those of their own group: the sums are taken for
    each group by itself. Saves seen, a view of the padded images, and w.

    Args:
        window: Kernel, stride, padding and dilation.
        groups: Into how many parts the channels are divided.
    """

    def __init__(self, window: Window, groups: int) -> None:
        self.window, self.groups = window, groups

    def forward(self, x: Array, w: Array, bias: Array | None) -> Array:
        self.size: Pair = (x.shape[2], x.shape[3])  # H and W, for `fold`
        self.w = w
        self.seen = unfold(x, self.window)  # (B, C, OH, OW, kh, kw)
        y = einsum_in_groups("bcijuv,ocuv->boij", self.seen, w, self.groups)  # (B, O, OH, OW)
        return y if bias is None else y + bias[:, None, None]

    def backward(self, dy: Array) -> tuple[Array | None, ...]:
        dw = einsum_in_groups("boij,bcijuv->ocuv", dy, self.seen, self.groups)
        dseen = einsum_in_groups("boij,ocuv->bcijuv", dy, self.w, self.groups)
        dx = fold(dseen, self.window, self.size)
        return dx, dw, channel_sums(dy).reshape(-1)


def conv2d(
    x: TensorLike,
    weight: TensorLike,
    bias: TensorLike | None = None,
    stride: int | Sequence[int] = 1,
    padding: Padding = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Tensor:
    r"""Slide kernels over images and return the weighted sum at every place.

    $$ y_{b,o,i,j} = b_o + \sum_{c,u,v} W_{o,c,u,v} \, x_{b,\,c,\,s i + d u,\,s j + d v} $$

    Args:
        x: Images (B, C, H, W).
        weight: (O, C / groups, kh, kw).
        bias: (O,), or None.
        stride: Steps between places, one number or (rows, columns).
        padding: Zeros around the image: one number, (rows, columns), pairs
            ((above, below), (left, right)), `"valid"` for none, or `"same"` to keep the size.
        dilation: Distance between the kernel's elements.
        groups: Into how many parts the channels are divided; each part of the output sees one of
            the input.

    Returns:
        (B, O, OH, OW) with OH = ⌊(H + padding above and below − d (kh − 1) − 1) / s⌋ + 1, and OW
        likewise.

    Raises:
        ShapeError: If the channels do not fit, or the kernel is larger than the padded image.
        ValueError: If an option is out of its range.

    Examples:
        The difference of neighbours shows where a step is:

        >>> conv2d([[[[0.0, 0.0, 5.0, 5.0]]]], [[[[-1.0, 1.0]]]]).data
        array([[[[0., 5., 0.]]]], dtype=float32)
    """
    x, weight, bias = coerce(x, weight, bias)
    check_weights("conv2d", weight, bias, 2, weight.shape[0] if weight.ndim else 0)
    groups = check_count("conv2d", "groups", groups)
    check_groups("conv2d", groups, **{"the weight's first axis": weight.shape[0]})
    window = make_window("conv2d", weight.shape[2:], stride, padding, dilation)
    return _convolved("conv2d", x, weight, bias, window, groups)


def make_window(
    layer: str, kernel: Any, stride: Any, padding: Any, dilation: Any, axes: int = 2
) -> Window:
    """Return the options of a convolution as a checked window; a missing second axis is added."""
    window = Window(
        as_pair(layer, "kernel_size", kernel, axes=axes),
        as_pair(layer, "stride", stride, axes=axes),
        dilation=as_pair(layer, "dilation", dilation, axes=axes),
    )
    pads = resolve_padding(layer, padding, window, axes)
    return Window(window.kernel, window.stride, pads, window.dilation)


def _convolved(
    layer: str, x: Tensor, weight: Tensor, bias: Tensor | None, window: Window, groups: int
) -> Tensor:
    """Check that the image fits and run the operation."""
    out, each = weight.data.shape[:2]
    shape = x.data.shape
    if len(shape) != 4 or shape[1] != each * groups or min(window.places(shape[2:])) < 1:
        label = label_of(layer, each * groups, out, window.kernel)
        check_input(label, x, each * groups)
        check_fits(label, window, (shape[2], shape[3]))
    y: Tensor = Conv2DOp.apply(x, weight, bias, window=window, groups=groups)
    return y


class Conv2D(Module):
    r"""Learned kernels that slide over an image, each giving one channel of the output.

    $$ y_{b,o,i,j} = b_o + \sum_{c,u,v} W_{o,c,u,v} \, x_{b,\,c,\,s i + d u,\,s j + d v} $$

    Called `Conv2d` in PyTorch, with the same parameters and layout; `Conv2D` in Keras, whose
    kernels are (kh, kw, C, O) and images channels last.

    Args:
        in_channels: C, at least 1.
        out_channels: O, at least 1.
        kernel_size: Rows and columns of the kernel, one number for both or a pair.
        stride: Steps between places.
        padding: The border: one number, (rows, columns), pairs ((above, below), (left, right)),
            `"valid"` for none, or `"same"` to keep the size (with stride 1).
        dilation: Distance between the kernel's elements.
        groups: Into how many parts the channels are divided; each part of the output sees one of
            the input. With groups = C every channel has kernels of its own (depthwise).
        bias: Whether b is there.
        padding_mode: What the border holds: `"zeros"`; `"reflect"`, the image mirrored without its
            edge; `"replicate"`, the edge repeated; or `"circular"`, the other side of the image.
        init: Called as `init(shape, rng=…, dtype=…)` for the weight, such as
            `init.kaiming_normal`; the bias is then zero. None draws both from
            uniform(-1/sqrt(fan_in), 1/sqrt(fan_in)), fan_in = C / groups · kh · kw, as PyTorch
            does.
        rng: The generator to draw from; None means the library's.
        dtype: The parameters' dtype; None means the default, float32.

    Shape:
        input (B, C, H, W) -> output (B, O, OH, OW) with
        OH = ⌊(H + padding above and below − d (kh − 1) − 1) / s⌋ + 1, and OW likewise

    Attributes:
        weight: (O, C / groups, kh, kw).
        bias: (O,), or None.

    Raises:
        ShapeError: If the input has other channels, or is smaller than the kernel.

    References:
        LeCun et al. (1998), Gradient-based learning applied to document recognition, section II.

    Examples:
        >>> import numpy as np
        >>> layer = Conv2D(3, 16, 5, padding="same")
        >>> layer
        Conv2D(3 -> 16, kernel 5×5, padding 2×2)
        >>> layer(np.zeros((8, 3, 28, 28))).shape
        (8, 16, 28, 28)
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] = 1,
        padding: Padding = 0,
        dilation: int | Sequence[int] = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: PaddingMode = "zeros",
        *,
        init: Initializer | None = None,
        rng: np.random.Generator | None = None,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        self.in_channels = check_count("Conv2D", "in_channels", in_channels)
        self.out_channels = check_count("Conv2D", "out_channels", out_channels)
        self.groups = check_count("Conv2D", "groups", groups)
        check_groups("Conv2D", self.groups, in_channels=in_channels, out_channels=out_channels)
        check_padding_mode("Conv2D", padding_mode)
        self.window = make_window("Conv2D", kernel_size, stride, padding, dilation)
        self.padding_mode = padding_mode
        shape = (self.out_channels, self.in_channels // self.groups, *self.window.kernel)
        self.weight, self.bias = draw_parameters(
            "Conv2D", shape, self.out_channels, bias, init, rng, dtype
        )

    def forward(self, x: TensorLike) -> Tensor:
        """Return the weighted sums at all places.

        Args:
            x: (B, C, H, W).
        """
        window = self.window
        if self.padding_mode != "zeros":
            label = label_of("Conv2D", self.in_channels, self.out_channels, window.kernel)
            x, _ = coerce(x, self.weight)
            check_input(label, x, self.in_channels)
            x = pad_image(label, x, window.padding, self.padding_mode)
            window = Window(window.kernel, window.stride, dilation=window.dilation)
        x, weight, bias = coerce(x, self.weight, self.bias)
        return _convolved("Conv2D", x, weight, bias, window, self.groups)

    def extra_repr(self) -> str:
        """Return the sizes, and what is not the default."""
        sizes = label_of("", self.in_channels, self.out_channels, self.window.kernel)[1:-1]
        with_bias = self.bias is not None
        return sizes + options_of(self.window, self.groups, with_bias, self.padding_mode)
