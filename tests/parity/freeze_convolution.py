"""Rows of freeze.py for what slides windows over sequences and images, and for their borders.

What comes in is recorded first, then the parameters, weight before bias. Images are as small as the
option allows.
"""

import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import torch.nn.functional as F  # noqa: N812 (PyTorch's habit)
from freeze_layers import Row, module_row
from torch import nn

WAVE, IMAGE = (1, 2, 6), (1, 2, 5, 4)

MODULES: dict[str, tuple[nn.Module, tuple[int, ...]]] = {
    "Conv1D": (nn.Conv1d(2, 3, 3), WAVE),
    "Conv1D strided": (nn.Conv1d(2, 3, 3, stride=2, padding=2), (2, 2, 6)),
    "Conv1D grouped": (nn.Conv1d(2, 4, 2, dilation=3, groups=2, bias=False), WAVE),
    "Conv1D circular": (nn.Conv1d(2, 2, 4, padding=2, padding_mode="circular"), WAVE),
    "Conv2D": (nn.Conv2d(2, 3, (3, 2)), IMAGE),
    "Conv2D strided": (nn.Conv2d(2, 3, 3, stride=(2, 1), padding=(1, 0)), IMAGE),
    "Conv2D dilated": (nn.Conv2d(2, 2, (3, 2), padding=1, dilation=(2, 3)), IMAGE),
    "Conv2D grouped": (nn.Conv2d(4, 2, 2, stride=2, groups=2), (1, 4, 5, 4)),
    "Conv2D depthwise": (nn.Conv2d(2, 4, 3, padding="same", groups=2, bias=False), IMAGE),
    "Conv2D reflect": (nn.Conv2d(2, 1, 3, padding=(2, 1), padding_mode="reflect"), IMAGE),
    "Conv2D replicate": (nn.Conv2d(2, 1, 3, padding=(1, 2), padding_mode="replicate"), IMAGE),
    "Conv2D circular": (nn.Conv2d(2, 1, 3, padding=1, padding_mode="circular"), IMAGE),
    "ConvTranspose1D": (nn.ConvTranspose1d(2, 3, 4), (1, 2, 4)),
    "ConvTranspose1D strided": (nn.ConvTranspose1d(2, 3, 4, 3, 1, 2), (2, 2, 3)),
    "ConvTranspose1D grouped": (nn.ConvTranspose1d(2, 4, 3, 1, 1, 1, 2, False, 2), (1, 2, 4)),
    "ConvTranspose2D": (nn.ConvTranspose2d(2, 3, (2, 3)), (1, 2, 2, 3)),
    "ConvTranspose2D strided": (nn.ConvTranspose2d(2, 2, 3, (2, 3), 1, (1, 2)), (1, 2, 2, 3)),
    "ConvTranspose2D grouped": (
        nn.ConvTranspose2d(2, 4, 2, (1, 2), 0, 1, 2, False, 2),
        (1, 2, 2, 3),
    ),
    "InstanceNorm1D": (nn.InstanceNorm1d(2, eps=1e-3, affine=True), WAVE),
    "InstanceNorm2D": (nn.InstanceNorm2d(2, affine=True), IMAGE),
}

PLACES = {"kernel_size": (2, 3), "dilation": (2, 1), "padding": (1, 0), "stride": 2}

FUNCTIONS: dict[str, tuple[Callable[..., Any], tuple[int, ...]]] = {
    "max_pool1d": (lambda x: F.max_pool1d(x, 3, 2, 1), WAVE),
    "max_pool1d ceil": (lambda x: F.max_pool1d(x, 2, 3, 1, 2, ceil_mode=True), (1, 2, 8)),
    "max_pool2d": (lambda x: F.max_pool2d(x, 2), IMAGE),
    "max_pool2d ceil": (lambda x: F.max_pool2d(x, 3, 2, 1, ceil_mode=True), (1, 2, 6, 4)),
    "max_pool2d dilated": (lambda x: F.max_pool2d(x, (2, 1), 1, (1, 0), (2, 1)), IMAGE),
    "avg_pool1d": (lambda x: F.avg_pool1d(x, 3, 2, 1), WAVE),
    "avg_pool1d inside": (lambda x: F.avg_pool1d(x, 3, 2, 1, True, False), WAVE),
    "avg_pool2d": (lambda x: F.avg_pool2d(x, 2), IMAGE),
    "avg_pool2d ceil": (lambda x: F.avg_pool2d(x, 3, 2, 1, True), (1, 2, 6, 4)),
    "avg_pool2d inside": (lambda x: F.avg_pool2d(x, 3, 2, 1, True, False), (1, 2, 6, 4)),
    "avg_pool2d divisor": (lambda x: F.avg_pool2d(x, 2, 1, divisor_override=3), IMAGE),
    "adaptive_avg_pool1d": (lambda x: F.adaptive_avg_pool1d(x, 4), WAVE),
    "adaptive_avg_pool2d": (lambda x: F.adaptive_avg_pool2d(x, (3, 2)), IMAGE),
    "adaptive_max_pool1d": (lambda x: F.adaptive_max_pool1d(x, 4), WAVE),
    "adaptive_max_pool2d": (lambda x: F.adaptive_max_pool2d(x, (3, 2)), IMAGE),
    "adaptive_max_pool2d even": (lambda x: F.adaptive_max_pool2d(x, (5, 2)), IMAGE),
    "global_max_pool2d": (lambda x: x.amax((2, 3)), IMAGE),
    "unfold": (lambda x: F.unfold(x, **PLACES), IMAGE),
    "fold": (lambda x: F.fold(x, (5, 4), **PLACES), (1, 12, 3)),
    "pixel_shuffle": (lambda x: F.pixel_shuffle(x, 2), (1, 8, 1, 2)),
    "pixel_unshuffle": (lambda x: F.pixel_unshuffle(x, 2), (1, 2, 2, 4)),
    "ReflectionPad1D": (nn.ReflectionPad1d((5, 2)), (1, 2, 6)),
    "ReflectionPad2D": (nn.ReflectionPad2d((3, 1, 0, 2)), (1, 1, 4, 4)),
    "ReplicationPad2D": (nn.ReplicationPad2d((1, 3, 2, 0)), (1, 1, 3, 3)),
    "CircularPad2D": (nn.CircularPad2d((3, 1, 0, 2)), (1, 1, 3, 3)),
    "ConstantPad2D": (nn.ConstantPad2d((1, -1, -2, 1), 0.5), (1, 1, 4, 3)),
}


def numbers(name: str, shape: tuple[int, ...]) -> Any:
    """Return normal numbers that no other row has."""
    return np.random.default_rng(zlib.crc32(name.encode())).normal(size=shape).round(3)


PLACES_OF_MAXIMA = np.array([[[[5, 1], [8, 11]], [[0, 2], [9, 10]]]])  # of an image of 3 × 4

ROWS: dict[str, Row] = {
    name: module_row(name, module, [shape], nn.Module.__call__)
    for name, (module, shape) in MODULES.items()
} | {name: (function, [numbers(name, shape)]) for name, (function, shape) in FUNCTIONS.items()}
ROWS["max_unpool2d"] = (
    lambda x, places: F.max_unpool2d(x, places, 2, output_size=(3, 4)),
    [numbers("max_unpool2d", (1, 2, 2, 2)), PLACES_OF_MAXIMA],
)
