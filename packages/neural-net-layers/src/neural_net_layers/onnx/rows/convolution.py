"""Convolutions, and windows over images."""

import math
from typing import Any

import numpy as np

from neural_net_layers.convolution.conv2d import Conv2DOp
from neural_net_layers.convolution.conv_transpose2d import ConvTranspose2DOp
from neural_net_layers.convolution.fold import FoldOp
from neural_net_layers.convolution.unfold import UnfoldOp
from neural_net_layers.onnx._graph import Graph, Rows, length
from neural_net_layers.onnx._sizes import Filled
from neural_net_layers.pooling._resample import ResampleOp
from neural_net_layers.pooling.adaptive_max_pool2d import AdaptiveMaxPool2DOp
from neural_net_layers.pooling.avg_pool2d import AvgPool2DOp
from neural_net_layers.pooling.max_pool2d import MaxPool2DOp
from neural_net_layers.pooling.upsample import RepeatPixelsOp

__all__ = ["ROWS"]


def placed(window: Any) -> dict[str, Any]:
    """Return where a window stands, as ONNX's attributes."""
    (top, bottom), (left, right) = window.padding
    return {
        "kernel_shape": window.kernel,
        "strides": window.stride,
        "pads": [top, left, bottom, right],
        "dilations": window.dilation,
    }


def transposed(
    g: Graph, x: Any, w: Any, b: Any, window: Any, groups: int, size: Any, unreached: Any = (0, 0)
) -> str:
    """ONNX takes padding from the output too; it adds less than a stride at its end."""
    more = [
        length(out) - (length(n) - 1) * s + sum(pads) - extent
        for out, n, s, pads, extent in zip(
            size, x.shape[2:], window.stride, window.padding, window.extent, strict=True
        )
    ]
    options = {"group": groups, "output_padding": more, **placed(window)}
    if unreached == (0, 0):
        return g.ConvTranspose(x, w, b, **options)
    y = g.Pad(g.ConvTranspose(x, w, **options), [0] * 6 + list(unreached))
    return y if b is None else g.Add(y, g.Unsqueeze(b, [1, 2]))


def unfolded(g: Graph, x: Any, window: Any) -> str:
    """A convolution, each of whose kernels is a single 1 and picks one place of one channel."""
    channels, places = length(x.shape[1]), math.prod(window.kernel)
    kernels = np.tile(np.eye(places, dtype=x.dtype), (channels, 1))
    kernels = kernels.reshape(channels * places, 1, *window.kernel)
    picked = g.Conv(x, kernels, group=channels, **placed(window))
    return g.Reshape(picked, [0, channels * places, -1])


def folded(g: Graph, x: Any, window: Any, size: Any) -> str:
    where = placed(window)
    return g.Col2Im(x, list(size), list(where.pop("kernel_shape")), **where)


def average(g: Graph, x: Any, n: Any, window: Any) -> str:
    """The mean of all elements of the window times their number, over the number that counts."""
    mean = g.AveragePool(x, count_include_pad=1, **placed(window))
    n = n.number if isinstance(n, Filled) else n
    return g.Mul(mean, float(math.prod(window.kernel)) / n)


def adaptive_max(g: Graph, x: Any, pixels: Any) -> str:
    """Of each window the pixels that it sees, counted row by row."""
    batch, channels, height, width = x.shape
    flat = (batch, channels, length(height) * length(width))
    seen = g.Gather(g.Reshape(x, g.like(x.shape, flat)), pixels, axis=2)  # (B, C, OH, OW, K)
    return g.ReduceMax(seen, [4], keepdims=0)


def repeated(g: Graph, x: Any, factors: Any) -> str:
    scales = np.array([1, 1, *factors], np.float32)
    return g.Resize(
        x,
        None,
        scales,
        mode="nearest",
        nearest_mode="floor",
        coordinate_transformation_mode="asymmetric",
    )


ROWS: Rows = {
    Conv2DOp: lambda g, x, w, b, window, groups: g.Conv(x, w, b, group=groups, **placed(window)),
    ConvTranspose2DOp: transposed,
    UnfoldOp: unfolded,
    FoldOp: folded,
    MaxPool2DOp: lambda g, x, window: g.MaxPool(x, **placed(window)),
    AvgPool2DOp: average,
    AdaptiveMaxPool2DOp: adaptive_max,
    RepeatPixelsOp: repeated,
    ResampleOp: lambda g, x, r, s: g.MatMul(g.MatMul(r, x), g.Transpose(s, perm=[1, 0])),
}
