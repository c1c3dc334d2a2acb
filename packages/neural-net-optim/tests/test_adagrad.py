"""Adagrad against its paper's rule with diagonal matrices."""

import numpy as np
import pytest

from neural_net_core import Parameter
from neural_net_optim import Adagrad


def rule(
    p,
    lr=1e-2,
    lr_decay=0.0,
    weight_decay=0.0,
    initial_accumulator_value=0.0,
    eps=1e-10,
    maximize=False,
):
    """Duchi et al. (2011), eq. 1, keeping all gradients instead of their sum."""
    g = yield p
    squares = [np.full_like(p, initial_accumulator_value)]
    while True:
        g = (-g if maximize else g) + weight_decay * p
        squares.append(g**2)
        rate = lr / (1 + (len(squares) - 2) * lr_decay)
        p = p - rate * g / (np.sqrt(sum(squares)) + eps)
        g = yield p


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"lr": 0.5},
        {"lr_decay": 0.5, "lr": 0.5},
        {"weight_decay": 0.3},
        {"initial_accumulator_value": 2.0},
        {"eps": 0.5},
        {"maximize": True},
        {"lr": 0.3, "lr_decay": 0.1, "weight_decay": 0.2, "initial_accumulator_value": 1.0},
    ],
    ids=str,
)
def test_follows_the_paper(follow, options):
    """Every option by itself, and together."""
    follow(Adagrad, rule, **options)


@pytest.mark.parametrize(
    "name", ["lr", "lr_decay", "weight_decay", "initial_accumulator_value", "eps"]
)
def test_refuses_negative_numbers(name):
    """Each with its name."""
    with pytest.raises(ValueError, match=rf"Adagrad: {name} must be a finite number >= 0, got -1"):
        Adagrad([Parameter([1.0])], **{name: -1})


def test_refuses_a_flag_that_is_none():
    """As all optimizers do."""
    with pytest.raises(ValueError, match="maximize must be True or False"):
        Adagrad([Parameter([1.0])], maximize=2)
