"""Optimizers against PyTorch's recorded steps, without PyTorch (see tests/parity/freeze.py)."""

from pathlib import Path

import numpy as np
import pytest

import neural_net_optim
from neural_net_core import Parameter
from neural_net_core.testing.reference import check_case, load_cases

CASES = load_cases(Path(__file__).parent / "fixtures" / "pytorch.safetensors")

# The name of a case begins with that of the class.
OPTIONS = {
    "SGD": {"lr": 0.1},
    "SGD momentum": {"lr": 0.1, "momentum": 0.9},
    "SGD dampening": {"lr": 0.1, "momentum": 0.9, "dampening": 0.4},
    "SGD nesterov": {"lr": 0.1, "momentum": 0.9, "nesterov": True},
    "SGD weight_decay": {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.1},
    "SGD maximize": {"lr": 0.1, "maximize": True},
    "Adam": {"lr": 0.01},
    "Adam weight_decay": {"lr": 0.01, "weight_decay": 0.1},
    "Adam amsgrad": {"lr": 0.01, "amsgrad": True},
    "AdamW": {"lr": 0.01, "weight_decay": 0.1},
    "RMSprop": {"lr": 0.01},
    "RMSprop centered momentum": {"lr": 0.01, "momentum": 0.9, "centered": True},
    "Adagrad": {"lr": 0.1, "lr_decay": 0.1},
    "Adadelta": {"lr": 1.0},
    "Adamax": {"lr": 0.01},
    "NAdam": {"lr": 0.01},
    "RAdam": {"lr": 0.01},
    "Rprop": {"lr": 0.1},
    "LBFGS": {"lr": 0.01, "max_iter": 2},
    "LBFGS strong_wolfe": {"max_iter": 3, "history_size": 4, "line_search_fn": "strong_wolfe"},
}


def steps(name):
    """Return a function of a start and of gradients: the parameter after each step.

    L-BFGS is given no gradients; it goes five steps along Rosenbrock's valley.
    """

    def run(start, *gradients):
        parameter = Parameter(start.data, start.dtype)
        optimizer = getattr(neural_net_optim, name.split()[0])([parameter], **OPTIONS[name])
        after = []

        def closure():
            optimizer.zero_grad()
            p = parameter
            loss = (100 * (p[1:] - p[:-1] ** 2) ** 2 + (1 - p[:-1]) ** 2).sum()
            loss.backward()
            return loss

        for _ in range(5 if optimizer.needs_closure else 0):
            optimizer.step(closure)
            after.append(parameter.data.copy())
        for gradient in gradients:
            parameter.grad = gradient.data.copy()
            optimizer.step()
            after.append(parameter.data.copy())
        return after

    return run


def test_here_and_in_the_file_are_the_same_cases():
    assert set(OPTIONS) == set(CASES)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", CASES)
def test_every_step_is_pytorchs(name, dtype):
    # PyTorch keeps NAdam's running product of momenta in float32, whatever the parameters are.
    tolerance = 1e-9 if name == "NAdam" and dtype is np.float64 else None
    check_case(CASES[name], steps(name), dtype, tolerance)
