"""NAdam against Dozat's algorithm."""

import math

import numpy as np
import pytest

from neural_net_core import Parameter
from neural_net_optim import NAdam


def algorithm(
    p,
    lr=2e-3,
    betas=(0.9, 0.999),
    eps=1e-8,
    weight_decay=0.0,
    momentum_decay=4e-3,
    decoupled_weight_decay=False,
    maximize=False,
):
    """Dozat (2016), Algorithm 2, with m averaged by β₁; the products are formed anew every step."""
    g = yield p
    m, v, t = np.zeros_like(p), np.zeros_like(p), 0

    def mu(i):
        return betas[0] * (1 - 0.5 * 0.96 ** (i * momentum_decay))

    while True:
        t = t + 1
        g = -g if maximize else g
        if decoupled_weight_decay:
            p = (1 - lr * weight_decay) * p
        else:
            g = g + weight_decay * p
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g**2
        now = math.prod(mu(i) for i in range(1, t + 1))
        m_hat = mu(t + 1) * m / (1 - now * mu(t + 1)) + (1 - mu(t)) * g / (1 - now)
        p = p - lr * m_hat / (np.sqrt(v / (1 - betas[1] ** t)) + eps)
        g = yield p


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"lr": 0.1},
        {"betas": (0.5, 0.7)},
        {"eps": 0.5},
        {"momentum_decay": 1.0},
        {"weight_decay": 0.3},
        {"weight_decay": 0.3, "decoupled_weight_decay": True, "lr": 0.1},
        {"maximize": True},
        {"lr": 0.05, "weight_decay": 0.2, "momentum_decay": 0.2, "maximize": True},
    ],
    ids=str,
)
def test_follows_the_algorithm(follow, options):
    """Every option by itself, and together."""
    follow(NAdam, algorithm, **options)


def test_product_is_saved_and_belongs_to_each_parameter():
    """A parameter that skips steps keeps its own product of momenta."""
    a, b = Parameter([1.0]), Parameter([1.0])
    optimizer = NAdam([a, b], momentum_decay=0.5)
    g = np.array([1.0], dtype=np.float32)
    for step in range(3):
        a.grad, b.grad = g, (g if step else None)
        optimizer.step()
    state = optimizer.state_dict()["state"]
    mus = [0.9 * (1 - 0.5 * 0.96 ** (0.5 * i)) for i in (1, 2, 3)]
    assert state["0"]["step"] == 3
    assert state["0"]["mu_product"] == pytest.approx(math.prod(mus))
    assert state["1"]["step"] == 2
    assert state["1"]["mu_product"] == pytest.approx(math.prod(mus[:2]))


@pytest.mark.parametrize(
    "options",
    [
        {"lr": -1},
        {"betas": (0.9, 1.0)},
        {"eps": -1},
        {"weight_decay": -1},
        {"momentum_decay": -1},
        {"decoupled_weight_decay": 1},
        {"maximize": 1},
    ],
    ids=str,
)
def test_refuses_settings_outside_their_range(options):
    """Each hyper-parameter has its own message."""
    with pytest.raises(ValueError, match=f"NAdam: {next(iter(options))} must be"):
        NAdam([Parameter([1.0])], **options)
