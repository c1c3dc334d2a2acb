"""Convolution, pooling and upsampling, for the tests that every layer passes."""

import numpy as np

from neural_net_layers import (
    AdaptiveAvgPool1D,
    AdaptiveAvgPool2D,
    AdaptiveMaxPool1D,
    AdaptiveMaxPool2D,
    AvgPool1D,
    AvgPool2D,
    CircularPad1D,
    CircularPad2D,
    ConstantPad1D,
    ConstantPad2D,
    Conv1D,
    Conv2D,
    ConvTranspose1D,
    ConvTranspose2D,
    Fold,
    GlobalAvgPool1D,
    GlobalAvgPool2D,
    GlobalMaxPool1D,
    GlobalMaxPool2D,
    MaxPool1D,
    MaxPool2D,
    MaxUnpool2D,
    PixelShuffle,
    PixelUnshuffle,
    ReflectionPad1D,
    ReflectionPad2D,
    ReplicationPad1D,
    ReplicationPad2D,
    Unfold,
    Upsample,
    ZeroPad1D,
    ZeroPad2D,
)


def rng():
    return np.random.default_rng(5)


IMAGE = (3, 4, 6, 5)
SEQUENCE = (3, 4, 7)

CASES = {
    "Conv1D": (lambda: Conv1D(4, 3, 3, rng=rng()), SEQUENCE, {"shows": "4 -> 3, kernel 3"}),
    "Conv1D-causal": (lambda: Conv1D(4, 6, 2, 1, [(2, 0)], 2, 2, rng=rng()), SEQUENCE),
    "Conv1D-circular": (
        lambda: Conv1D(4, 3, 3, padding="same", padding_mode="circular", rng=rng()),
        SEQUENCE,
        {"shows": "circular"},
    ),
    "Conv2D": (lambda: Conv2D(4, 3, 3, rng=rng()), IMAGE, {"shows": "4 -> 3, kernel 3×3"}),
    "Conv2D-wide": (lambda: Conv2D(9, 10, (3, 2), padding=1, rng=rng()), (3, 9, 6, 5)),
    "Conv2D-no-bias": (lambda: Conv2D(4, 3, 1, bias=False, rng=rng()), IMAGE, {"shows": "bias="}),
    "Conv2D-strided": (
        lambda: Conv2D(4, 6, (3, 2), (2, 1), (1, 0), (1, 2), 2, rng=rng()),
        IMAGE,
        {"shows": "stride 2×1, padding 1×0, dilation 1×2, 2 groups"},
    ),
    "Conv2D-depthwise": (lambda: Conv2D(4, 8, 3, padding="same", groups=4, rng=rng()), IMAGE),
    "Conv2D-reflect": (
        lambda: Conv2D(4, 3, 3, padding=((1, 2), (0, 1)), padding_mode="reflect", rng=rng()),
        IMAGE,
        {"shows": "padding ((1, 2), (0, 1)), reflect"},
    ),
    "ConvTranspose1D": (lambda: ConvTranspose1D(4, 3, 3, rng=rng()), SEQUENCE, {"shows": "4 -> 3"}),
    "ConvTranspose1D-strided": (
        lambda: ConvTranspose1D(4, 6, 4, 3, 1, 1, 2, False, 2, rng=rng()),
        SEQUENCE,
        {"shows": "stride 3, padding 1, dilation 2, 2 groups, bias=False, output_padding 1"},
    ),
    "ConvTranspose2D": (lambda: ConvTranspose2D(4, 3, 3, rng=rng()), IMAGE, {"shows": "4 -> 3"}),
    "ConvTranspose2D-strided": (
        lambda: ConvTranspose2D(4, 6, 3, (2, 3), 1, (1, 0), 2, False, (1, 2), rng=rng()),
        IMAGE,
        {"shows": "output_padding 1×0"},
    ),
    "MaxPool1D": (lambda: MaxPool1D(2), SEQUENCE, {"kinks": True, "shows": "kernel 2"}),
    "MaxPool1D-options": (
        lambda: MaxPool1D(3, 2, 1, 2, ceil_mode=True),
        SEQUENCE,
        {"kinks": True, "shows": "stride 2, padding 1, dilation 2, ceil_mode=True"},
    ),
    "AvgPool1D": (lambda: AvgPool1D(2), SEQUENCE, {"shows": "kernel 2"}),
    "AvgPool1D-options": (
        lambda: AvgPool1D(3, 2, 1, ceil_mode=True, count_include_pad=False),
        SEQUENCE,
        {"shows": "count_include_pad=False"},
    ),
    "MaxPool2D": (lambda: MaxPool2D(2), IMAGE, {"kinks": True, "shows": "kernel 2×2"}),
    "MaxPool2D-options": (
        lambda: MaxPool2D(3, 2, 1, 2, ceil_mode=True),
        IMAGE,
        {"kinks": True, "shows": "stride 2×2, padding 1×1, dilation 2×2, ceil_mode=True"},
    ),
    "AvgPool2D": (lambda: AvgPool2D(2), IMAGE, {"shows": "kernel 2×2"}),
    "AvgPool2D-options": (
        lambda: AvgPool2D(3, 2, 1, ceil_mode=True, count_include_pad=False),
        IMAGE,
        {"shows": "count_include_pad=False"},
    ),
    "AvgPool2D-divisor": (
        lambda: AvgPool2D(3, divisor_override=2),
        IMAGE,
        {"shows": "divisor_override=2"},
    ),
    "AdaptiveAvgPool1D": (lambda: AdaptiveAvgPool1D(7), SEQUENCE, {"shows": "output_size=7"}),
    "AdaptiveAvgPool1D-uneven": (lambda: AdaptiveAvgPool1D(3), SEQUENCE),
    "AdaptiveMaxPool1D": (
        lambda: AdaptiveMaxPool1D(1),
        SEQUENCE,
        {"kinks": True, "shows": "output_size=1"},
    ),
    "AdaptiveMaxPool1D-uneven": (lambda: AdaptiveMaxPool1D(3), SEQUENCE, {"kinks": True}),
    "AdaptiveMaxPool2D": (
        lambda: AdaptiveMaxPool2D((2, 5)),
        IMAGE,
        {"kinks": True, "shows": "output_size=(2, 5)"},
    ),
    "AdaptiveMaxPool2D-uneven": (lambda: AdaptiveMaxPool2D((4, None)), IMAGE, {"kinks": True}),
    "AdaptiveAvgPool2D": (lambda: AdaptiveAvgPool2D((2, 5)), IMAGE, {"shows": "(2, 5)"}),
    "AdaptiveAvgPool2D-uneven": (lambda: AdaptiveAvgPool2D((4, None)), IMAGE),
    "GlobalAvgPool1D": (lambda: GlobalAvgPool1D(), SEQUENCE, {"shows": "()"}),
    "GlobalAvgPool1D-axis": (lambda: GlobalAvgPool1D(True), SEQUENCE, {"shows": "keepdims"}),
    "GlobalMaxPool1D": (lambda: GlobalMaxPool1D(), SEQUENCE, {"kinks": True, "shows": "()"}),
    "GlobalMaxPool1D-axis": (
        lambda: GlobalMaxPool1D(keepdims=True),
        SEQUENCE,
        {"kinks": True, "shows": "keepdims"},
    ),
    "GlobalMaxPool2D": (lambda: GlobalMaxPool2D(), IMAGE, {"kinks": True, "shows": "()"}),
    "GlobalMaxPool2D-axes": (
        lambda: GlobalMaxPool2D(keepdims=True),
        IMAGE,
        {"kinks": True, "shows": "keepdims"},
    ),
    "GlobalAvgPool2D": (lambda: GlobalAvgPool2D(), IMAGE, {"shows": "()"}),
    "GlobalAvgPool2D-axes": (lambda: GlobalAvgPool2D(keepdims=True), IMAGE, {"shows": "keepdims"}),
    "ZeroPad1D": (lambda: ZeroPad1D(2), SEQUENCE, {"shows": "padding=(2, 2)"}),
    "ZeroPad1D-cropping": (lambda: ZeroPad1D((-2, 1)), SEQUENCE, {"shows": "padding=(-2, 1)"}),
    "ZeroPad2D": (lambda: ZeroPad2D((1, 0, 2, -1)), IMAGE, {"shows": "padding=(1, 0, 2, -1)"}),
    "ConstantPad1D": (lambda: ConstantPad1D(1, 2), SEQUENCE, {"shows": "(1, 1), value=2"}),
    "ConstantPad2D": (lambda: ConstantPad2D(1, -0.5), IMAGE, {"shows": "value=-0.5"}),
    "ReflectionPad1D": (lambda: ReflectionPad1D((6, 3)), SEQUENCE, {"shows": "padding=(6, 3)"}),
    "ReflectionPad2D": (lambda: ReflectionPad2D((3, -1, 2, 1)), IMAGE),
    "ReflectionPad2D-one-image": (lambda: ReflectionPad2D(1), IMAGE[1:], {"batched": False}),
    "ReplicationPad1D": (lambda: ReplicationPad1D((9, 0)), SEQUENCE, {"shows": "padding=(9, 0)"}),
    "ReplicationPad2D": (lambda: ReplicationPad2D((1, 0, 2, 7)), IMAGE),
    "CircularPad1D": (lambda: CircularPad1D((7, 1)), SEQUENCE, {"shows": "padding=(7, 1)"}),
    "CircularPad2D": (lambda: CircularPad2D((1, 5, -2, 3)), IMAGE),
    "Unfold": (lambda: Unfold(2), IMAGE, {"shows": "(kernel 2×2)"}),
    "Unfold-options": (
        lambda: Unfold((2, 3), (2, 1), (1, 0), 2),
        IMAGE,
        {"shows": "kernel 2×3, stride 2×2, padding 1×0, dilation 2×1"},
    ),
    "Fold": (lambda: Fold((3, 4), 2), (3, 8, 6), {"shows": "(output 3×4, kernel 2×2)"}),
    "Fold-options": (
        lambda: Fold((6, 5), (2, 3), (2, 1), (1, 0), 2),
        (3, 12, 6),
        {"shows": "kernel 2×3, stride 2×2, padding 1×0, dilation 2×1"},
    ),
    "PixelShuffle": (lambda: PixelShuffle(2), (3, 8, 2, 3), {"shows": "upscale_factor=2"}),
    "PixelUnshuffle": (lambda: PixelUnshuffle(2), (3, 2, 4, 6), {"shows": "downscale_factor=2"}),
    "Upsample": (lambda: Upsample(scale_factor=2), IMAGE, {"shows": "scale_factor=(2.0, 2.0)"}),
    "Upsample-uneven": (lambda: Upsample((7, 9)), IMAGE, {"shows": "size=(7, 9)"}),
    "Upsample-bilinear": (
        lambda: Upsample(scale_factor=1.5, mode="bilinear", align_corners=True),
        IMAGE,
        {"shows": "mode='bilinear', align_corners=True"},
    ),
}

# The places of the maxima in images of 4 × 4, of which each window of 2 × 2 has one.
PLACES = np.array([[[[0, 3], [12, 10]], [[5, 6], [9, 15]]]])
SEVERAL_INPUTS = {
    "MaxUnpool2D": (lambda: MaxUnpool2D(2), (rng().normal(size=PLACES.shape), PLACES)),
}
