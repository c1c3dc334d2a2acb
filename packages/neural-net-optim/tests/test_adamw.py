"""AdamW against Algorithm 2 of its paper."""

import numpy as np
import pytest

from neural_net_core import Parameter
from neural_net_optim import Adam, AdamW


def algorithm_2(
    p, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2, amsgrad=False, maximize=False
):
    """Loshchilov & Hutter (2019), Algorithm 2, with the decay multiplied by the rate and first."""
    g = yield p
    m, v, v_max = np.zeros_like(p), np.zeros_like(p), np.zeros_like(p)
    t = 0
    while True:
        t = t + 1
        g = -g if maximize else g
        p = p - lr * weight_decay * p
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g**2
        v_max = np.maximum(v_max, v)
        m_hat = m / (1 - betas[0] ** t)
        v_hat = (v_max if amsgrad else v) / (1 - betas[1] ** t)
        p = p - lr * m_hat / (np.sqrt(v_hat) + eps)
        g = yield p


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"lr": 0.1, "weight_decay": 0.5},
        {"weight_decay": 0.0},
        {"betas": (0.5, 0.8), "eps": 0.1},
        {"amsgrad": True, "betas": (0.9, 0.5), "lr": 0.1},
        {"maximize": True, "lr": 0.1},
    ],
    ids=str,
)
def test_follows_algorithm_2(follow, options):
    """Every option by itself."""
    follow(AdamW, algorithm_2, **options)


def test_decay_does_not_depend_on_the_gradient():
    """Weights with large and small gradients shrink alike; with Adam's penalty they do not."""

    def shrinkage(optimizer_class):
        p = Parameter([1.0, 1.0], "float64")
        optimizer = optimizer_class([p], lr=0.01, weight_decay=0.5)
        q = Parameter([1.0, 1.0], "float64")
        without = optimizer_class([q], lr=0.01, weight_decay=0.0)
        for t in range(100):
            g = np.array([100.0, 1.0]) * (-1) ** t
            p.grad, q.grad = g, g
            optimizer.step()
            without.step()
        return q.data - p.data

    decoupled, coupled = shrinkage(AdamW), shrinkage(Adam)
    assert decoupled[0] == pytest.approx(decoupled[1], rel=1e-3)
    assert coupled[1] > 5 * coupled[0]


@pytest.mark.parametrize("name", ["lr", "eps", "weight_decay"])
def test_refuses_negative_numbers(name):
    """Each with its name."""
    with pytest.raises(ValueError, match=rf"AdamW: {name} must be a finite number >= 0, got -1"):
        AdamW([Parameter([1.0])], **{name: -1})


@pytest.mark.parametrize(
    "options", [{"betas": (0.9, 1.0)}, {"amsgrad": None}, {"maximize": None}], ids=str
)
def test_refuses_what_is_outside(options):
    """Betas of 1, and flags that are none."""
    with pytest.raises(ValueError, match=f"AdamW: {next(iter(options))} must be"):
        AdamW([Parameter([1.0])], **options)
