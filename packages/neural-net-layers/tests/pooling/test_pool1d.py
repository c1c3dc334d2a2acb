"""Pooling of sequences: by hand, in memory order, and what is refused."""

import numpy as np
import pytest

from neural_net_core import ShapeError, Tensor
from neural_net_layers import AvgPool1D, MaxPool1D, avg_pool1d, max_pool1d

X = [[[3.0, 1.0, 4.0, 1.0, 5.0], [9.0, 2.0, 6.0, 5.0, 3.0]]]


def test_by_hand():
    assert max_pool1d(X, 2).tolist() == [[[3, 4], [9, 6]]]
    assert max_pool1d(X, 2, ceil_mode=True).tolist() == [[[3, 4, 5], [9, 6, 3]]]
    assert max_pool1d(X, 3, 1).tolist() == [[[4, 4, 5], [9, 6, 6]]]
    assert max_pool1d(X, 2, 1, dilation=3).tolist() == [[[3, 5], [9, 3]]]
    assert avg_pool1d(X, 2).tolist() == [[[2, 2.5], [5.5, 5.5]]]
    assert avg_pool1d(X, 2, 2, 1).tolist() == [[[1.5, 2.5, 3], [4.5, 4, 4]]]
    assert avg_pool1d(X, 2, 2, 1, count_include_pad=False).tolist() == [[[3, 2.5, 3], [9, 4, 4]]]


def test_the_layers_have_the_defaults_of_the_functions():
    assert MaxPool1D(2)(X).tolist() == max_pool1d(X, 2).tolist()
    assert AvgPool1D(2, 2, 1)(X).tolist() == avg_pool1d(X, 2, 2, 1).tolist()


def test_the_steps_of_the_maxima():
    y, steps = max_pool1d(X, 2, return_indices=True)
    assert steps.tolist() == [[[0, 2], [0, 2]]]
    np.testing.assert_array_equal(np.take_along_axis(np.array(X), steps.data, 2), y.data)
    assert MaxPool1D(2, return_indices=True)(X)[1].tolist() == steps.tolist()


def test_equal_maxima_give_their_gradient_to_the_first():
    x = Tensor([[[0.0, 0.0, 0.0, 0.0]]], requires_grad=True)
    max_pool1d(x, 2).sum().backward()
    assert x.grad.tolist() == [[[1, 0, 1, 0]]]


def test_nan_has_the_gradient_of_its_window():
    x = Tensor([[[np.nan, 1.0, 2.0, 3.0, np.nan, np.nan]]], requires_grad=True)
    max_pool1d(x, 2).sum().backward()
    assert x.grad.tolist() == [[[1, 0, 0, 1, 0, 1]]]


@pytest.mark.parametrize("pool", [MaxPool1D(3, 2, 1), AvgPool1D(3, 2, 1)])
def test_channels_may_lie_last_in_memory(pool):
    x = np.random.default_rng(0).normal(size=(3, 11, 4)).astype(np.float32)
    turned = x.swapaxes(1, 2)
    np.testing.assert_array_equal(pool(turned).data, pool(np.ascontiguousarray(turned)).data)


@pytest.mark.parametrize("pool", [MaxPool1D, AvgPool1D])
def test_bad_input(pool):
    name = pool.__name__
    with pytest.raises(ShapeError, match=rf"{name}: expected input \(B, C, L\), got \(2, 3\)"):
        pool(2)(np.zeros((2, 3)))
    with pytest.raises(ShapeError, match=rf"{name}\(kernel 4\): the window of 4 does not fit.* 3"):
        pool(4)(np.zeros((1, 1, 3)))
    with pytest.raises(
        ValueError, match=f"{name}: expected padding of at most half the kernel, 3, got 2"
    ):
        pool(3, 1, 2)
    with pytest.raises(ValueError, match=f"{name}: kernel_size must be an int >= 1, got"):
        pool((2, 2))
