"""Adadelta against Algorithm 1 of its paper."""

import numpy as np
import pytest

from neural_net_core import Parameter
from neural_net_optim import Adadelta


def algorithm_1(p, lr=1.0, rho=0.9, eps=1e-6, weight_decay=0.0, maximize=False):
    """Zeiler (2012), Algorithm 1; `lr` multiplies the update."""
    g = yield p
    mean_g, mean_x = np.zeros_like(p), np.zeros_like(p)
    while True:
        g = (-g if maximize else g) + weight_decay * p
        mean_g = rho * mean_g + (1 - rho) * g**2
        dx = -np.sqrt(mean_x + eps) / np.sqrt(mean_g + eps) * g
        mean_x = rho * mean_x + (1 - rho) * dx**2
        p = p + lr * dx
        g = yield p


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"lr": 0.3},
        {"rho": 0.5},
        {"eps": 0.1},
        {"weight_decay": 0.3},
        {"maximize": True},
        {"lr": 0.5, "rho": 0.8, "eps": 1e-2, "weight_decay": 0.2, "maximize": True},
    ],
    ids=str,
)
def test_follows_algorithm_1(follow, options):
    """Every option by itself, and together."""
    follow(Adadelta, algorithm_1, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lr": -1.0}, r"Adadelta: lr must be a finite number >= 0"),
        ({"rho": 1.1}, r"rho must be a number in \[0, 1\], got 1.1"),
        ({"rho": -0.1}, r"rho must be"),
        ({"eps": -1.0}, r"eps must be a finite number >= 0"),
        ({"weight_decay": -1.0}, r"weight_decay must be"),
        ({"maximize": 1}, r"maximize must be"),
    ],
)
def test_refuses_settings_outside_their_range(options, message):
    """Each hyper-parameter has its own message."""
    with pytest.raises(ValueError, match=message):
        Adadelta([Parameter([1.0])], **options)
