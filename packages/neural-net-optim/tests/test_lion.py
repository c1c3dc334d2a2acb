"""Lion against Algorithm 2 of its paper."""

import numpy as np
import pytest

from neural_net_core import Parameter
from neural_net_optim import Lion


def algorithm_2(p, lr=1e-4, betas=(0.9, 0.99), weight_decay=0.0, maximize=False):
    """Chen et al. (2023), Algorithm 2."""
    g = yield p
    m = np.zeros_like(p)
    while True:
        g = -g if maximize else g
        c = betas[0] * m + (1 - betas[0]) * g
        p = p - lr * (np.sign(c) + weight_decay * p)
        m = betas[1] * m + (1 - betas[1]) * g
        g = yield p


@pytest.mark.parametrize(
    "options",
    [
        {"lr": 0.01},
        {"lr": 0.1, "betas": (0.5, 0.7)},
        {"lr": 0.1, "weight_decay": 0.3},
        {"lr": 0.01, "maximize": True},
        {"lr": 0.05, "betas": (0.3, 0.9), "weight_decay": 0.2, "maximize": True},
    ],
    ids=str,
)
def test_follows_algorithm_2(follow, options):
    """Every option by itself, and together."""
    follow(Lion, algorithm_2, **options)


def test_defaults_are_the_papers():
    """Section 3: β₁ = 0.9, β₂ = 0.99, and a rate below Adam's."""
    group = Lion([Parameter([1.0])]).param_groups[0]
    assert (group["lr"], group["betas"], group["weight_decay"]) == (1e-4, (0.9, 0.99), 0.0)


@pytest.mark.parametrize(
    "options", [{"lr": -1}, {"betas": (0.9, 1.0)}, {"weight_decay": -1}, {"maximize": 1}], ids=str
)
def test_refuses_settings_outside_their_range(options):
    """Each hyper-parameter has its own message."""
    with pytest.raises(ValueError, match=f"Lion: {next(iter(options))} must be"):
        Lion([Parameter([1.0])], **options)
