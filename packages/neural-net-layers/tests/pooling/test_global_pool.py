"""Global pooling: means and maxima over all positions."""

import numpy as np
import pytest

import neural_net_layers as layers
from neural_net_core import ShapeError, Tensor
from neural_net_layers import (
    GlobalAvgPool1D,
    GlobalAvgPool2D,
    GlobalMaxPool1D,
    GlobalMaxPool2D,
    global_avg_pool1d,
    global_avg_pool2d,
    global_max_pool1d,
    global_max_pool2d,
)

BOTH = pytest.mark.parametrize("kind", ["avg", "max"])
AXES = pytest.mark.parametrize("axes", [1, 2])


def test_it_is_the_mean_of_every_channel_and_spreads_its_gradient():
    x = Tensor([[[[1.0, 2.0], [3.0, 6.0]], [[0.0, 0.0], [0.0, 4.0]]]], requires_grad=True)
    y = global_avg_pool2d(x)
    assert y.data.tolist() == [[3, 1]]
    y.backward([[4.0, 8.0]])
    assert x.grad.tolist() == [[[[1, 1], [1, 1]], [[2, 2], [2, 2]]]]
    x = Tensor([[[1.0, 3.0], [0.0, 4.0]]], requires_grad=True)
    y = global_avg_pool1d(x)
    assert y.tolist() == [[2, 2]]
    y.backward([[4.0, 8.0]])
    assert x.grad.tolist() == [[[2, 2], [4, 4]]]


def test_it_is_the_maximum_of_every_channel_and_equal_ones_share_its_gradient():
    x = Tensor([[[[1.0, 2.0], [3.0, 6.0]], [[0.0, 4.0], [0.0, 4.0]]]], requires_grad=True)
    y = global_max_pool2d(x)
    assert y.data.tolist() == [[6, 4]]
    y.backward([[5.0, 8.0]])
    assert x.grad.tolist() == [[[[0, 0], [0, 5]], [[0, 4], [0, 4]]]]
    x = Tensor([[[1.0, 3.0, 3.0], [0.0, -1.0, -4.0]]], requires_grad=True)
    y = global_max_pool1d(x)
    assert y.tolist() == [[3, 0]]
    y.backward([[4.0, 8.0]])
    assert x.grad.tolist() == [[[0, 2, 2], [8, 0, 0]]]


@BOTH
@AXES
def test_it_is_pooling_to_one_place(kind, axes):
    """Where no two numbers are equal, with the same gradients."""
    x = np.random.default_rng(0).normal(size=(2, 3, 5, 4)[: 2 + axes]).astype(np.float32)
    grads = []
    for name, options in ((f"global_{kind}_pool", (True,)), (f"adaptive_{kind}_pool", (1,))):
        leaf = Tensor(x, requires_grad=True)
        y = getattr(layers, f"{name}{axes}d")(leaf, *options)
        assert y.shape == (2, 3, 1, 1)[: 2 + axes]
        (y * y).sum().backward()
        grads.append((y.data, leaf.grad))
    for one, other in zip(*grads, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


@pytest.mark.parametrize(
    "cls", [GlobalAvgPool1D, GlobalAvgPool2D, GlobalMaxPool1D, GlobalMaxPool2D]
)
def test_the_axes_of_positions_stay_on_request(cls):
    axes = 1 if "1D" in cls.__name__ else 2
    x = np.ones((2, 3, 4, 5)[: 2 + axes])
    assert cls()(x).shape == (2, 3)
    assert cls(keepdims=True)(x).shape == (2, 3, 1, 1)[: 2 + axes]
    assert cls()(x[:0]).shape == (0, 3)


@BOTH
@AXES
def test_an_input_without_positions_is_an_error(kind, axes):
    name = f"Global{kind.capitalize()}Pool{axes}D"
    shape = {1: "B, C, L", 2: "B, C, H, W"}[axes]
    layer = getattr(layers, name)()
    with pytest.raises(ShapeError, match=rf"^{name}: expected input \({shape}\), got \(2, 3\)"):
        layer(np.ones((2, 3)))
    what = {1: r"sequences of at least one step, got \(2, 3, 0\)"}
    what[2] = r"images with at least one pixel, got \(2, 3, 4, 0\)"
    with pytest.raises(ShapeError, match=rf"^{name}: expected {what[axes]}"):
        layer(np.ones((2, 3, 4, 0) if axes == 2 else (2, 3, 0)))


@BOTH
@AXES
def test_lists_of_integers_are_pooled_as_numbers_of_the_default_dtype(kind, axes):
    x = np.arange(24).reshape(2, 3, 4) if axes == 1 else np.arange(24).reshape(1, 2, 3, 4)
    pool = getattr(layers, f"global_{kind}_pool{axes}d")
    y = pool(x.tolist())
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y.data, pool(x.astype(np.float32)).data)
