"""Average pooling."""

import itertools

import numpy as np
import pytest

from neural_net_core import ShapeError, Tensor, default_dtype
from neural_net_core.testing import gradcheck
from neural_net_layers import AvgPool2D, avg_pool2d


def by_window(x, kernel, stride, padding, ceil_mode, count_include_pad, divisor, shape):
    """Average every window by itself, as PyTorch's documentation describes it."""
    height, width = x.shape[2:]
    y = np.zeros(shape)
    for p, q in np.ndindex(*shape[2:]):
        rows = [p * stride[0] - padding[0] + i for i in range(kernel[0])]
        columns = [q * stride[1] - padding[1] + j for j in range(kernel[1])]
        # Within the padded image, and within the image itself.
        wide = [
            [n for n in line if n < size + pad]
            for line, size, pad in zip((rows, columns), (height, width), padding, strict=True)
        ]
        inside = [
            [n for n in line if 0 <= n < size]
            for line, size in zip((rows, columns), (height, width), strict=True)
        ]
        counted = wide if count_include_pad else inside
        n = divisor or len(counted[0]) * len(counted[1])
        y[:, :, p, q] = x[:, :, inside[0]][:, :, :, inside[1]].sum(axis=(2, 3)) / n
    return y


OPTIONS = list(
    itertools.product(
        [(2, 2), (3, 2)],
        [(1, 1), (2, 3)],
        [(0, 0), (1, 1)],
        [False, True],
        [False, True],
        [None, 5],
    )
)


@pytest.mark.parametrize("order", ["channels first", "channels last"])
@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "ceil_mode", "include", "divisor"), OPTIONS
)
def test_values_and_gradients_of_all_options(
    kernel, stride, padding, ceil_mode, include, divisor, order
):
    x = np.random.default_rng(0).normal(size=(2, 3, 6, 7))
    if order == "channels last":
        x = np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    options = (kernel, stride, padding, ceil_mode, include, divisor)
    with default_dtype(np.float64):
        y = avg_pool2d(x, *options)
    np.testing.assert_allclose(y.data, by_window(x, *options, y.shape), atol=1e-12)
    assert gradcheck(lambda x: avg_pool2d(x, *options), [x], mode="direction")


def test_numbers_worked_by_hand():
    x = Tensor([[[[1.0, 3.0, 5.0], [7.0, 9.0, 11.0]]]], requires_grad=True)
    y = avg_pool2d(x, 2, 1)
    assert y.data.tolist() == [[[[5, 7]]]]
    y.backward([[[[4.0, 8.0]]]])
    assert x.grad.tolist() == [[[[1, 3, 2], [1, 3, 2]]]]


def test_the_border_counts_or_not():
    x = np.full((1, 1, 2, 2), 4.0)
    assert avg_pool2d(x, 2, 2, 1).data.tolist() == [[[[1, 1], [1, 1]]]]
    assert avg_pool2d(x, 2, 2, 1, count_include_pad=False).data.tolist() == [[[[4, 4], [4, 4]]]]


def test_what_lies_beyond_the_padding_never_counts():
    """With ceil_mode the last window sticks out: it is divided by what it sees."""
    x = np.full((1, 1, 3, 3), 4.0)
    assert avg_pool2d(x, 2, ceil_mode=True).data.tolist() == [[[[4, 4], [4, 4]]]]


def test_the_memory_order_of_the_input_is_kept():
    first = np.zeros((2, 3, 4, 6), "f4")
    assert avg_pool2d(first, 2).data.flags.c_contiguous
    last = np.zeros((2, 4, 6, 3), "f4").transpose(0, 3, 1, 2)
    assert avg_pool2d(last, 2).data.transpose(0, 2, 3, 1).flags.c_contiguous


def test_errors_name_the_layer_and_the_size():
    with pytest.raises(ShapeError, match=r"^AvgPool2D: expected input \(B, C, H, W\), got \(3,\)"):
        AvgPool2D(2)(np.zeros(3))
    with pytest.raises(ShapeError, match=r"^AvgPool2D\(kernel 3×3\): the window of 3×3 does not"):
        AvgPool2D(3)(np.zeros((1, 1, 2, 5)))
    with pytest.raises(ValueError, match="AvgPool2D: expected padding of at most half the kernel"):
        AvgPool2D(2, padding=2)
    with pytest.raises(ValueError, match="avg_pool2d: divisor_override must be a number but 0"):
        avg_pool2d(np.zeros((1, 1, 4, 4)), 2, divisor_override=0)
    with pytest.raises(ValueError, match=r"^AvgPool2D: divisor_override must be a number but 0"):
        AvgPool2D(2, divisor_override=0)


@pytest.mark.parametrize("count_include_pad", [True, False])
def test_the_mean_over_nothing_is_zero(count_include_pad):
    x = Tensor(np.zeros((1, 3, 0, 2)), requires_grad=True)
    y = avg_pool2d(x, (4, 1), (1, 3), (2, 0), count_include_pad=count_include_pad)
    np.testing.assert_array_equal(y.data, np.zeros((1, 3, 1, 1)))
    y.sum().backward()
    assert x.grad.shape == x.shape
