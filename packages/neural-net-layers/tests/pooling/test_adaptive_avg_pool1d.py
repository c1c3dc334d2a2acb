"""Average pooling of sequences to a given length."""

import numpy as np
import pytest

from neural_net_core import ShapeError, Tensor, default_dtype
from neural_net_core.testing import gradcheck
from neural_net_layers import AdaptiveAvgPool1D, adaptive_avg_pool1d, adaptive_avg_pool2d


@pytest.mark.parametrize("length", [1, 2, 3, 5, 7, 10])
def test_every_output_is_the_mean_of_its_window(length):
    x = np.random.default_rng(0).normal(size=(2, 3, 7))
    with default_dtype(np.float64):
        y = adaptive_avg_pool1d(x, length)
    assert y.shape == (2, 3, length)
    for i in range(length):
        steps = slice(i * 7 // length, -(-(i + 1) * 7 // length))
        np.testing.assert_allclose(y.data[:, :, i], x[:, :, steps].mean(axis=2), atol=1e-12)
    assert gradcheck(lambda x: adaptive_avg_pool1d(x, length), [x])


def test_windows_that_overlap_worked_by_hand():
    x = Tensor([[[1.0, 2.0, 6.0]]], requires_grad=True)
    y = adaptive_avg_pool1d(x, 2)
    assert y.tolist() == [[[1.5, 4]]]
    y.backward([[[2.0, 4.0]]])
    assert x.grad.tolist() == [[[1, 3, 2]]]


@pytest.mark.parametrize("length", [3, 4, 11])
def test_it_is_that_of_images_of_one_row(length):
    x = np.random.default_rng(0).normal(size=(2, 3, 8)).astype(np.float32)
    rows = adaptive_avg_pool2d(x[:, :, None], (1, length))
    np.testing.assert_allclose(adaptive_avg_pool1d(x, length).data, rows.data[:, :, 0], rtol=1e-5)


def test_none_keeps_the_inputs_length():
    x = np.random.default_rng(0).normal(size=(1, 2, 5)).astype(np.float32)
    np.testing.assert_array_equal(AdaptiveAvgPool1D(None)(x).data, x)


def test_an_empty_batch_stays_empty():
    assert AdaptiveAvgPool1D(3)(np.zeros((0, 2, 7))).shape == (0, 2, 3)


def test_errors_name_the_layer_and_the_size():
    with pytest.raises(ShapeError, match=r"^AdaptiveAvgPool1D: expected input \(B, C, L\), got"):
        AdaptiveAvgPool1D(2)(np.zeros((4, 4)))
    with pytest.raises(ShapeError, match=r"at least one step, got \(1, 2, 0\)"):
        AdaptiveAvgPool1D(2)(np.zeros((1, 2, 0)))
    with pytest.raises(ValueError, match="output_size must be an int >= 1, got 0"):
        AdaptiveAvgPool1D(0)
    with pytest.raises(ValueError, match=r"output_size to be one size, got \(1, 2\)"):
        adaptive_avg_pool1d(np.zeros((1, 2, 3)), (1, 2))
    with pytest.raises(ValueError, match=r"^AdaptiveAvgPool1D: expected output_size to be one"):
        AdaptiveAvgPool1D((1, 2))
