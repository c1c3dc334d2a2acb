"""Average pooling to a given size."""

import numpy as np
import pytest

from neural_net_core import ShapeError, Tensor, default_dtype
from neural_net_core.testing import gradcheck
from neural_net_layers import AdaptiveAvgPool2D, adaptive_avg_pool2d, avg_pool2d


@pytest.mark.parametrize("order", ["channels first", "channels last"])
@pytest.mark.parametrize("size", [
    *[(1, 1), (2, 3), (3, 7), (6, 7), (9, 10), (6, 1)],
    *[(5, 7), (9, 7), (3, 6), (3, 10)],  # even in one direction alone
])  # fmt: skip
def test_every_output_is_the_mean_of_its_window(size, order):
    x = np.random.default_rng(0).normal(size=(2, 3, 6, 7))
    if order == "channels last":
        x = np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    with default_dtype(np.float64):
        y = adaptive_avg_pool2d(x, size)
    assert y.shape == (2, 3, *size)
    for i, j in np.ndindex(*size):
        rows = slice(i * 6 // size[0], -(-(i + 1) * 6 // size[0]))
        columns = slice(j * 7 // size[1], -(-(j + 1) * 7 // size[1]))
        expected = x[:, :, rows, columns].mean(axis=(2, 3))
        np.testing.assert_allclose(y.data[:, :, i, j], expected, atol=1e-12)


def test_windows_that_overlap_worked_by_hand():
    x = Tensor([[[[1.0, 2.0, 6.0]]]], requires_grad=True)
    y = adaptive_avg_pool2d(x, (1, 2))
    assert y.data.tolist() == [[[[1.5, 4]]]]
    y.backward([[[[2.0, 4.0]]]])
    assert x.grad.tolist() == [[[[1, 3, 2]]]]


def test_even_windows_are_ordinary_average_pooling():
    x = np.random.default_rng(0).normal(size=(2, 3, 6, 8))
    with default_dtype(np.float64):
        y, expected = adaptive_avg_pool2d(x, (3, 2)), avg_pool2d(x, (2, 4))
    np.testing.assert_allclose(y.data, expected.data, atol=1e-12)
    assert gradcheck(lambda x: adaptive_avg_pool2d(x, (3, 2)), [x])


def test_none_keeps_the_inputs_size():
    assert AdaptiveAvgPool2D((None, 2))(np.zeros((1, 2, 5, 6))).shape == (1, 2, 5, 2)
    assert AdaptiveAvgPool2D(3)(np.zeros((1, 2, 5, 6))).shape == (1, 2, 3, 3)


def test_errors_name_the_layer_and_the_size():
    with pytest.raises(ShapeError, match=r"^AdaptiveAvgPool2D: expected input \(B, C, H, W\), got"):
        AdaptiveAvgPool2D(2)(np.zeros((4, 4)))
    with pytest.raises(ShapeError, match=r"at least one pixel, got \(1, 2, 0, 3\)"):
        AdaptiveAvgPool2D(2)(np.zeros((1, 2, 0, 3)))
    with pytest.raises(ValueError, match="output_size must be an int >= 1, got 0"):
        AdaptiveAvgPool2D((0, 2))
    with pytest.raises(ValueError, match="output_size to be one or two sizes"):
        AdaptiveAvgPool2D((1, 2, 3))
