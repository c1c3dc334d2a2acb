"""LAMB against Algorithm 2 of its paper."""

import numpy as np
import pytest

from neural_net_core import Parameter
from neural_net_optim import LAMB


def algorithm_2(
    p, lr=1e-3, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.0, norm_limits=None, maximize=False
):
    """You et al. (2020), Algorithm 2; φ is the identity or, as in section 3, between limits."""
    g = yield p
    m, v, t = np.zeros_like(p), np.zeros_like(p), 0
    while True:
        t = t + 1
        g = -g if maximize else g
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g**2
        r = (m / (1 - betas[0] ** t)) / (np.sqrt(v / (1 - betas[1] ** t)) + eps)
        update = r + weight_decay * p
        phi = np.sqrt((p**2).sum())
        if norm_limits is not None:
            phi = min(max(phi, norm_limits[0]), norm_limits[1])
        ratio = phi / np.sqrt((update**2).sum())
        p = p - lr * ratio * update
        g = yield p


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"lr": 0.1},
        {"betas": (0.5, 0.7)},
        {"eps": 0.5},
        {"weight_decay": 0.3},
        {"norm_limits": (0.0, 0.5)},
        {"norm_limits": (20.0, 30.0)},
        {"norm_limits": (1e-3, 1e3)},
        {"maximize": True},
        {"lr": 0.05, "betas": (0.8, 0.9), "eps": 0.1, "weight_decay": 0.2, "maximize": True},
    ],
    ids=str,
)
def test_follows_algorithm_2(follow, options):
    """Every option by itself, and together."""
    follow(LAMB, algorithm_2, **options)


def test_every_layer_moves_by_the_same_share_of_its_norm():
    """Large and small weights alike, whatever the gradients' size."""
    rng = np.random.default_rng(0)
    params = [Parameter(rng.standard_normal((4, 5)) * scale, "float64") for scale in (1e-3, 1e3)]
    old = [p.data.copy() for p in params]
    for p, scale in zip(params, (1e4, 1e-4), strict=True):
        p.grad = rng.standard_normal((4, 5)) * scale
    LAMB(params, lr=0.01, eps=0.0).step()
    for p, before in zip(params, old, strict=True):
        assert np.linalg.norm(p.data - before) / np.linalg.norm(before) == pytest.approx(0.01)


def test_ratio_is_one_where_a_norm_is_zero():
    """Weights of zero can leave zero, and a step of zero is no division by zero."""
    zero, still = Parameter([0.0], "float64"), Parameter([3.0], "float64")
    zero.grad, still.grad = np.array([2.0]), np.array([0.0])
    LAMB([zero, still], lr=0.1).step()
    assert zero.data[0] == pytest.approx(-0.1)
    assert still.data[0] == 3.0


def test_limits_of_the_norm():
    """Small weights move as those of the lower limit, large ones as those of the upper."""
    for weight, limits, step in (
        (3.0, (4.0, 5.0), 0.4),
        (3.0, (1.0, 2.0), 0.2),
        (0.0, (2.0, 2.0), 0.2),
    ):
        p = Parameter([weight], "float64")
        p.grad = np.array([7.0])
        LAMB([p], lr=0.1, eps=0.0, norm_limits=limits).step()
        assert weight - p.data[0] == pytest.approx(step)


def test_a_norm_limited_to_zero_has_ratio_one():
    """As where the norm itself is zero."""
    p = Parameter([3.0], "float64")
    p.grad = np.array([7.0])
    LAMB([p], lr=0.1, eps=0.0, norm_limits=(0.0, 0.0)).step()
    assert p.data[0] == pytest.approx(2.9)


@pytest.mark.parametrize(
    "options",
    [
        {"lr": -1},
        {"betas": (0.9, 1.0)},
        {"eps": -1},
        {"weight_decay": -1},
        {"norm_limits": (2.0, 1.0)},
        {"norm_limits": (-1.0, 1.0)},
        {"norm_limits": 1.0},
        {"maximize": 1},
    ],
    ids=str,
)
def test_refuses_settings_outside_their_range(options):
    """Each hyper-parameter has its own message."""
    with pytest.raises(ValueError, match=f"LAMB: {next(iter(options))} must be"):
        LAMB([Parameter([1.0])], **options)
