"""Penalties as loss terms, and groups for decay."""

import numpy as np
import pytest

from neural_net_core import Dense, Parameter, Sequential, Tanh
from neural_net_core.testing import gradcheck
from neural_net_optim import (
    SGD,
    AdamW,
    elastic_penalty,
    l1_penalty,
    l2_penalty,
    weight_decay_groups,
)
from neural_net_optim.penalties import everything, is_weight


@pytest.fixture
def model():
    rng = np.random.default_rng(0)
    network = Sequential(Dense(3, 4, rng=rng), Tanh(), Dense(4, 2, rng=rng))
    for p in network.parameters():
        p.data[...] = rng.standard_normal(p.shape)
    return network


def test_only_weights_count_by_default(model):
    """Biases have one axis; `only` decides otherwise."""
    weights = [model[0].weight.data, model[2].weight.data]
    everyone = [p.data for p in model.parameters()]
    assert float(l1_penalty(model, 0.5)) == pytest.approx(
        0.5 * sum(np.abs(w).sum() for w in weights), rel=1e-5
    )
    assert float(l2_penalty(model, 0.5)) == pytest.approx(
        0.25 * sum((w**2).sum() for w in weights), rel=1e-5
    )
    assert float(l2_penalty(model, 0.5, only=everything)) == pytest.approx(
        0.25 * sum((w**2).sum() for w in everyone), rel=1e-5
    )
    first = l1_penalty(model, 1.0, only=lambda name, p: name == "0.bias")
    assert float(first) == pytest.approx(np.abs(model[0].bias.data).sum(), rel=1e-5)


def test_elastic_is_the_mixture(model):
    """At 1 all L1, at 0 all L2; pairs may come as an iterator."""
    a, b = float(l1_penalty(model, 0.3)), float(l2_penalty(model, 0.3))
    for ratio in (0.0, 0.25, 1.0):
        mixed = float(elastic_penalty(model.named_parameters(), 0.3, ratio))
        assert mixed == pytest.approx(ratio * a + (1 - ratio) * b, rel=1e-5)
    assert float(elastic_penalty(model, 0.3)) == pytest.approx((a + b) / 2, rel=1e-5)


def test_gradients_by_hand():
    """λ sign w, with 0 at 0, and λ w."""
    w = Parameter([[2.0, 0.0, -3.0]], "float64")
    l1_penalty([("w", w)], 0.5).backward()
    assert w.grad.tolist() == [[0.5, 0.0, -0.5]]
    w.grad = None
    l2_penalty([("w", w)], 0.5).backward()
    assert w.grad.tolist() == [[1.0, 0.0, -1.5]]


@pytest.mark.parametrize("penalty", [l1_penalty, l2_penalty, elastic_penalty])
def test_gradients_by_differences(penalty):
    """Against central differences."""
    rng = np.random.default_rng(0)
    w = Parameter(rng.standard_normal((2, 3)) + 0.1, "float64")
    gradcheck(lambda x: penalty([("w", x)], 0.7), [w])


def test_l2_is_weight_decay_of_sgd(model):
    """The same steps to rounding."""
    twin = Sequential(Dense(3, 4), Tanh(), Dense(4, 2))
    twin.load_state_dict(model.state_dict())
    a = SGD(model.parameters(), lr=0.1, momentum=0.9)
    b = SGD(twin.parameters(), lr=0.1, momentum=0.9, weight_decay=0.3)
    x = np.random.default_rng(1).standard_normal((5, 3)).astype(np.float32)
    for _ in range(5):
        a.zero_grad()
        b.zero_grad()
        ((model(x) ** 2).mean() + l2_penalty(model, 0.3, only=everything)).backward()
        (twin(x) ** 2).mean().backward()
        a.step()
        b.step()
    for p, q in zip(model.parameters(), twin.parameters(), strict=True):
        np.testing.assert_allclose(p.data, q.data, rtol=1e-5, atol=1e-6)


def test_frozen_and_missing_parameters(model):
    """What cannot learn is not penalized; nothing at all costs nothing."""
    model.requires_grad_(False)
    assert float(l2_penalty(model, 0.5)) == 0.0
    assert float(l1_penalty([], 0.5)) == 0.0


def test_groups_for_decay(model):
    """Named weights decay, biases do not; the optimizer takes the groups as they are."""
    groups = weight_decay_groups(model, 0.1)
    assert [[name for name, _ in g["params"]] for g in groups] == [
        ["0.weight", "2.weight"],
        ["0.bias", "2.bias"],
    ]
    assert [g["weight_decay"] for g in groups] == [0.1, 0.0]
    optimizer = AdamW(groups, lr=0.5)
    before = {name: p.data.copy() for name, p in model.named_parameters()}
    for p in model.parameters():
        p.grad = np.zeros_like(p.data)
    optimizer.step()
    for name, p in model.named_parameters():
        factor = 0.95 if "weight" in name else 1.0
        np.testing.assert_allclose(p.data, before[name] * np.float32(factor), rtol=1e-6)
    named = weight_decay_groups(
        model.named_parameters(), 0.1, only=lambda name, p: is_weight(name, p) and "2" in name
    )
    assert [name for name, _ in named[0]["params"]] == ["2.weight"]
    assert len(named[1]["params"]) == 3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: l1_penalty([], -1), "l1_penalty: strength must be a finite number >= 0, got -1"),
        (lambda: l2_penalty([], -1), "l2_penalty: strength must be"),
        (lambda: elastic_penalty([], -1), "strength must be"),
        (lambda: elastic_penalty([], 1, 1.5), r"l1_ratio must be a number in \[0, 1\], got 1.5"),
        (lambda: elastic_penalty([], 1, -0.5), r"l1_ratio must be"),
        (lambda: weight_decay_groups([], -1), "weight_decay_groups: weight_decay must be"),
    ],
)
def test_refuses(make, message):
    with pytest.raises(ValueError, match=message):
        make()
