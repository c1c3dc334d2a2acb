"""The gradient of a number per channel is a sum over many: both forms keep its digits."""

import contextlib

import numpy as np
import pytest

import neural_net_layers as layers
from neural_net_core import Tensor, textbook

EPS = float(np.finfo(np.float32).eps)
CHANNELS = {
    "BatchNorm2D": lambda dtype: layers.BatchNorm2D(3, dtype=dtype),
    "GroupNorm": lambda dtype: layers.GroupNorm(3, 3, dtype=dtype),
    "InstanceNorm2D": lambda dtype: layers.InstanceNorm2D(3, affine=True, dtype=dtype),
    "Conv2D": lambda dtype: layers.Conv2D(3, 4, 3, dtype=dtype),
    "Conv2D, depthwise": lambda dtype: layers.Conv2D(3, 3, 3, groups=3, dtype=dtype),
    "ConvTranspose2D": lambda dtype: layers.ConvTranspose2D(3, 4, 3, dtype=dtype),
}
SHAPES = [(64, 3, 32, 32), (2048, 3, 4, 4), (1, 3, 200, 300)]
forms = pytest.mark.parametrize("form", [contextlib.nullcontext, textbook])


def bias_gradient(build, shape, dtype):
    layer = build(dtype)
    y = layer(Tensor(np.ones(shape), dtype))
    dy = np.random.default_rng(0).uniform(0.5, 1.5, y.shape).astype(np.float32)
    y.backward(dy.astype(dtype))
    return layer.bias.grad


@forms
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", CHANNELS)
def test_the_gradient_of_a_bias_keeps_its_digits(name, shape, form):
    with form():
        single, double = (bias_gradient(CHANNELS[name], shape, t) for t in (np.float32, float))
    assert single.dtype == np.float32
    assert float(np.max(np.abs(single / double - 1))) <= 8 * EPS


@forms
@pytest.mark.parametrize("norm", [layers.LayerNorm, layers.RMSNorm])
def test_the_gradient_of_a_norms_parameters_keeps_its_digits(norm, form):
    rng = np.random.default_rng(0)
    x = np.copysign(rng.uniform(0.5, 1.5, (100_000, 4)), [1, -1, 1, -1]).astype(np.float32)
    dy = np.copysign(rng.uniform(0.5, 1.5, x.shape), x).astype(np.float32)  # so that dy x̂ > 0
    gradients = []
    for dtype in (np.float32, np.float64):
        layer = norm(4, dtype=dtype)
        with form():
            layer(Tensor(x, dtype)).backward(dy.astype(dtype))
        gradients.append([p.grad for p in layer.parameters()])
    for single, double in zip(*gradients, strict=True):
        assert float(np.max(np.abs(single / double - 1))) <= 8 * EPS
