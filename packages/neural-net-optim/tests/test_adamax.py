"""Adamax against Algorithm 2 of the Adam paper."""

import numpy as np
import pytest

from neural_net_core import Parameter
from neural_net_optim import Adamax


def algorithm_2(p, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, maximize=False):
    """Kingma & Ba (2015), Algorithm 2, with PyTorch's ε."""
    g = yield p
    m, u, t = np.zeros_like(p), np.zeros_like(p), 0
    while True:
        t = t + 1
        g = (-g if maximize else g) + weight_decay * p
        m = betas[0] * m + (1 - betas[0]) * g
        u = np.maximum(betas[1] * u, np.abs(g) + eps)
        p = p - lr / (1 - betas[0] ** t) * m / u
        g = yield p


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"lr": 0.1},
        {"betas": (0.5, 0.7)},
        {"eps": 0.5},
        {"weight_decay": 0.3},
        {"maximize": True},
        {"lr": 0.05, "betas": (0.8, 0.9), "eps": 0.1, "weight_decay": 0.2, "maximize": True},
    ],
    ids=str,
)
def test_follows_algorithm_2(follow, options):
    """Every option by itself, and together."""
    follow(Adamax, algorithm_2, **options)


@pytest.mark.parametrize(
    "options",
    [{"lr": -1}, {"betas": (1.0, 0.9)}, {"eps": -1}, {"weight_decay": -1}, {"maximize": 1}],
    ids=str,
)
def test_refuses_settings_outside_their_range(options):
    """Each hyper-parameter has its own message."""
    with pytest.raises(ValueError, match=f"Adamax: {next(iter(options))} must be"):
        Adamax([Parameter([1.0])], **options)
