"""Swish with its β."""

import numpy as np
import pytest

from neural_net_core import Swish, Tensor, relu, sigmoid, silu, swish

X = np.linspace(-5, 5, 101)


def test_special_cases():
    np.testing.assert_array_equal(swish(X, 0.0).data, np.float32(X) / 2)
    np.testing.assert_allclose(swish(X, 1.0).data, silu(X).data, atol=1e-7)
    np.testing.assert_allclose(swish(X, 1e4).data, relu(X).data, atol=1e-6)


def test_it_equals_its_composition_with_a_beta_per_feature():
    x = np.random.default_rng(0).normal(size=(5, 3))
    results = []
    for function in (swish, lambda a, b: a * sigmoid(a * b)):
        a = Tensor(x, np.float64, requires_grad=True)
        b = Tensor([0.5, -1.0, 2.0], np.float64, requires_grad=True)
        y = function(a, b)
        (y * y).sum().backward()
        results.append((y.data, a.grad, b.grad))
    for fused, composed in zip(*results, strict=True):
        np.testing.assert_allclose(fused, composed, rtol=1e-12)


def test_beta_is_learned_and_can_be_fixed():
    module = Swish(0.5)
    assert list(module.state_dict()) == ["beta"]
    module([1.0, 2.0]).sum().backward()
    assert module.beta.grad == pytest.approx(
        sum(v * v * s * (1 - s) for v in (1, 2) for s in [sigmoid(0.5 * v).item()])
    )
    module.zero_grad()
    module.requires_grad_(False)
    assert not module([1.0]).requires_grad


def test_a_float64_module():
    assert Swish(dtype=np.float64)(Tensor(X, np.float64)).dtype == np.float64
