"""Every schedule against PyTorch's, at every step, within 1e-12."""

import math
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from harness import WORST, Worst

import neural_net_optim as ours
from neural_net_core import Parameter
from neural_net_optim import schedules

TOLERANCE = 1e-12
Make = Callable[[Any, Any], Any]


def optimizers(kind: str = "SGD", **options: Any) -> tuple[Any, Any]:
    """Return our optimizer and PyTorch's, with two groups of different rates."""
    p, q = [Parameter([1.0]) for _ in range(2)], [torch.nn.Parameter(torch.ones(1)) for _ in "ab"]
    groups = [[{"params": [x[0]], "lr": 0.5}, {"params": [x[1]], "lr": 0.02}] for x in (p, q)]
    for x in q:
        x.grad = torch.zeros(1)
    return (
        getattr(ours, kind)(groups[0], **options),
        getattr(torch.optim, kind)(groups[1], **options),
    )


def settings(optimizer: Any) -> list[float]:
    """Return what a schedule may change: rates, and momenta or betas."""
    values = []
    for group in optimizer.param_groups:
        values.append(float(group["lr"]))
        values += [float(x) for x in group.get("betas", ())]
        values.append(float(group.get("momentum", 0.0)))
    return values


def compare(name: str, make: Make, steps: int, kind: str = "SGD", **options: Any) -> list[float]:
    """Step both schedules and assert that everything they set agrees; return our first rates."""
    mine, theirs = optimizers(kind, **options)
    a, b = make(schedules, mine), make(torch.optim.lr_scheduler, theirs)
    rates = []
    row = WORST.setdefault((f"schedule {name}", "float64"), Worst())
    row.cases += 1
    for step in range(steps):
        x, y = settings(mine), settings(theirs)
        error = float(np.abs(np.subtract(x, y)).max())
        row.forward = max(row.forward, error)
        assert error <= TOLERANCE, f"{name}: step {step}: {x}, PyTorch {y}"
        assert a.get_last_lr() == [g["lr"] for g in mine.param_groups]
        assert a.lr_at(step) == a.get_last_lr(), "the function differs from the steps"
        rates.append(a.get_last_lr()[0])
        theirs.step()
        if step < steps - 1:
            a.step()
            b.step()
    return rates


def test_lambdas() -> None:
    """One function for all groups, or one for each."""
    compare("LambdaLR", lambda s, o: s.LambdaLR(o, lambda t: 1 / (1 + t)), 50)
    lambdas = [lambda t: 0.95**t, lambda t: 1 + math.sin(t)]
    compare("LambdaLR", lambda s, o: s.LambdaLR(o, lambdas), 50)
    compare("MultiplicativeLR", lambda s, o: s.MultiplicativeLR(o, lambda t: 0.9 + 0.01 * t), 25)
    compare("MultiplicativeLR", lambda s, o: s.MultiplicativeLR(o, lambdas), 10)


@pytest.mark.parametrize("gamma", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("step_size", [1, 3, 40])
def test_staircases(step_size: int, gamma: float) -> None:
    """Cuts at every so many steps, or at listed ones (one of them twice)."""
    compare("StepLR", lambda s, o: s.StepLR(o, step_size, gamma), 60)
    milestones = [step_size, 7, 7, 30]
    compare("MultiStepLR", lambda s, o: s.MultiStepLR(o, milestones, gamma), 60)
    compare("ExponentialLR", lambda s, o: s.ExponentialLR(o, gamma), 60)


@pytest.mark.parametrize("total", [1, 5, 30])
def test_lines_and_powers(total: int) -> None:
    """Defaults and settings, beyond their end."""
    compare("ConstantLR", lambda s, o: s.ConstantLR(o, total_iters=total), 40)
    compare("ConstantLR", lambda s, o: s.ConstantLR(o, 0.25, total), 40)
    compare("LinearLR", lambda s, o: s.LinearLR(o, total_iters=total), 40)
    compare("LinearLR", lambda s, o: s.LinearLR(o, 1.0, 0.1, total), 40)
    compare("LinearLR", lambda s, o: s.LinearLR(o, 0.2, 0.9, total), 40)
    for power in (1.0, 2.0, 0.5):
        compare("PolynomialLR", lambda s, o, k=power: s.PolynomialLR(o, total, k), 40)


@pytest.mark.parametrize("eta_min", [0.0, 0.01])
@pytest.mark.parametrize("length", [1, 2, 10, 33])
def test_cosines(length: int, eta_min: float) -> None:
    """Past the end, where PyTorch's rate rises again, and through several rounds."""
    compare("CosineAnnealingLR", lambda s, o: s.CosineAnnealingLR(o, length, eta_min), 80)
    for factor in (1, 2, 3):
        compare(
            "CosineAnnealingWarmRestarts",
            lambda s, o, m=factor: s.CosineAnnealingWarmRestarts(o, length, m, eta_min),
            120,
        )


@pytest.mark.parametrize("anneal", ["cos", "linear"])
@pytest.mark.parametrize("three_phase", [False, True])
@pytest.mark.parametrize("pct_start", [0.0, 0.1, 0.3, 0.5])
def test_one_cycle(pct_start: float, three_phase: bool, anneal: str) -> None:
    """Rate and momentum of every form, in optimizers with momentum and with betas."""
    if three_phase and pct_start == 0.0:
        pytest.skip("PyTorch divides by zero")
    options = {
        "pct_start": pct_start,
        "three_phase": three_phase,
        "anneal_strategy": anneal,
    }
    for total in (13, 50, 101):
        compare(
            "OneCycleLR",
            lambda s, o, n=total: s.OneCycleLR(o, 0.4, n, **options),
            total,
            momentum=0.9,
        )
    lists = {"max_lr": [0.4, 0.1], "base_momentum": [0.5, 0.6], "max_momentum": [0.9, 0.95]}
    make: Make = lambda s, o: s.OneCycleLR(  # noqa: E731
        o, **lists, epochs=5, steps_per_epoch=8, div_factor=10, final_div_factor=100, **options
    )
    compare("OneCycleLR", make, 40, kind="Adam")
    compare(
        "OneCycleLR", lambda s, o: s.OneCycleLR(o, 1.0, 30, cycle_momentum=False, **options), 30
    )


@pytest.mark.parametrize("mode", ["triangular", "triangular2", "exp_range"])
def test_cyclic(mode: str) -> None:
    """Every mode, symmetric or not, with momentum, betas or neither, and one's own function."""
    for up, down in ((4, None), (3, 7), (1, 1), (10, 2)):
        compare(
            "CyclicLR",
            lambda s, o, u=up, d=down: s.CyclicLR(o, 0.1, 0.9, u, d, mode, 0.98),
            100,
            momentum=0.9,
        )
    lists = {"base_lr": [0.1, 0.0], "max_lr": [0.4, 0.1], "base_momentum": [0.5, 0.6]}
    compare("CyclicLR", lambda s, o: s.CyclicLR(o, **lists, step_size_up=6), 50, kind="Adam")
    for scale_mode in ("cycle", "iterations"):
        compare(
            "CyclicLR",
            lambda s, o, m=scale_mode: s.CyclicLR(
                o, 0.1, 0.9, 4, scale_fn=lambda x: 1 / (1 + x), scale_mode=m, cycle_momentum=False
            ),
            50,
        )


def test_sequential() -> None:
    """A warm-up and what follows; PyTorch warns about its own way of restarting a schedule."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compare(
            "SequentialLR",
            lambda s, o: s.SequentialLR(
                o, [s.LinearLR(o, 0.1, 1.0, 9), s.CosineAnnealingLR(o, 30)], [10]
            ),
            40,
        )
        compare(
            "SequentialLR",
            lambda s, o: s.SequentialLR(
                o,
                [s.ConstantLR(o, 0.1, 4), s.ExponentialLR(o, 0.9), s.StepLR(o, 3, 0.5)],
                [4, 12],
            ),
            40,
        )


def test_chained() -> None:
    """Schedules that multiply, applied at once."""
    compare(
        "ChainedScheduler",
        lambda s, o: s.ChainedScheduler(
            [
                s.ConstantLR(o, 0.1, 5),
                s.ExponentialLR(o, 0.97),
                s.CosineAnnealingLR(o, 60),
                s.MultiStepLR(o, [7, 20], 0.5),
            ],
            o,
        ),
        50,
    )


@pytest.mark.parametrize("anneal", ["cos", "linear"])
@pytest.mark.parametrize("length", [0, 1, 7])
def test_swa(length: int, anneal: str) -> None:
    """From the rates that another schedule has left."""
    mine, theirs = optimizers()
    first = schedules.ExponentialLR(mine, 0.9), torch.optim.lr_scheduler.ExponentialLR(theirs, 0.9)
    if length:
        second = (
            schedules.SWALR(mine, [0.05, 0.01], length, anneal),
            torch.optim.swa_utils.SWALR(theirs, [0.05, 0.01], length, anneal),
        )
    for step in range(30):
        if step == 10 and not length:
            second = (
                schedules.SWALR(mine, [0.05, 0.01], length, anneal),
                torch.optim.swa_utils.SWALR(theirs, [0.05, 0.01], length, anneal),
            )
        assert settings(mine) == pytest.approx(settings(theirs), abs=TOLERANCE, rel=0), step
        theirs.step()
        for scheduler in first if step < 10 else second:
            scheduler.step()
    assert mine.param_groups[0]["lr"] == 0.05


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("threshold_mode", ["rel", "abs"])
@pytest.mark.parametrize("cooldown", [0, 3])
def test_plateau(mode: str, threshold_mode: str, cooldown: int) -> None:
    """A noisy metric with plateaus, and NaN; positive: below 0 PyTorch takes worse for better.

    (Its relative bar is `best * (1 - threshold)`, which lies above a negative best value.)
    """
    rng = np.random.default_rng(0)
    metrics = [*rng.normal(5.0, 0.2, size=40), float("nan"), *rng.gamma(2.0, 1.0, size=80)]
    options = {
        "mode": mode,
        "threshold_mode": threshold_mode,
        "cooldown": cooldown,
        "factor": 0.5,
        "patience": 3,
        "threshold": 0.05,
        "min_lr": [1e-3, 1e-4],
        "eps": 1e-5,
    }
    mine, theirs = optimizers()
    a = schedules.ReduceLROnPlateau(mine, **options)
    b = torch.optim.lr_scheduler.ReduceLROnPlateau(theirs, **options)
    rates = []
    for metric in metrics:
        a.step_metric(metric)
        b.step(metric)
        assert settings(mine) == settings(theirs)
        assert (a.best, a.num_bad, a.cooldown_left) == (
            b.best,
            b.num_bad_epochs,
            b.cooldown_counter,
        )
        rates.append(mine.param_groups[0]["lr"])
    assert len(set(rates)) > 3
    WORST.setdefault(("schedule ReduceLROnPlateau", "float64"), Worst()).cases += 1


def test_no_schedule_of_both_is_left_out() -> None:
    """Every schedule that both libraries have is compared here."""
    both = {n for n in schedules.__all__ if hasattr(torch.optim.lr_scheduler, n)} - {"LRScheduler"}
    text = Path(__file__).read_text(encoding="utf-8")
    assert len(both) == 15
    used = set(re.findall(r"\b(?:s|schedules)\.(\w+)\(", text))
    assert both <= used


def test_the_comparison_can_fail() -> None:
    """A schedule that is one step late is noticed."""
    with pytest.raises(AssertionError, match="step 3"):
        compare(
            "StepLR late",
            lambda s, o: s.StepLR(o, 4 if s is schedules else 3),
            10,
        )
    del WORST["schedule StepLR late", "float64"]
