"""Convolution and pooling against the sums of their formulas, written as loops."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neural_net_core import ShapeError, Tensor
from neural_net_layers import (
    AdaptiveAvgPool2D,
    AvgPool2D,
    Conv1D,
    Conv2D,
    ConvTranspose1D,
    ConvTranspose2D,
    Fold,
    GlobalAvgPool2D,
    MaxPool2D,
    Unfold,
    Upsample,
    conv2d,
)


def by_loops(x, w, b, stride, padding, dilation, groups):
    """Return the convolution as four nested sums would have it."""
    x = np.pad(x, ((0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2))
    out, per_group, kh, kw = w.shape
    rows = (x.shape[2] - dilation[0] * (kh - 1) - 1) // stride[0] + 1
    columns = (x.shape[3] - dilation[1] * (kw - 1) - 1) // stride[1] + 1
    y = np.zeros((len(x), out, rows, columns))
    for o, i, j in itertools.product(range(out), range(rows), range(columns)):
        first = o // (out // groups) * per_group
        window = x[
            :,
            first : first + per_group,
            i * stride[0] : i * stride[0] + dilation[0] * (kh - 1) + 1 : dilation[0],
            j * stride[1] : j * stride[1] + dilation[1] * (kw - 1) + 1 : dilation[1],
        ]
        y[:, o, i, j] = (window * w[o]).sum((1, 2, 3)) + (0 if b is None else b[o])
    return y


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.tuples(st.integers(1, 2), st.integers(1, 3)),
    st.tuples(st.integers(0, 2), st.integers(0, 2)),
    st.tuples(st.integers(1, 2), st.integers(1, 2)),
    st.sampled_from([1, 2, 3]),
    st.booleans(),
)
def test_convolution_is_its_formula(seed, kernel, stride, padding, dilation, groups, bias):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rng.integers(0, 4), 2 * groups, *rng.integers(6, 14, 2)))
    w = rng.normal(size=(3 * groups, 2, *kernel))
    b = rng.normal(size=3 * groups) if bias else None
    y = conv2d(Tensor(x, np.float64), Tensor(w, np.float64), b, stride, padding, dilation, groups)
    expected = by_loops(x, w, b, stride, padding, dilation, groups)
    assert y.shape == expected.shape
    np.testing.assert_allclose(y.data, expected, atol=1e-12)


@pytest.mark.parametrize("shape", [(64, 1, 28, 28), (8, 16, 14, 14), (2, 32, 32, 32)])
@pytest.mark.parametrize("kernel", [3, 5])
def test_every_fast_path_gives_the_plain_result(shape, kernel):
    rng = np.random.default_rng(0)
    x = rng.normal(size=shape).astype(np.float32)
    layer = Conv2D(shape[1], 8, kernel, padding=1, rng=rng)
    expected = by_loops(x, layer.weight.data, layer.bias.data, (1, 1), (1, 1), (1, 1), 1)
    y = layer(x)
    assert y.dtype == np.float32
    np.testing.assert_allclose(y.data, expected, atol=2e-5)


def test_same_padding_keeps_the_size_and_modes_fill_the_border():
    x = np.arange(12.0, dtype=np.float32).reshape(1, 1, 3, 4)
    for mode, numpy_mode in [
        ("zeros", "constant"),
        ("reflect", "reflect"),
        ("replicate", "edge"),
        ("circular", "wrap"),
    ]:
        layer = Conv2D(1, 1, 3, padding="same", padding_mode=mode, bias=False)
        padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), mode=numpy_mode)
        expected = by_loops(padded, layer.weight.data, None, (1, 1), (0, 0), (1, 1), 1)
        y = layer(x)
        assert y.shape == (1, 1, 3, 4)
        np.testing.assert_allclose(y.data, expected, atol=1e-5)


def test_circular_convolution_moves_with_its_input():
    rng = np.random.default_rng(0)
    layer = Conv2D(2, 3, 3, padding=1, padding_mode="circular", rng=rng)
    x = rng.normal(size=(1, 2, 6, 7)).astype(np.float32)
    moved = layer(np.roll(x, (2, -3), (2, 3))).data
    np.testing.assert_allclose(moved, np.roll(layer(x).data, (2, -3), (2, 3)), atol=1e-5)


def test_a_transposed_convolution_is_the_transpose():
    # <conv(x), y> = <x, conv_transpose(y)> for all x and y.
    rng = np.random.default_rng(0)
    w = rng.normal(size=(3, 2, 3, 3))
    x, y = rng.normal(size=(1, 2, 7, 7)), rng.normal(size=(1, 3, 4, 4))
    layer = ConvTranspose2D(3, 2, 3, stride=2, padding=1, bias=False, dtype=np.float64)
    layer.load_state_dict({"weight": w})
    forward = conv2d(Tensor(x, np.float64), Tensor(w, np.float64), None, 2, 1).data
    back = layer(Tensor(y, np.float64)).data
    assert back.shape == x.shape
    np.testing.assert_allclose((forward * y).sum(), (x * back).sum())


def test_one_axis_is_a_convolution_of_height_one():
    rng = np.random.default_rng(0)
    layer = Conv1D(3, 4, 5, stride=2, padding=2, rng=rng)
    x = rng.normal(size=(2, 3, 11)).astype(np.float32)
    w, b = layer.weight.data[:, :, None], layer.bias.data
    expected = by_loops(x[:, :, None], w, b, (1, 2), (0, 2), (1, 1), 1)[:, :, 0]
    np.testing.assert_allclose(layer(x).data, expected, atol=1e-5)


def test_pooling_by_hand():
    x = np.array([[[[1.0, 5.0, 2.0], [3.0, 4.0, 6.0], [9.0, 7.0, 8.0]]]], np.float32)
    y, where = MaxPool2D(2, stride=1, return_indices=True)(x)
    np.testing.assert_array_equal(y.data[0, 0], [[5, 6], [9, 8]])
    np.testing.assert_array_equal(where.data[0, 0], [[1, 5], [6, 8]])
    np.testing.assert_array_equal(
        AvgPool2D(2, stride=1)(x).data[0, 0], [[3.25, 4.25], [5.75, 6.25]]
    )
    np.testing.assert_array_equal(MaxPool2D(2, ceil_mode=True)(x).data[0, 0], [[5, 6], [9, 8]])
    np.testing.assert_allclose(GlobalAvgPool2D()(x).data.ravel(), [5.0])
    np.testing.assert_array_equal(AdaptiveAvgPool2D(3)(x).data, x)
    np.testing.assert_array_equal(
        Upsample(scale_factor=2)(x).data[0, 0], np.kron(x[0, 0], np.ones((2, 2)))
    )


def test_ties_send_the_gradient_to_the_first():
    x = Tensor(np.ones((1, 1, 2, 2)), requires_grad=True)
    MaxPool2D(2)(x).sum().backward()
    np.testing.assert_array_equal(x.grad[0, 0], [[1, 0], [0, 0]])


def test_the_first_layer_does_not_compute_what_nobody_asked_for():
    x = Tensor(np.ones((2, 1, 5, 5)))
    layer = Conv2D(1, 2, 3)
    layer(x).sum().backward()
    assert x.grad is None and np.abs(layer.weight.grad).min() > 0
    np.testing.assert_allclose(layer.bias.grad, 18)


def test_errors_name_the_layer_and_the_sizes():
    with pytest.raises(ShapeError, match=r"Conv2D\(3 -> 16.*\(.*, 3, .*got \(8, 1, 28, 28\)"):
        Conv2D(3, 16, 5)(np.zeros((8, 1, 28, 28)))
    with pytest.raises(ShapeError):
        Conv2D(1, 1, 5)(np.zeros((1, 1, 3, 3)))
    with pytest.raises(ValueError, match="groups"):
        Conv2D(3, 4, 3, groups=2)


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (Conv1D(4, 6, 3), "4 -> 6, kernel 3"),
        (
            Conv1D(4, 6, 3, 2, 1, 2, 2, False, "reflect"),
            "4 -> 6, kernel 3, stride 2, padding 1, dilation 2, 2 groups, reflect, bias=False",
        ),
        (Conv1D(4, 6, 3, padding=[(1, 2)]), "4 -> 6, kernel 3, padding ((1, 2),)"),
        (
            Conv2D(4, 6, (3, 2), (1, 2), 1, (2, 1), 2, False),
            "4 -> 6, kernel 3×2, stride 1×2, padding 1×1, dilation 2×1, 2 groups, bias=False",
        ),
        (
            Conv2D(4, 6, 3, padding=[(1, 2), (0, 0)], padding_mode="circular"),
            "4 -> 6, kernel 3×3, padding ((1, 2), (0, 0)), circular",
        ),
        (
            ConvTranspose1D(3, 8, 4, 2, 1, 1, bias=False, dilation=3),
            "3 -> 8, kernel 4, stride 2, padding 1, dilation 3, bias=False, output_padding 1",
        ),
        (ConvTranspose1D(4, 8, 4, groups=2), "4 -> 8, kernel 4, 2 groups"),
        (
            ConvTranspose2D(4, 8, 4, (1, 2), (0, 1), (0, 1), 2, False),
            "4 -> 8, kernel 4×4, stride 1×2, padding 0×1, 2 groups, bias=False, output_padding 0×1",
        ),
        (Unfold(2), "kernel 2×2"),
        (Unfold((2, 3), 2, 1, (1, 2)), "kernel 2×3, stride 1×2, padding 1×1, dilation 2×2"),
        (Fold(4, 2), "output 4×4, kernel 2×2"),
        (
            Fold((4, 5), (2, 3), (1, 2), 1, 3),
            "output 4×5, kernel 2×3, stride 3×3, padding 1×1, dilation 1×2",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_it_reads_with_its_sizes_and_what_is_not_the_default(layer, text):
    assert repr(layer) == f"{type(layer).__name__}({text})"
