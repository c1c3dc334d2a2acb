"""Blocks that are computed again in the backward pass, against `torch.utils.checkpoint`."""

from typing import Any

import numpy as np
import pytest
import torch
from harness import TOLERANCE, relative_error
from torch.utils.checkpoint import checkpoint

from neural_net_core import Dense, Sequential, Tanh, Tensor, default_dtype, grad, recompute
from neural_net_layers import BatchNorm1D, TransformerEncoderLayer


def transformers(dtype: str) -> tuple[list[Any], list[Any]]:
    """Return three layers in both libraries, with the same weights."""
    with default_dtype(dtype):
        ours = [TransformerEncoderLayer(8, 2, 16, dropout=0.0) for _ in range(3)]
    theirs = []
    for layer in ours:
        other = torch.nn.TransformerEncoderLayer(8, 2, 16, 0.0, batch_first=True)
        other = other.to(getattr(torch, dtype))
        other.load_state_dict({k: torch.tensor(v) for k, v in layer.state_dict().items()})
        theirs.append(other)
    return ours, theirs


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradients_of_recomputed_layers(dtype: str) -> None:
    ours, theirs = transformers(dtype)
    numbers = np.random.default_rng(0).normal(size=(2, 5, 8)).astype(dtype)
    y = x = Tensor(numbers, dtype, requires_grad=True)
    z = w = torch.tensor(numbers, requires_grad=True)
    for layer, other in zip(ours, theirs, strict=True):
        y = recompute(layer, y)
        z = checkpoint(other, z, use_reentrant=False)
    assert relative_error(y.data, z.detach().numpy()) <= TOLERANCE[dtype]
    found = grad((y**3).sum(), [x, *(p for layer in ours for p in layer.parameters())])
    named = [dict(other.named_parameters()) for other in theirs]
    wanted = [named[i][k] for i, layer in enumerate(ours) for k, _ in layer.named_parameters()]
    expected = torch.autograd.grad((z**3).sum(), [w, *wanted])
    for dx, other in zip(found, expected, strict=True):
        assert relative_error(dx, other.numpy()) <= TOLERANCE[dtype]


def test_running_averages_move_once_where_pytorchs_move_twice() -> None:
    with default_dtype(np.float64):
        ours = Sequential(Dense(3, 4), Tanh(), BatchNorm1D(4))
    theirs = torch.nn.Sequential(
        torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.BatchNorm1d(4)
    ).double()
    state = {k: torch.tensor(v) for k, v in ours.state_dict().items()}
    numbers = np.random.default_rng(0).normal(size=(6, 3))

    def averages(call: Any) -> dict[str, Any]:
        theirs.load_state_dict(state)
        call(torch.tensor(numbers)).sum().backward()
        return {k: v.clone().numpy() for k, v in theirs.state_dict().items()}

    plain = averages(theirs)
    twice = averages(lambda x: checkpoint(theirs, x, use_reentrant=False))
    recompute(ours, Tensor(numbers, np.float64)).sum().backward()
    for name, values in ours.state_dict().items():
        np.testing.assert_allclose(values, plain[name], rtol=1e-12)
    assert (plain["2.num_batches_tracked"], twice["2.num_batches_tracked"]) == (1, 2)
