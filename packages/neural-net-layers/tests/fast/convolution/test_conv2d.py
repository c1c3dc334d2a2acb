"""What the fast form of convolution promises beside its numbers."""

import itertools

import numpy as np
import pytest

from neural_net_core import Tensor
from neural_net_core.forms import is_textbook
from neural_net_layers import Conv2D, conv2d, conv_transpose2d
from neural_net_layers.fast.convolution import convolve

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


@pytest.mark.parametrize("convolution", [conv2d, conv_transpose2d])
@pytest.mark.parametrize("wanted", list(itertools.product([True, False], repeat=3)))
def test_any_of_the_gradients_can_be_wanted_and_no_more_is_saved_for_it(convolution, wanted):
    arrays = NUMBERS(size=(1, 3, 4, 4)), NUMBERS(size=(3, 3, 3, 3)), NUMBERS(size=3)
    gradients = []
    for some in ((True, True, True), wanted):
        leaves = [Tensor(a, requires_grad=one) for a, one in zip(arrays, some, strict=True)]
        y = convolution(*leaves)
        if any(some):
            assert (hasattr(y.node, "w"), hasattr(y.node, "x")) == some[:2]
            (y * y).sum().backward()
        gradients.append([leaf.grad for leaf in leaves])
    for one, every, found in zip(wanted, *gradients, strict=True):
        if one:
            np.testing.assert_array_equal(found, every)
        else:
            assert found is None
