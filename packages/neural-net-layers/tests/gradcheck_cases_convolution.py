"""Gradient checks of convolution, pooling and upsampling."""

import numpy as np
from hypothesis import strategies as st

from neural_net_layers.convolution.conv1d import conv1d
from neural_net_layers.convolution.conv2d import Conv2DOp, conv2d
from neural_net_layers.convolution.conv_transpose1d import conv_transpose1d
from neural_net_layers.convolution.conv_transpose2d import ConvTranspose2DOp, conv_transpose2d
from neural_net_layers.convolution.fold import FoldOp, fold
from neural_net_layers.convolution.unfold import UnfoldOp, unfold
from neural_net_layers.pooling._resample import ResampleOp
from neural_net_layers.pooling.adaptive_avg_pool2d import adaptive_avg_pool2d
from neural_net_layers.pooling.adaptive_max_pool1d import adaptive_max_pool1d
from neural_net_layers.pooling.adaptive_max_pool2d import AdaptiveMaxPool2DOp, adaptive_max_pool2d
from neural_net_layers.pooling.avg_pool1d import avg_pool1d
from neural_net_layers.pooling.avg_pool2d import AvgPool2DOp, avg_pool2d
from neural_net_layers.pooling.max_pool1d import max_pool1d
from neural_net_layers.pooling.max_pool2d import MaxPool2DOp, max_pool2d
from neural_net_layers.pooling.upsample import RepeatPixelsOp, upsample

generator = np.random.default_rng(0)


def numbers(*shape):
    return generator.normal(size=shape)


def distinct(*shape):
    """Numbers that are far apart, so that a small step changes no maximum."""
    return generator.permutation(np.prod(shape)).reshape(shape) / 4.0


def channels_last(x):
    """View (B, H, W, C) memory as (B, C, H, W), as a convolution leaves it."""
    return x.transpose(0, 3, 1, 2)


X, W, B = numbers(2, 4, 5, 4), numbers(6, 2, 3, 2), numbers(6)

CASES = {
    Conv2DOp: [
        # few channels and many, which take different ways
        (lambda x, w, b: conv2d(x, w, b), [numbers(2, 2, 4, 4), numbers(3, 2, 3, 2), numbers(3)]),
        (
            lambda x, w, b: conv2d(x, w, b, padding=1),
            [numbers(2, 9, 4, 3), numbers(2, 9, 3, 3), numbers(2)],
        ),
        (
            lambda x, w, b: conv2d(channels_last(x), w, b),
            [numbers(1, 4, 4, 9), numbers(2, 9, 2, 2), B[:2]],
        ),
        (lambda x, w, b: conv2d(x, w, b, 2, 1, 1, 2), [X, W, B]),
        (lambda x, w: conv2d(x, w, None, (1, 2), (2, 0), 2, 2), [X, W]),
        (
            lambda x, w, b: conv2d(x, w, b, padding="same", groups=4),
            [X, numbers(8, 1, 2, 3), numbers(8)],
        ),
        (lambda x: conv2d(x, W, None, groups=2), [X]),
        (lambda w: conv2d(X, w, None, groups=2), [W]),
        (lambda b: conv2d(X, W, b, groups=2), [B]),
        (
            lambda x, w, b: conv1d(x, w, b, 2, 1),
            [numbers(2, 3, 6), numbers(4, 3, 3), numbers(4)],
        ),
    ],
    ConvTranspose2DOp: [
        (lambda x, w, b: conv_transpose2d(x, w, b), [X, numbers(4, 3, 2, 3), numbers(3)]),
        (
            lambda x, w, b: conv_transpose2d(x, w, b, 2, 1, 1, 2, (1, 2)),
            [X, numbers(4, 3, 3, 2), numbers(6)],
        ),
        (lambda x, w: conv_transpose2d(x, w, None, 1, 0, 1, 1, 2), [X, numbers(4, 3, 2, 2)]),
        (lambda b: conv_transpose2d(X, W[:4], b), [B[:2]]),
    ],
    MaxPool2DOp: [
        (lambda x: max_pool2d(x, 2), [distinct(2, 2, 4, 5)]),
        (lambda x: max_pool2d(channels_last(x), (2, 3), 1), [distinct(2, 4, 5, 2)]),
        (lambda x: max_pool2d(x, 3, 2, 1, 1, True), [distinct(1, 2, 6, 5)]),
        (lambda x: max_pool2d(x, 2, 1, 1, 2), [distinct(1, 2, 5, 4)]),
        (lambda x: max_pool2d(x, 2, return_indices=True)[0], [distinct(2, 2, 4, 5)]),
        (lambda x: max_pool1d(x, 3, 2, 1, 2, True), [distinct(2, 2, 7)]),
    ],
    AvgPool2DOp: [
        (lambda x: avg_pool2d(x, 2), [numbers(2, 2, 4, 5)]),
        (lambda x: avg_pool2d(channels_last(x), (2, 3), 1), [numbers(2, 4, 5, 2)]),
        (lambda x: avg_pool2d(x, 3, 2, 1, True, False), [numbers(1, 2, 6, 5)]),
        (lambda x: avg_pool2d(x, 3, 2, 1, True, True), [numbers(1, 2, 6, 5)]),
        (lambda x: avg_pool2d(x, 2, divisor_override=3), [numbers(1, 2, 4, 4)]),
        (lambda x: avg_pool1d(x, 3, 2, 1, True, False), [numbers(2, 2, 7)]),
    ],
    ResampleOp: [
        (lambda x: adaptive_avg_pool2d(x, (3, 2)), [numbers(1, 2, 4, 3)]),
        (lambda x: upsample(x, (3, 5), mode="bilinear"), [numbers(1, 2, 4, 3)]),
        (lambda x: upsample(channels_last(x), (3, 5), mode="bilinear"), [numbers(1, 4, 3, 2)]),
        (lambda x: upsample(x, (3, 5)), [numbers(1, 2, 4, 3)]),
    ],
    RepeatPixelsOp: [
        (lambda x: upsample(x, scale_factor=(2, 3)), [numbers(1, 2, 2, 3)]),
        (lambda x: upsample(channels_last(x), scale_factor=2), [numbers(1, 2, 3, 2)]),
    ],
}

# What came later draws later, so that the numbers above stay as they are.
CASES[ConvTranspose2DOp] += [
    (
        lambda x, w, b: conv_transpose1d(x, w, b, 2, 1, 1, 2),
        [numbers(2, 4, 5), numbers(4, 3, 3), numbers(6)],
    ),
    (
        lambda x, w: conv_transpose1d(x, w, None, 1, 0, 1, 1, 2),
        [numbers(2, 3, 4), numbers(3, 2, 2)],
    ),
]
CASES[AdaptiveMaxPool2DOp] = [
    (lambda x: adaptive_max_pool2d(x, (3, 2)), [distinct(2, 2, 4, 3)]),
    (lambda x: adaptive_max_pool2d(channels_last(x), (5, 3)), [distinct(1, 4, 4, 2)]),
    (lambda x: adaptive_max_pool2d(x, (1, 2), True)[0], [distinct(1, 2, 2, 5)]),
    (lambda x: adaptive_max_pool1d(x, 3), [distinct(2, 2, 7)]),
]
CASES[UnfoldOp] = [
    (lambda x: unfold(x, 2), [numbers(2, 2, 3, 4)]),
    (lambda x: unfold(x, (2, 3), (1, 2), (0, 2), (2, 1)), [numbers(1, 2, 5, 4)]),
    (lambda x: unfold(channels_last(x), 2, stride=2), [numbers(2, 4, 5, 2)]),
]
CASES[FoldOp] = [
    (lambda x: fold(x, (3, 4), 2), [numbers(2, 8, 6)]),
    (lambda x: fold(x, (5, 4), (2, 3), (1, 2), (0, 2), (2, 1)), [numbers(1, 12, 8)]),
    (lambda x: fold(x, 4, 2, stride=2), [numbers(2, 4, 4)]),
]


@st.composite
def convolutions(draw, transposed=False):
    """Few channels and many, each alone or in groups, in one unit of work and in several."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    groups = draw(st.sampled_from([1, 1, 2, 5]))
    each, out = draw(st.sampled_from([1, 3, 7, 8, 20])), draw(st.sampled_from([2, 9, 17]))
    kernel = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))
    stride, dilation = draw(st.sampled_from([(1, 1), None])), draw(st.sampled_from([(1, 1), None]))
    stride, dilation = stride or draw(pairs), dilation or draw(pairs)
    padding = draw(st.tuples(st.integers(0, 2), st.integers(0, 2)))
    # The kernel fits in; and of a transposed convolution the padding leaves something.
    least = 2 * max(padding) if transposed else 0
    size = [
        d * (k - 1) + 1 + least + draw(st.integers(0, 12))
        for k, d in zip(kernel, dilation, strict=True)
    ]
    batch, last = draw(st.sampled_from([1, 2, 12])), draw(st.booleans())
    channels = (groups * each, out) if transposed else (groups * out, each)
    inputs = [
        rng.normal(size=(batch, *size, groups * each) if last else (batch, groups * each, *size)),
        rng.normal(size=(*channels, *kernel)),
        rng.normal(size=groups * out),
    ]

    def run(x, w, b):
        x = channels_last(x) if last else x
        if transposed:
            return conv_transpose2d(x, w, b, stride, padding, 0, groups, dilation)
        return conv2d(x, w, b, stride, padding, dilation, groups)

    # In fewer multiplications (`fast/convolution/cook_toom.py`) float32 loses digits: up to 13
    # units were seen for kernels of up to four rows, 19 for five.
    return run, inputs, {"units": 32}


@st.composite
def max_poolings(draw):
    """In both memory orders, with windows that overlap and others, a border and none."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kernel = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    stride = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    dilation, ceil_mode = draw(st.integers(1, 2)), draw(st.booleans())
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    size = [dilation * (k - 1) + 1 + draw(st.integers(0, 12)) for k in kernel]
    batch, last = draw(st.sampled_from([1, 3, 40])), draw(st.booleans())
    shape = (batch, *size, 5) if last else (batch, 5, *size)
    x = rng.permutation(np.prod(shape)).reshape(shape) / 4.0
    if draw(st.booleans()):  # with many equal maxima
        x = rng.integers(-3, 3, size=shape).astype(float)

    def run(x):
        x = channels_last(x) if last else x
        return max_pool2d(x, kernel, stride, padding, dilation, ceil_mode)

    return run, [x]


@st.composite
def adaptive_poolings(draw):
    """Few channels and many, in both memory orders, to fewer places than there are and to more."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    size, to = (draw(st.tuples(st.integers(1, 12), st.integers(1, 12))) for _ in range(2))
    shape = (draw(st.sampled_from([1, 5, 40])), draw(st.sampled_from([3, 13, 100])), *size)
    x = rng.permutation(np.prod(shape)).reshape(shape) / 4.0
    if draw(st.booleans()):  # with many equal maxima
        x = rng.integers(-3, 3, size=shape).astype(float)
    if draw(st.booleans()):
        return lambda x: adaptive_max_pool2d(channels_last(x), to), [x.transpose(0, 2, 3, 1).copy()]
    return lambda x: adaptive_max_pool2d(x, to), [x]


DRAWN = {
    AdaptiveMaxPool2DOp: adaptive_poolings(),
    Conv2DOp: convolutions(),
    ConvTranspose2DOp: convolutions(transposed=True),
    MaxPool2DOp: max_poolings(),
}
