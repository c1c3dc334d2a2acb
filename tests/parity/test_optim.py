"""Every optimizer against PyTorch's: 200 steps of a small network from the same start."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from harness import WORST, Worst

import neural_net_optim as ours
from neural_net_core import (
    Dense,
    Module,
    Parameter,
    Sequential,
    Tanh,
    Tensor,
    default_dtype,
    mse_loss,
)

STEPS = 200
TOLERANCE = {"float32": 1e-5, "float64": 1e-11}

# Each option by itself, and then together.
CASES: dict[str, list[dict[str, Any]]] = {
    "SGD": [
        {"lr": 0.1},
        {"lr": 0.1, "weight_decay": 0.1},
        {"lr": 0.05, "momentum": 0.9},
        {"lr": 0.05, "momentum": 0.9, "dampening": 0.4},
        {"lr": 0.05, "momentum": 0.9, "nesterov": True},
        {"lr": 0.01, "maximize": True},
        {"lr": 0.01, "momentum": 0.9, "weight_decay": 0.1, "maximize": True},
        {"lr": 0.05, "momentum": 0.9, "dampening": 0.4, "weight_decay": 0.1},
        {"lr": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
    ],
    "Adam": [
        {},
        {"lr": 0.01, "betas": (0.8, 0.95)},
        {"eps": 1e-3},
        {"weight_decay": 0.1},
        {"weight_decay": 0.1, "decoupled_weight_decay": True},
        {"amsgrad": True, "lr": 0.01},
        {"maximize": True},
        {"weight_decay": 0.1, "amsgrad": True, "maximize": True, "betas": (0.5, 0.9)},
    ],
    "AdamW": [
        {},
        {"weight_decay": 0.0},
        {"lr": 0.01, "weight_decay": 0.3},
        {"amsgrad": True, "lr": 0.01},
        {"maximize": True},
        {"betas": (0.5, 0.9), "eps": 1e-3, "amsgrad": True, "maximize": True},
    ],
    "Adagrad": [
        {},
        {"lr": 0.05, "lr_decay": 0.1},
        {"weight_decay": 0.1},
        {"initial_accumulator_value": 0.5},
        {"eps": 1e-2},
        {"maximize": True},
        {"lr_decay": 0.1, "weight_decay": 0.1, "initial_accumulator_value": 0.5, "maximize": True},
    ],
    "Adadelta": [
        {},
        {"rho": 0.5},
        {"eps": 1e-3},
        {"lr": 0.3},
        {"weight_decay": 0.1},
        {"maximize": True},
        {"lr": 0.5, "rho": 0.8, "eps": 1e-4, "weight_decay": 0.1, "maximize": True},
    ],
    "RMSprop": [
        {"lr": 1e-3},
        {"lr": 1e-3, "alpha": 0.9},
        {"lr": 1e-3, "eps": 1e-3},
        {"lr": 1e-3, "weight_decay": 0.1},
        {"lr": 1e-3, "momentum": 0.9},
        {"lr": 1e-3, "centered": True, "eps": 1e-3},
        {"lr": 1e-3, "maximize": True},
        {
            "lr": 1e-3,
            "momentum": 0.5,
            "centered": True,
            "eps": 1e-2,
            "weight_decay": 0.1,
            "maximize": True,
        },
    ],
    "Adamax": [
        {},
        {"betas": (0.5, 0.9)},
        {"eps": 1e-2},
        {"weight_decay": 0.1},
        {"maximize": True},
        {"lr": 0.01, "weight_decay": 0.1, "maximize": True},
    ],
    "NAdam": [
        {},
        {"betas": (0.5, 0.9)},
        {"eps": 1e-2},
        {"momentum_decay": 0.1},
        {"weight_decay": 0.1},
        {"weight_decay": 0.1, "decoupled_weight_decay": True},
        {"maximize": True},
        {"weight_decay": 0.1, "momentum_decay": 0.05, "maximize": True},
    ],
    "RAdam": [
        {},
        {"betas": (0.5, 0.9)},
        {"eps": 1e-2},
        {"weight_decay": 0.1},
        {"weight_decay": 0.1, "decoupled_weight_decay": True},
        {"maximize": True},
        {"betas": (0.8, 0.99), "weight_decay": 0.1, "maximize": True},
    ],
    "Rprop": [
        {"lr": 1e-3, "step_sizes": (1e-6, 1e-3)},
        {"lr": 1e-3, "etas": (0.3, 1.1), "step_sizes": (1e-5, 3e-3)},
        {"lr": 1e-3, "step_sizes": (1e-4, 1e-3), "maximize": True},
    ],
    "Adafactor": [
        {},
        {"lr": 0.1},
        {"beta2_decay": -0.5},
        {"eps": (1e-3, 0.1)},
        {"d": 1.5},
        {"weight_decay": 0.1},
        {"maximize": True},
        {"lr": 0.05, "eps": (1e-4, 0.5), "d": 1.2, "weight_decay": 0.1, "maximize": True},
    ],
}
PARAMETERS = [(name, options) for name, cases in CASES.items() for options in cases]


@pytest.fixture(autouse=True)
def reference() -> Iterator[None]:
    """Let PyTorch keep its scalar state (such as NAdam's product) in float64."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def networks(dtype: str, seed: int = 0) -> tuple[Module, torch.nn.Module, np.ndarray, np.ndarray]:
    """Return our network, PyTorch's with equal weights, inputs and targets."""
    rng = np.random.default_rng(seed)
    # Noise to the end: where gradients vanish, Adam makes full steps of their rounding errors, so
    # random targets are learned in small batches.
    x = rng.standard_normal((STEPS, 8, 5)).astype(dtype)
    y = rng.standard_normal((STEPS, 8, 3)).astype(dtype)
    with default_dtype(dtype):
        mine = Sequential(Dense(5, 8, rng=rng), Tanh(), Dense(8, 3, rng=rng))
    theirs = torch.nn.Sequential(torch.nn.Linear(5, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3))
    theirs.to(getattr(torch, dtype))
    state = {name: torch.tensor(array) for name, array in mine.state_dict().items()}
    theirs.load_state_dict(state)
    return mine, theirs, x, y


def difference(mine: Module, theirs: torch.nn.Module) -> float:
    """Return the largest difference between any two weights."""
    pairs = zip(mine.parameters(), theirs.parameters(), strict=True)
    return max(float(np.abs(p.data - q.detach().numpy()).max()) for p, q in pairs)


def train(
    name: str,
    dtype: str,
    make: Callable[[Module, torch.nn.Module], tuple[Any, Any]],
    each_step: Callable[[int, Module, torch.nn.Module], None] | None = None,
) -> None:
    """Train both networks and assert that the weights agree after every step.

    What maximizes gets the negated loss, since the loss itself has no maximum.
    """
    mine, theirs, x, y = networks(dtype)
    before = next(mine.parameters()).data.copy()
    optimizer, reference = make(mine, theirs)
    sign = -1.0 if optimizer.param_groups[0]["maximize"] else 1.0
    xt, yt = torch.tensor(x), torch.tensor(y)
    worst = 0.0
    for step in range(STEPS):
        optimizer.zero_grad()
        (mse_loss(mine(Tensor(x[step], dtype)), Tensor(y[step], dtype)) * sign).backward()
        reference.zero_grad()
        (torch.nn.functional.mse_loss(theirs(xt[step]), yt[step]) * sign).backward()
        if each_step:
            each_step(step, mine, theirs)
        optimizer.step()
        reference.step()
        worst = max(worst, difference(mine, theirs))
        assert worst <= TOLERANCE[dtype], f"{name} {dtype}: step {step} differs by {worst:.2e}"
    assert not np.array_equal(before, next(mine.parameters()).data), "nothing was trained"
    row = WORST.setdefault((f"optim {name}", dtype), Worst())
    row.cases += 1
    row.forward = max(row.forward, worst)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "options"), PARAMETERS, ids=lambda x: str(x))
def test_two_hundred_steps(name: str, options: dict[str, Any], dtype: str) -> None:
    """Every option of every optimizer leads to the same weights all along."""

    def make(mine: Module, theirs: torch.nn.Module) -> tuple[Any, Any]:
        return (
            getattr(ours, name)(mine.parameters(), **options),
            getattr(torch.optim, name)(theirs.parameters(), **options),
        )

    train(name, dtype, make)


@pytest.mark.parametrize("name", list(CASES))
def test_defaults_are_those_of_pytorch(name: str) -> None:
    """Every hyper-parameter that both have has the same default."""
    p, q = Parameter([1.0]), torch.nn.Parameter(torch.ones(1))
    mine = getattr(ours, name)([p]).param_groups[0]
    theirs = getattr(torch.optim, name)([q]).param_groups[0]
    shared = mine.keys() & theirs.keys() - {"params"}
    assert shared >= {"lr", "maximize"}
    assert "weight_decay" in shared or name == "Rprop"
    for key in shared:
        assert mine[key] == theirs[key], key


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", list(CASES))
def test_skipped_and_frozen_parameters(name: str, dtype: str) -> None:
    """A parameter without gradient in some steps, and a frozen one, are left alone alike."""
    options = CASES[name][-1]

    def make(mine: Module, theirs: torch.nn.Module) -> tuple[Any, Any]:
        list(mine.parameters())[1].requires_grad = False
        list(theirs.parameters())[1].requires_grad_(False)
        return (
            getattr(ours, name)(mine.parameters(), **options),
            getattr(torch.optim, name)(theirs.parameters(), **options),
        )

    def forget(step: int, mine: Module, theirs: torch.nn.Module) -> None:
        for i, (p, q) in enumerate(zip(mine.parameters(), theirs.parameters(), strict=True)):
            if (step + i) % 3 == 0 and i >= 2:
                p.grad = q.grad = None

    train(name, dtype, make, forget)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", list(CASES))
def test_groups_with_their_own_settings(name: str, dtype: str) -> None:
    """Groups differ in rate and decay, and the rate changes on the way."""
    own: dict[str, Any] = {"lr": 2e-3, "weight_decay": 0.1}
    if name == "Rprop":
        own = {"lr": 2e-3, "step_sizes": (1e-4, 3e-3)}

    def groups(network: Any) -> list[dict[str, Any]]:
        first, second, third, fourth = network.parameters()
        return [
            {"params": [first, third], **own},
            {"params": [second, fourth]},
        ]

    def make(mine: Module, theirs: torch.nn.Module) -> tuple[Any, Any]:
        a = getattr(ours, name)(groups(mine), lr=1e-3)
        b = getattr(torch.optim, name)(groups(theirs), lr=1e-3)
        made.extend([a, b])
        return a, b

    def change(step: int, mine: Module, theirs: torch.nn.Module) -> None:
        for optimizer in made:
            optimizer.param_groups[0]["lr"] *= 0.99

    made: list[Any] = []
    train(name, dtype, make, change)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"lr": 0.02, "nesterov": False},
        {"momentum": 0.8, "weight_decay": 0.0},
        {"adjust_lr_fn": "match_rms_adamw"},
        {"adjust_lr_fn": "original", "ns_steps": 3, "ns_coefficients": (2.0, -1.5, 0.5)},
    ],
    ids=str,
)
def test_muon(options: dict[str, Any], dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Matrices follow PyTorch's Muon, iterated in the weights' dtype, and the rest its AdamW."""
    monkeypatch.setattr(torch.Tensor, "bfloat16", torch.Tensor.clone)

    class Both:
        """PyTorch's two optimizers as one."""

        def __init__(self, network: torch.nn.Module) -> None:
            parameters = list(network.parameters())
            adamw = {k: options[k] for k in ("lr", "weight_decay") if k in options}
            self.parts = [
                torch.optim.Muon([p for p in parameters if p.ndim == 2], **options),
                torch.optim.AdamW(
                    [p for p in parameters if p.ndim != 2], **{"weight_decay": 0.1, **adamw}
                ),
            ]

        def zero_grad(self) -> None:
            for part in self.parts:
                part.zero_grad()

        def step(self) -> None:
            for part in self.parts:
                part.step()

    train("Muon", dtype, lambda a, b: (ours.Muon(a.parameters(), **options), Both(b)))


def test_no_optimizer_of_both_is_left_out() -> None:
    """Every optimizer that both libraries have is compared here."""
    both = {n for n in ours.__all__ if hasattr(torch.optim, n)} - {"Optimizer"}
    elsewhere = {"LBFGS"}  # which wants a closure: test_lbfgs.py
    assert both == set(CASES) | {"Muon"} | elsewhere


def test_the_page_says_why_others_are_not_here() -> None:
    """Every public name of `torch.optim`, and every schedule, is here or on the page."""
    page = Path(__file__).parents[2] / "docs/how-to/called-differently.md"
    section = page.read_text().split("## What PyTorch has and this library has not")[1]
    named = set(re.findall(r"^\| `(\w+)`", section, re.MULTILINE))
    modules = {"lr_scheduler", "swa_utils"}
    theirs = set(torch.optim.__all__) | set(torch.optim.lr_scheduler.__all__)
    assert theirs - modules - set(ours.__all__) == named


def test_the_comparison_can_fail() -> None:
    """A rate that differs by a hundredth of a percent is noticed."""
    with pytest.raises(AssertionError, match="differs by"):
        train(
            "SGD",
            "float32",
            lambda a, b: (
                ours.SGD(a.parameters(), lr=0.10001),
                torch.optim.SGD(b.parameters(), lr=0.1),
            ),
        )
