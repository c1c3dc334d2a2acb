"""What the fast form of convolution promises beside its numbers."""

import numpy as np
import pytest

from neural_net_core import Tensor
from neural_net_core.forms import is_textbook
from neural_net_layers import Conv2D, conv2d
from neural_net_layers.fast.convolution import convolve
from neural_net_layers.fast.convolution.conv2d import FastConv2DOp

pytestmark = pytest.mark.skipif(is_textbook(), reason="promises of the fast form")

NUMBERS = np.random.default_rng(0).normal


def test_only_the_gradients_that_are_wanted_are_computed(monkeypatch):
    called = []
    for name in ("input_gradient", "weight_gradient"):
        real = getattr(convolve, name)
        monkeypatch.setattr(
            convolve,
            name,
            lambda *args, _name=name, _real=real: (called.append(_name), _real(*args))[1],
        )
    layer = Conv2D(2, 3, 3)
    x = np.ones((1, 2, 4, 4), np.float32)
    layer(x).sum().backward()
    assert called == ["weight_gradient"]
    called.clear()
    layer.requires_grad_(False)
    leaf = Tensor(x, requires_grad=True)
    layer(leaf).sum().backward()
    assert called == ["input_gradient"]
    called.clear()
    layer.bias.requires_grad_(True)
    layer.zero_grad()
    layer(x).sum().backward()
    assert called == []
    assert layer.bias.grad.tolist() == [4, 4, 4]


def test_what_backward_does_not_need_is_not_saved():
    w, b = Tensor(NUMBERS(size=(3, 2, 3, 3)), requires_grad=True), NUMBERS(size=3)
    op = conv2d(NUMBERS(size=(1, 2, 4, 4)), w, b).node
    assert isinstance(op, FastConv2DOp)
    assert not hasattr(op, "w")
    op = conv2d(Tensor(NUMBERS(size=(1, 2, 4, 4)), requires_grad=True), w.data, b).node
    assert not hasattr(op, "x")
