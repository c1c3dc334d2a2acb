"""Conversion between dtypes."""

import numpy as np

from neural_net_core import Tensor, ops


def test_the_gradient_returns_in_the_dtype_of_the_input():
    x = Tensor([1.0], requires_grad=True)
    y = ops.cast(x, np.float64)
    assert y.dtype == np.float64
    (y * 3).backward()
    assert x.grad.dtype == np.float32
    assert x.grad.tolist() == [3]


def test_nothing_happens_without_a_change():
    x = Tensor([1.0], requires_grad=True)
    assert ops.cast(x, np.float32) is x


def test_integers_cut_the_graph():
    y = ops.cast(Tensor([1.7], requires_grad=True), np.int64)
    assert y.data.tolist() == [1]
    assert not y.requires_grad
