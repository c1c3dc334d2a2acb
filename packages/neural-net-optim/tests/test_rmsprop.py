"""RMSprop against the lecture's rule and Graves's centered one."""

from contextlib import nullcontext

import numpy as np
import pytest

from neural_net_core import Parameter, textbook
from neural_net_optim import RMSprop


def rule(
    p,
    lr=1e-2,
    alpha=0.99,
    eps=1e-8,
    weight_decay=0.0,
    momentum=0.0,
    centered=False,
    maximize=False,
):
    """Tieleman & Hinton (2012), slide 29; Graves (2013), eqs. 38-45, with ε outside the root."""
    g = yield p
    n, mean, delta = np.zeros_like(p), np.zeros_like(p), np.zeros_like(p)
    while True:
        g = (-g if maximize else g) + weight_decay * p
        n = alpha * n + (1 - alpha) * g**2
        mean = alpha * mean + (1 - alpha) * g
        variance = n - mean**2 if centered else n
        delta = momentum * delta + g / (np.sqrt(variance) + eps)
        p = p - lr * delta
        g = yield p


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"lr": 0.1},
        {"alpha": 0.5},
        {"eps": 0.5},
        {"weight_decay": 0.3},
        {"momentum": 0.9},
        {"centered": True, "alpha": 0.9},
        {"maximize": True},
        {"momentum": 0.5, "centered": True, "weight_decay": 0.2, "maximize": True, "alpha": 0.8},
    ],
    ids=str,
)
def test_follows_the_rule(follow, options):
    """Every option by itself, and together."""
    follow(RMSprop, rule, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lr": -1.0}, r"RMSprop: lr must be a finite number >= 0"),
        ({"alpha": 1.5}, r"alpha must be a number in \[0, 1\], got 1.5"),
        ({"eps": -1.0}, r"eps must be"),
        ({"weight_decay": -1.0}, r"weight_decay must be"),
        ({"momentum": -0.5}, r"momentum must be a number in \[0, 1\]"),
        ({"centered": 1}, r"centered must be True or False"),
        ({"maximize": 1}, r"maximize must be True or False"),
    ],
)
def test_refuses_settings_outside_their_range(options, message):
    """Each hyper-parameter has its own message."""
    with pytest.raises(ValueError, match=message):
        RMSprop([Parameter([1.0])], **options)


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({}, {"step", "square_avg"}),
        ({"centered": True}, {"step", "square_avg", "grad_avg"}),
        ({"momentum": 0.9}, {"step", "square_avg", "momentum_buffer"}),
    ],
)
def test_keeps_only_the_state_it_needs(options, names):
    """An option that is off costs no memory."""
    p = Parameter([1.0])
    p.grad = np.array([1.0], dtype=np.float32)
    optimizer = RMSprop([p], **options)
    optimizer.step()
    assert optimizer.state_dict()["state"]["0"].keys() == names


@pytest.mark.parametrize("form", [nullcontext, textbook])
def test_equal_gradients_have_no_negative_variance(form):
    """Their mean square and squared mean differ by rounding alone, whose root was NaN."""
    g = np.random.default_rng(0).standard_normal(1000).astype(np.float32)
    p = Parameter(np.zeros(1000))
    optimizer = RMSprop([p], lr=1e-9, alpha=0.9, centered=True)
    for _ in range(300):
        p.grad = g
        with form():
            optimizer.step()
    assert np.isfinite(p.data).all()
    assert (np.sign(p.data) == -np.sign(g)).all()
