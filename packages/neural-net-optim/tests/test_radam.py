"""RAdam against Algorithm 2 of its paper."""

import math

import numpy as np
import pytest

from neural_net_core import Parameter
from neural_net_optim import RAdam


def algorithm_2(
    p,
    lr=1e-3,
    betas=(0.9, 0.999),
    eps=1e-8,
    weight_decay=0.0,
    decoupled_weight_decay=False,
    maximize=False,
):
    """Liu et al. (2020), Algorithm 2, with the threshold 5 and PyTorch's ε."""
    g = yield p
    m, v, t = np.zeros_like(p), np.zeros_like(p), 0
    rho_inf = 2 / (1 - betas[1]) - 1
    while True:
        t = t + 1
        g = -g if maximize else g
        if decoupled_weight_decay:
            p = (1 - lr * weight_decay) * p
        else:
            g = g + weight_decay * p
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g**2
        m_hat = m / (1 - betas[0] ** t)
        rho = rho_inf - 2 * t * betas[1] ** t / (1 - betas[1] ** t)
        if rho > 5:
            length = math.sqrt(1 - betas[1] ** t) / (np.sqrt(v) + eps)
            r = math.sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho))
            p = p - lr * r * m_hat * length
        else:
            p = p - lr * m_hat
        g = yield p


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"lr": 0.1},
        {"betas": (0.5, 0.9)},
        {"betas": (0.5, 0.6)},  # v never averages over enough
        {"eps": 0.5},
        {"weight_decay": 0.3},
        {"weight_decay": 0.3, "decoupled_weight_decay": True, "lr": 0.1},
        {"maximize": True},
        {"lr": 0.05, "betas": (0.8, 0.95), "weight_decay": 0.2, "maximize": True},
    ],
    ids=str,
)
def test_follows_algorithm_2(follow, options):
    """Every option by itself, and together, before and after the threshold."""
    follow(RAdam, algorithm_2, **options)


@pytest.mark.parametrize(
    "options",
    [
        {"lr": -1},
        {"betas": (0.9, 1.0)},
        {"eps": -1},
        {"weight_decay": -1},
        {"decoupled_weight_decay": 1},
        {"maximize": 1},
    ],
    ids=str,
)
def test_refuses_settings_outside_their_range(options):
    """Each hyper-parameter has its own message."""
    with pytest.raises(ValueError, match=f"RAdam: {next(iter(options))} must be"):
        RAdam([Parameter([1.0])], **options)
