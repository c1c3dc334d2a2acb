"""Adam against Algorithm 1 of its paper, and by hand."""

import math

import numpy as np
import pytest

from neural_net_core import Parameter
from neural_net_optim import Adam


def algorithm_1(
    p,
    lr=1e-3,
    betas=(0.9, 0.999),
    eps=1e-8,
    weight_decay=0.0,
    amsgrad=False,
    maximize=False,
    decoupled_weight_decay=False,
):
    """Kingma & Ba (2015), Algorithm 1, line by line; AMSGrad by Reddi et al., Algorithm 2."""
    g = yield p
    m, v, v_max = np.zeros_like(p), np.zeros_like(p), np.zeros_like(p)
    t = 0
    while True:
        t = t + 1
        g = -g if maximize else g
        if decoupled_weight_decay:
            p = p - lr * weight_decay * p
        else:
            g = g + weight_decay * p
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
        {"lr": 0.1},
        {"betas": (0.5, 0.8)},
        {"betas": (0.0, 0.0)},
        {"eps": 0.5},
        {"weight_decay": 0.3},
        {"weight_decay": 0.3, "decoupled_weight_decay": True, "lr": 0.1},
        {"amsgrad": True, "betas": (0.9, 0.5), "lr": 0.1},
        {"maximize": True},
        {"weight_decay": 0.3, "amsgrad": True, "maximize": True, "lr": 0.05, "eps": 0.1},
    ],
    ids=str,
)
def test_follows_algorithm_1(follow, options):
    """Every option by itself, and together."""
    follow(Adam, algorithm_1, **options)


def test_eps_stands_outside_the_root_after_the_correction():
    """With g = ε the first step is half of η; inside the root it would be 1/√(1 + 1/ε)."""
    p = Parameter([0.0], "float64")
    p.grad = np.array([0.01])
    Adam([p], lr=1.0, eps=0.01).step()
    assert p.data[0] == pytest.approx(-0.5)


def test_one_step_count_for_all_parameters():
    """Two parameters advance together: a count per call would correct the second too little."""
    a, b = Parameter([0.0], "float64"), Parameter([0.0], "float64")
    optimizer = Adam([a, b], lr=1.0, eps=0.0)
    for g in (1.0, 3.0):
        a.grad, b.grad = np.array([g]), np.array([g])
        optimizer.step()
    m_hat = (0.9 * 0.1 * 1 + 0.1 * 3) / (1 - 0.9**2)
    v_hat = (0.999 * 0.001 * 1 + 0.001 * 9) / (1 - 0.999**2)
    assert a.data[0] == pytest.approx(-1 - m_hat / math.sqrt(v_hat))
    assert b.data[0] == a.data[0]


def test_amsgrad_never_lets_the_divisor_shrink():
    """After one huge gradient, steps stay small; Adam's grow again."""

    def last_step(amsgrad):
        p = Parameter([0.0], "float64")
        optimizer = Adam([p], lr=1.0, betas=(0.0, 0.5), amsgrad=amsgrad)
        for g in (100.0, *[1.0] * 20):
            before = p.data[0]
            p.grad = np.array([g])
            optimizer.step()
        return before - p.data[0]

    assert last_step(amsgrad=True) < 0.02
    assert last_step(amsgrad=False) > 0.9


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lr": -1.0}, r"Adam: lr must be a finite number >= 0, got -1.0"),
        ({"betas": (0.9, 1.0)}, r"betas must be two numbers, each a number in \[0, 1\), got"),
        ({"betas": (-0.1, 0.9)}, r"betas must be"),
        ({"betas": (0.9,)}, r"betas must be two numbers"),
        ({"betas": 0.9}, r"betas must be two numbers"),
        ({"eps": -1e-8}, r"eps must be a finite number >= 0"),
        ({"weight_decay": -1.0}, r"weight_decay must be"),
        ({"amsgrad": 1}, r"amsgrad must be True or False"),
        ({"decoupled_weight_decay": 0}, r"decoupled_weight_decay must be True or False"),
        ({"maximize": "no"}, r"maximize must be True or False"),
    ],
)
def test_refuses_settings_outside_their_range(options, message):
    """Each hyper-parameter has its own message with the range and the value."""
    with pytest.raises(ValueError, match=message):
        Adam([Parameter([1.0])], **options)
