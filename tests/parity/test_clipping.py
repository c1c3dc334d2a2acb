"""Clipping and averages of weights against PyTorch's."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from harness import TOLERANCE, WORST, Worst, relative_error

import neural_net_optim as ours
from neural_net_core import (
    Dense,
    Parameter,
    Sequential,
    Tanh,
    Tensor,
    default_dtype,
    mse_loss,
)

SHAPES = [(), (3,), (4, 3), (1, 7), (2, 3, 5), (0, 4), (40, 30)]
STEPS = 200
WEIGHTS = {"float32": 1e-5, "float64": 1e-11}


def parameters(dtype: str, scale: float, seed: int = 0) -> tuple[list[Any], list[Any]]:
    """Return our parameters and PyTorch's with equal random gradients; one has none."""
    rng = np.random.default_rng(seed)
    mine, theirs = [], []
    for i, shape in enumerate(SHAPES):
        p = Parameter(rng.standard_normal(shape), dtype)
        q = torch.nn.Parameter(torch.tensor(p.data.copy()))
        if i != 1:
            p.grad = np.asarray(rng.standard_normal(shape) * scale).astype(dtype)
            q.grad = torch.tensor(p.grad.copy())
        mine.append(p)
        theirs.append(q)
    return mine, theirs


def compare(name: str, dtype: str, mine: list[Any], theirs: list[Any]) -> None:
    """Assert that all gradients agree."""
    row = WORST.setdefault((name, dtype), Worst())
    for p, q in zip(mine, theirs, strict=True):
        if q.grad is None:
            assert p.grad is None
            continue
        error = relative_error(p.grad, q.grad.numpy())
        row.cases += 1
        row.gradient = max(row.gradient, error)
        assert error <= TOLERANCE[dtype]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
@pytest.mark.parametrize("norm_type", [2.0, 1.0, 0.5, 3.0, math.inf])
def test_norm(norm_type: float, scale: float, dtype: str) -> None:
    """The norm is returned as it was, and the gradients are scaled or left alone alike."""
    for seed, max_norm in enumerate((0.0, 0.1, 1.0, 1e6)):
        mine, theirs = parameters(dtype, scale, seed)
        if norm_type == math.inf:  # PyTorch has no largest magnitude of an empty tensor
            mine, theirs = [[p for p in x if p.shape != (0, 4)] for x in (mine, theirs)]
        norm = ours.clip_grad_norm(mine, max_norm, norm_type)
        expected = torch.nn.utils.clip_grad_norm_(theirs, max_norm, norm_type)
        assert norm == pytest.approx(float(expected), rel=TOLERANCE[dtype])
        compare("clip_grad_norm", dtype, mine, theirs)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("clip_value", [0.0, 0.3, 5.0])
def test_value(clip_value: float, dtype: str) -> None:
    """Every number is limited by itself."""
    mine, theirs = parameters(dtype, 1.0)
    ours.clip_grad_value(mine, clip_value)
    torch.nn.utils.clip_grad_value_(theirs, clip_value)
    compare("clip_grad_value", dtype, mine, theirs)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_nonfinite(bad: float) -> None:
    """Without an error a bad gradient does to the others what it does in PyTorch."""
    mine, theirs = parameters("float64", 1.0)
    mine[3].grad[0, 2] = theirs[3].grad[0, 2] = bad
    ours.clip_grad_norm(mine, 1.0)
    torch.nn.utils.clip_grad_norm_(theirs, 1.0)
    for p, q in zip(mine, theirs, strict=True):
        if q.grad is not None:
            np.testing.assert_array_equal(p.grad, q.grad.numpy())


def networks(dtype: str) -> tuple[Any, Any]:
    """Return our network and PyTorch's with equal weights."""
    rng = np.random.default_rng(0)
    with default_dtype(dtype):
        mine = Sequential(Dense(5, 8, rng=rng), Tanh(), Dense(8, 3, rng=rng))
    theirs = torch.nn.Sequential(torch.nn.Linear(5, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3))
    theirs.to(getattr(torch, dtype))
    theirs.load_state_dict({name: torch.tensor(x) for name, x in mine.state_dict().items()})
    return mine, theirs


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("average", ["ema", "swa"])
def test_two_hundred_clipped_and_averaged_steps(average: str, dtype: str) -> None:
    """Weights, norms and averages agree all along."""
    mine, theirs = networks(dtype)
    optimizer = ours.SGD(mine.parameters(), lr=0.1, momentum=0.9)
    reference = torch.optim.SGD(theirs.parameters(), lr=0.1, momentum=0.9)
    if average == "ema":
        mean: Any = ours.EMA(mine, 0.95, start="copy")
        their_mean = torch.optim.swa_utils.AveragedModel(
            theirs, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.95)
        )
    else:
        mean = ours.SWA(mine)
        their_mean = torch.optim.swa_utils.AveragedModel(theirs)
    rng = np.random.default_rng(1)
    clipped = 0
    row = WORST.setdefault((f"averages {average}", dtype), Worst())
    for _ in range(STEPS):
        x = rng.standard_normal((8, 5)).astype(dtype)
        y = rng.standard_normal((8, 3)).astype(dtype)
        optimizer.zero_grad()
        mse_loss(mine(Tensor(x, dtype)), Tensor(y, dtype)).backward()
        reference.zero_grad()
        torch.nn.functional.mse_loss(theirs(torch.tensor(x)), torch.tensor(y)).backward()
        norm = ours.clip_grad_norm(mine, 0.7)
        expected = float(torch.nn.utils.clip_grad_norm_(theirs.parameters(), 0.7))
        assert norm == pytest.approx(expected, rel=10 * WEIGHTS[dtype])
        clipped += norm > 0.7
        optimizer.step()
        reference.step()
        mean.update()
        their_mean.update_parameters(theirs)
        pairs = [
            *zip(mine.parameters(), theirs.parameters(), strict=True),
            *zip(mean.average.values(), their_mean.module.parameters(), strict=True),
        ]
        for p, q in pairs:
            array = p.data if isinstance(p, Parameter) else p
            error = float(np.abs(array - q.detach().numpy()).max())
            row.forward = max(row.forward, error)
            assert error <= WEIGHTS[dtype]
    row.cases += 1
    assert 20 < clipped < 180
