"""How poolings and resamplings read: their sizes, and what is not the default."""

import pytest

from neural_net_layers import (
    AdaptiveAvgPool1D,
    AdaptiveAvgPool2D,
    AdaptiveMaxPool1D,
    AdaptiveMaxPool2D,
    AvgPool1D,
    AvgPool2D,
    GlobalAvgPool1D,
    GlobalAvgPool2D,
    GlobalMaxPool1D,
    GlobalMaxPool2D,
    MaxPool1D,
    MaxPool2D,
    MaxUnpool2D,
    PixelShuffle,
    PixelUnshuffle,
    Upsample,
)


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (MaxPool1D(3), "kernel 3"),
        (
            MaxPool1D(3, 2, 1, 2, True, True),
            "kernel 3, stride 2, padding 1, dilation 2, ceil_mode=True, return_indices=True",
        ),
        (MaxPool2D(3), "kernel 3×3"),
        (MaxPool2D(3, ceil_mode=True), "kernel 3×3, ceil_mode=True"),
        (
            MaxPool2D((3, 2), 2, (0, 1), 2, True),
            "kernel 3×2, stride 2×2, padding 0×1, dilation 2×2, return_indices=True",
        ),
        (AvgPool1D(3), "kernel 3"),
        (
            AvgPool1D(3, 2, 1, True, False),
            "kernel 3, stride 2, padding 1, ceil_mode=True, count_include_pad=False",
        ),
        (AvgPool2D(3), "kernel 3×3"),
        (AvgPool2D(3, count_include_pad=False), "kernel 3×3, count_include_pad=False"),
        (
            AvgPool2D((3, 2), (2, 1), (1, 0), True, True, 5),
            "kernel 3×2, stride 2×1, padding 1×0, ceil_mode=True, divisor_override=5",
        ),
        (MaxUnpool2D(2), "kernel 2×2"),
        (MaxUnpool2D((2, 3), 1, (1, 0)), "kernel 2×3, stride 1×1, padding 1×0"),
        (AdaptiveAvgPool1D(3), "output_size=3"),
        (AdaptiveAvgPool1D(None), "output_size=None"),
        (AdaptiveAvgPool2D((3, None)), "output_size=(3, None)"),
        (AdaptiveMaxPool1D(3), "output_size=3"),
        (AdaptiveMaxPool1D(None, True), "output_size=None, return_indices=True"),
        (AdaptiveMaxPool2D((3, None)), "output_size=(3, None)"),
        (AdaptiveMaxPool2D(3, True), "output_size=(3, 3), return_indices=True"),
        (GlobalAvgPool1D(), ""),
        (GlobalAvgPool1D(True), "keepdims=True"),
        (GlobalAvgPool2D(), ""),
        (GlobalAvgPool2D(True), "keepdims=True"),
        (GlobalMaxPool1D(), ""),
        (GlobalMaxPool1D(True), "keepdims=True"),
        (GlobalMaxPool2D(), ""),
        (GlobalMaxPool2D(True), "keepdims=True"),
        (PixelShuffle(3), "upscale_factor=3"),
        (PixelUnshuffle(3), "downscale_factor=3"),
        (Upsample(5), "size=(5, 5)"),
        (
            Upsample((5, 6), mode="bilinear", align_corners=True),
            "size=(5, 6), mode='bilinear', align_corners=True",
        ),
        (
            Upsample(scale_factor=(1.5, 2), mode="bilinear", align_corners=False),
            "scale_factor=(1.5, 2.0), mode='bilinear', align_corners=False",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_it_reads_with_its_sizes_and_what_is_not_the_default(layer, text):
    assert repr(layer) == f"{type(layer).__name__}({text})"
