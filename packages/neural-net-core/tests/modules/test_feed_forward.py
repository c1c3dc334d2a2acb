"""The multi-layer perceptron."""

import numpy as np
import pytest

from neural_net_core import FeedForward, ReLU, Sigmoid, Tensor, sigmoid


def test_it_is_its_layers_with_activations_between():
    net = FeedForward((3, 5, 2), ReLU, Sigmoid, rng=np.random.default_rng(0))
    x = np.random.default_rng(1).normal(size=(4, 3)).astype(np.float32)
    w1, b1, w2, b2 = (p.data for p in net.parameters())
    expected = 1 / (1 + np.exp(-(np.maximum(x @ w1.T + b1, 0) @ w2.T + b2)))
    np.testing.assert_allclose(net(x).data, expected, rtol=1e-5)


def test_the_last_layer_is_linear_by_default_and_hidden_ones_sigmoid():
    net = FeedForward((2, 2), rng=np.random.default_rng(0))
    x = Tensor([[100.0, 100.0]])
    np.testing.assert_array_equal(net(x).data, net.layers[0](x).data)
    deep = FeedForward((2, 3, 1))
    np.testing.assert_array_equal(deep(x).data, deep.layers[1](sigmoid(deep.layers[0](x))).data)


def test_each_layer_has_its_own_activation_object():
    net = FeedForward((2, 3, 3, 1))
    assert len({id(a) for a in net.activations}) == 3


def test_without_biases():
    assert FeedForward((2, 4, 1), bias=False).num_parameters() == 12


def test_one_size_is_no_network():
    with pytest.raises(ValueError, match=r"at least two sizes, got \(3,\)"):
        FeedForward((3,))
