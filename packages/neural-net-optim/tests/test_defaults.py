"""The settings that a caller who says nothing gets: PyTorch 2.13's, else the papers'."""

import math

import numpy as np
import pytest

import neural_net_optim as optim
from neural_net_core import Parameter

L2 = {"weight_decay": 0.0, "maximize": False}
DEFAULTS = {
    optim.SGD: {"lr": 1e-3, "momentum": 0.0, "dampening": 0.0, "nesterov": False, **L2},
    optim.Adagrad: {
        "lr": 1e-2, "lr_decay": 0.0, "initial_accumulator_value": 0.0, "eps": 1e-10, **L2,
    },
    optim.Adadelta: {"lr": 1.0, "rho": 0.9, "eps": 1e-6, **L2},
    optim.RMSprop: {
        "lr": 1e-2, "alpha": 0.99, "eps": 1e-8, "momentum": 0.0, "centered": False, **L2,
    },
    optim.Rprop: {
        "lr": 1e-2, "etas": (0.5, 1.2), "step_sizes": (1e-6, 50.0), "maximize": False,
    },
    optim.Adam: {
        "lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "amsgrad": False,
        "decoupled_weight_decay": False, **L2,
    },
    optim.AdamW: {
        "lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 1e-2, "amsgrad": False,
        "maximize": False,
    },
    optim.Adamax: {"lr": 2e-3, "betas": (0.9, 0.999), "eps": 1e-8, **L2},
    optim.NAdam: {
        "lr": 2e-3, "betas": (0.9, 0.999), "eps": 1e-8, "momentum_decay": 4e-3,
        "decoupled_weight_decay": False, **L2,
    },
    optim.RAdam: {
        "lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "decoupled_weight_decay": False, **L2,
    },
    optim.Lion: {"lr": 1e-4, "betas": (0.9, 0.99), **L2},
    optim.LBFGS: {
        "lr": 1.0, "max_iter": 20, "max_eval": None, "tolerance_grad": 1e-7,
        "tolerance_change": 1e-9, "history_size": 100, "line_search_fn": None,
    },
    optim.LAMB: {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-6, "norm_limits": None, **L2},
    optim.Adafactor: {
        "lr": 1e-2, "beta2_decay": -0.8, "eps": (None, 1e-3), "d": 1.0, "beta1": None,
        "scale_parameter": True, "relative_step": True, "variant": "pytorch", **L2,
    },
    optim.Muon: {
        "lr": 1e-3, "weight_decay": 0.1, "momentum": 0.95, "nesterov": True,
        "ns_coefficients": (3.4445, -4.7750, 2.0315), "eps": 1e-7, "ns_steps": 5,
        "adjust_lr_fn": None, "rule": "auto", "adamw_betas": (0.9, 0.999), "adamw_eps": 1e-8,
        "maximize": False,
    },
}  # fmt: skip


def test_every_optimizer_is_in_the_table():
    """A new one has to say what it takes for granted."""
    classes = {
        value
        for name in optim.__all__
        if isinstance(value := getattr(optim, name), type) and issubclass(value, optim.Optimizer)
    }
    assert {c for c in classes if c.limits} == set(DEFAULTS)


@pytest.mark.parametrize("optimizer", DEFAULTS, ids=lambda c: c.__name__)
def test_defaults(optimizer):
    """Nothing else, and nothing with another value."""
    assert optimizer([Parameter([1.0])]).defaults == DEFAULTS[optimizer]


def test_the_papers_constant_of_adafactor():
    """ε₁ = 1e-30 beside a gradient of 1e-15 halves V̂'s inverse: 1/√2 of a step."""
    p = Parameter(np.ones(1), "float64")
    p.grad = np.array([1e-15])
    optim.Adafactor([p], lr=0.5, variant="paper").step()
    assert float(p) == pytest.approx(1 - 0.5 / math.sqrt(2), rel=1e-9)
