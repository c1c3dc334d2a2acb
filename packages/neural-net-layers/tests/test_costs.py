"""Operations and bytes of whole layers, against formulas in their sizes."""

import numpy as np
import pytest

from neural_net_core import Module, trace
from neural_net_core.numpy_calls.counter import OpCost
from neural_net_layers import (
    LSTM,
    AdaptiveAvgPool1D,
    AdaptiveAvgPool2D,
    AdaptiveMaxPool1D,
    AdaptiveMaxPool2D,
    BatchNorm1D,
    CircularPad1D,
    Conv2D,
    ConvTranspose1D,
    Dropout,
    Embedding,
    Fold,
    GlobalAvgPool1D,
    GlobalMaxPool1D,
    GlobalMaxPool2D,
    InstanceNorm1D,
    InstanceNorm2D,
    MultiHeadAttention,
    PixelShuffle,
    PixelUnshuffle,
    ReflectionPad2D,
    Unfold,
    ZeroPad2D,
    scaled_dot_product_attention,
)


def cost(layer: Module, *inputs: object, **options: object) -> OpCost:
    with trace() as calls:
        layer(*inputs, **options)
    return sum((call.cost() for call in calls), OpCost())


def normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    ("groups", "stride", "padding", "dilation"),
    [(1, 1, 0, 1), (2, 1, 1, 1), (4, 2, 0, 1), (2, 3, 2, 2), (1, 1, 4, 3)],
)
def test_a_convolution(groups: int, stride: int, padding: int, dilation: int, bias: bool) -> None:
    """2 B O H' W' (C / groups) k² for the products, B O H' W' for the bias."""
    batch, channels, maps, height, width, k = 3, 4, 8, 11, 9, 3
    layer = Conv2D(
        channels, maps, k, stride=stride, padding=padding, dilation=dilation, groups=groups,
        bias=bias,
    )  # fmt: skip
    found = cost(layer, normal(batch, channels, height, width))
    reach = dilation * (k - 1) + 1
    high, wide = ((n + 2 * padding - reach) // stride + 1 for n in (height, width))
    results = batch * maps * high * wide
    assert found.operations == 2 * results * channels // groups * k**2 + bias * results
    # The padding is filled and the images are put into it; then the windows and the weights are
    # read and the groups' results written, which are joined; then the bias is added.
    images = batch * channels * height * width
    padded = batch * channels * (height + 2 * padding) * (width + 2 * padding)
    windows = batch * channels * high * wide * k**2
    weights = maps * channels // groups * k**2
    read = images + windows + weights + results + bias * (results + maps)
    written = padded + images + 2 * results + bias * results
    assert (found.read, found.written) == (4 * read, 4 * written)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    ("groups", "stride", "padding", "dilation"), [(1, 1, 0, 1), (2, 4, 2, 1), (2, 3, 1, 2)]
)
def test_a_transposed_convolution(
    groups: int, stride: int, padding: int, dilation: int, bias: bool
) -> None:
    """2 B C L (O / groups) k for the products, B O L k to paint them, B O L' for the bias."""
    batch, channels, maps, length, k = 3, 4, 6, 7, 5
    layer = ConvTranspose1D(channels, maps, k, stride, padding, 0, groups, bias, dilation)
    found = cost(layer, normal(batch, channels, length))
    longer = (length - 1) * stride - 2 * padding + dilation * (k - 1) + 1
    products = 2 * batch * channels * length * (maps // groups) * k
    assert found.operations == (products + batch * maps * length * k + bias * batch * maps * longer)


def test_what_only_moves_numbers_costs_no_operations() -> None:
    images, sequences = normal(2, 4, 6, 8), normal(2, 4, 6)
    moved = [
        cost(layer, images).operations
        for layer in (Unfold(3, 2, 1), PixelShuffle(2), PixelUnshuffle(2), ZeroPad2D(1))
    ]
    moved += [cost(layer, images).operations for layer in (ReflectionPad2D((1, -1, 0, 2)),)]
    moved += [cost(CircularPad1D(3), sequences).operations]
    assert moved == [0] * 6


def test_folding_adds_every_number_of_every_column() -> None:
    assert cost(Fold((5, 6), (3, 2)), normal(2, 4 * 6, 3 * 5)).operations == 2 * 4 * 6 * 15


def test_pooling_to_a_given_size() -> None:
    """Means: n − 1 sums and a quotient each, or the products with the matrix of weights.

    Maxima: K − 1 comparisons in a window of K places, and one that asks for −∞.
    """
    sequences, images = normal(2, 3, 12), normal(2, 3, 6, 8)
    assert cost(AdaptiveAvgPool1D(4), sequences).operations == 2 * 3 * 12
    assert cost(AdaptiveAvgPool1D(5), sequences).operations == 2 * (2 * 3 * 5 * 12)
    assert cost(AdaptiveAvgPool2D((3, 4)), images).operations == 2 * 3 * 48
    rows_then_columns = 2 * (2 * 3 * 4 * 6 * 8) + 2 * (2 * 3 * 4 * 8 * 5)
    assert cost(AdaptiveAvgPool2D((4, 5)), images).operations == rows_then_columns
    # The largest windows: of 12 in 5 it has 4 steps, of 6 in 4 two rows, of 8 in 5 three columns.
    assert cost(AdaptiveMaxPool1D(5), sequences).operations == 2 * 3 * 5 * 4
    assert cost(AdaptiveMaxPool2D((4, 5)), images).operations == 2 * 3 * 4 * 5 * (2 * 3)


def test_pooling_over_all_positions() -> None:
    """A mean n, a maximum n − 1; where it stands is looked for in the backward pass."""
    sequences, images = normal(2, 3, 12), normal(2, 3, 6, 8)
    assert cost(GlobalAvgPool1D(), sequences).operations == 2 * 3 * 12
    assert cost(GlobalMaxPool1D(), sequences).operations == 2 * 3 * (12 - 1)
    assert cost(GlobalMaxPool2D(), images).operations == 2 * 3 * (48 - 1)


def test_an_instance_norm_of_sequences_costs_what_that_of_images_of_one_row_does() -> None:
    """Of N = B C L numbers 2 N for the means and 2 N to centre (twice), N squares, 3 N for x̂ w + b.

    Each of the B C variances has a sum with ε and a root.
    """
    x = normal(2, 3, 12)
    one, other = (
        cost(layer, data).operations
        for layer, data in (
            (InstanceNorm1D(3, affine=True), x),
            (InstanceNorm2D(3, affine=True), x[:, :, None]),
        )
    )
    assert one == other == 8 * x.size + 2 * 6


@pytest.mark.parametrize(("t", "s"), [(5, 5), (1, 7), (6, 2)])
def test_attention(t: int, s: int) -> None:
    """2 T S D each for Q Kᵀ and P V, T D for the scale of Q, 5 T S − T for the softmax.

    Its maxima and sums are T (S − 1) each, its differences, exponentials and quotients T S, and
    each row is asked whether its sum is 0.
    """
    batch, heads, d = 3, 2, 4
    q, k, v = normal(batch, heads, t, d), normal(batch, heads, s, d), normal(batch, heads, s, d)
    with trace() as calls:
        scaled_dot_product_attention(q, k, v)
    (call,) = (c for c in calls if "Attention" in c.op.__name__)
    scores, rows = batch * heads * t * s, batch * heads * t
    assert call.cost().operations == 2 * (2 * scores * d) + rows * d + 5 * scores - rows


def test_multi_head_attention_with_its_projections() -> None:
    """Four projections of 2 B T D² + B T D, and attention in every head."""
    batch, t, d, heads = 3, 5, 8, 2
    x = normal(batch, t, d)
    scores, rows = batch * heads * t * t, batch * heads * t
    attention = 2 * (2 * scores * (d // heads)) + batch * t * d + 5 * scores - rows
    found = cost(MultiHeadAttention(d, heads), x, x, x)
    assert found.operations == 4 * (2 * batch * t * d * d + batch * t * d) + attention


@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize(("batch", "time", "i", "d"), [(5, 6, 3, 4), (1, 1, 2, 7)])
def test_an_lstm(batch: int, time: int, i: int, d: int, directions: int) -> None:
    """Each step 8 D (I + D) for the products and 26 D for the rest; the biases are added once.

    26 are 8 sums into the four gates, 3 sigmoids of 4, 2 tanh, 3 products and a sum.
    """
    layer = LSTM(i, d, bidirectional=directions == 2)
    step = 8 * d * (i + d) + 26 * d
    found = cost(layer, normal(batch, time, i))
    assert found.operations == directions * (batch * time * step + 4 * d)


def test_choosing_vectors_costs_no_operations_and_reads_only_these() -> None:
    ids = np.array([[0, 6, 0]])
    found = cost(Embedding(7, 4), ids)
    assert (found.operations, found.read, found.written) == (0, ids.nbytes + 48, 48)


def test_counting_moves_no_average_and_no_generator() -> None:
    norm, rng = BatchNorm1D(3), np.random.default_rng(0)
    with trace() as calls:
        norm(normal(5, 3))
        Dropout(0.5, rng=rng)(normal(5, 3))
    assert norm.running_mean is not None
    mean, state = norm.running_mean.data.copy(), rng.bit_generator.state
    assert sum(call.cost().operations or 0 for call in calls) > 0
    assert norm.running_mean.data.tobytes() == mean.tobytes()
    assert rng.bit_generator.state == state
