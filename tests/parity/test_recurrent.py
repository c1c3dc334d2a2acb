"""Recurrent layers and cells against PyTorch: configurations drawn from the product of options.

Outputs, final states and all gradients, in float32 and float64; lengths against packed sequences;
state dicts that go both ways.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from harness import WORST, Worst, relative_error
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import nn as tnn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import neural_net_layers as layers
from neural_net_core import Tensor, default_dtype, grad, load_tensors

# PyTorch says how it computes projections; that is no matter here.
pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")

TOLERANCE = {"float32": 1e-5, "float64": 1e-11}
CONFIGURATIONS = settings(
    max_examples=24,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

sizes = st.integers(1, 9)
options = st.fixed_dictionaries(
    {
        "input_size": sizes,
        "hidden_size": st.integers(2, 9),
        "num_layers": st.integers(1, 3),
        "bias": st.booleans(),
        "batch_first": st.booleans(),
        "bidirectional": st.booleans(),
    }
)
runs = st.fixed_dictionaries(
    {
        "batch": st.integers(1, 6),
        "steps": st.integers(1, 12),
        "with_state": st.booleans(),
        "with_lengths": st.booleans(),
        "seed": st.integers(0, 2**16),
    }
)


def pair(kind: str, config: dict[str, Any], dtype: str) -> tuple[Any, Any]:
    """Return the layer of both libraries, with the same parameters."""
    theirs_name = {"VanillaRNN": "RNN"}.get(kind, kind)
    theirs = getattr(tnn, theirs_name)(**config).to(getattr(torch, dtype))
    ours = getattr(layers, kind)(**config)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict({k: v.numpy() for k, v in theirs.state_dict().items()})
    return ours, theirs


def compare(kind: str, dtype: str, what: str, got: Any, expected: Any, note: object) -> None:
    worst = WORST.setdefault((kind, dtype), Worst())
    error = relative_error(np.asarray(got), expected.detach().numpy())
    if what == "gradient":
        worst.gradient = max(worst.gradient, error)
    else:
        worst.forward = max(worst.forward, error)
    assert got.dtype == dtype
    assert got.shape == tuple(expected.shape)
    assert error <= TOLERANCE[dtype], f"{kind} {dtype}: {what} differs by {error:.2e} in {note}"


def check(kind: str, config: dict[str, Any], run: dict[str, Any], dtype: str) -> None:
    """Compare one forward and backward pass."""
    torch.manual_seed(run["seed"])
    rng = np.random.default_rng(run["seed"])
    batch, steps = run["batch"], run["steps"]
    with default_dtype(dtype):
        ours, theirs = pair(kind, config, dtype)
        shape = (batch, steps) if config["batch_first"] else (steps, batch)
        x = rng.normal(size=(*shape, config["input_size"])).astype(dtype)
        count = config["num_layers"] * (2 if config["bidirectional"] else 1)
        widths = [config.get("proj_size") or config["hidden_size"]]
        widths += [config["hidden_size"]] if kind == "LSTM" else []
        states = [rng.normal(size=(count, batch, n)).astype(dtype) for n in widths]
        lengths = rng.integers(1, steps + 1, batch)
        lengths[rng.integers(batch)] = steps  # PyTorch cuts the result at the longest

        mine = [Tensor(a, dtype, requires_grad=True) for a in (x, *states)]
        other = [torch.tensor(a, requires_grad=True) for a in (x, *states)]
        packed = run["with_lengths"]
        first = config["batch_first"]
        their_input = (
            pack_padded_sequence(other[0], torch.tensor(lengths), first, enforce_sorted=False)
            if packed
            else other[0]
        )
        if run["with_state"]:
            y, last = ours(mine[0], structure(mine[1:]), lengths=lengths if packed else None)
            z, end = theirs(their_input, structure(other[1:]))
        else:
            y, last = ours(mine[0], lengths=lengths if packed else None)
            z, end = theirs(their_input)
        if packed:
            z, _ = pad_packed_sequence(z, first)
        outputs = [y, *(last if isinstance(last, tuple) else (last,))]
        expected = [z, *(end if isinstance(end, tuple) else (end,))]
        note = (config, run)
        for a, b in zip(outputs, expected, strict=True):
            compare(kind, dtype, "forward", a.data, b, note)
        dys = [rng.normal(size=a.shape).astype(dtype) for a in outputs]
        leaves = [*(mine if run["with_state"] else mine[:1]), *ours.parameters()]
        loss = sum((a * dy).sum() for a, dy in zip(outputs, dys, strict=True))
        gradients = grad(loss, leaves)
        their_leaves = [*(other if run["with_state"] else other[:1]), *theirs.parameters()]
        their_loss = sum((b * torch.tensor(dy)).sum() for b, dy in zip(expected, dys, strict=True))
        their_gradients = torch.autograd.grad(their_loss, their_leaves)
        for a, b in zip(gradients, their_gradients, strict=True):
            compare(kind, dtype, "gradient", a, b, note)
        WORST[kind, dtype].cases += 1


def structure(states: list[Any]) -> Any:
    return tuple(states) if len(states) > 1 else states[0]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
@CONFIGURATIONS
@given(config=options, run=runs)
def test_vanilla_rnn(nonlinearity: str, dtype: str, config: dict, run: dict) -> None:
    check("VanillaRNN", config | {"nonlinearity": nonlinearity}, run, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@CONFIGURATIONS
@given(config=options, run=runs)
def test_lstm(dtype: str, config: dict, run: dict) -> None:
    check("LSTM", config, run, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@CONFIGURATIONS
@given(config=options, run=runs, data=st.data())
def test_lstm_with_a_projection(dtype: str, config: dict, run: dict, data: st.DataObject) -> None:
    size = data.draw(st.integers(1, config["hidden_size"] - 1))
    check("LSTM", config | {"proj_size": size}, run, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@CONFIGURATIONS
@given(config=options, run=runs)
def test_gru(dtype: str, config: dict, run: dict) -> None:
    check("GRU", config, run, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", ["VanillaRNN", "LSTM", "GRU"])
def test_sizes_at_which_steps_are_cut_into_blocks(kind: str, dtype: str) -> None:
    config = {
        "input_size": 20,
        "hidden_size": 70,
        "num_layers": 1,
        "bias": True,
        "batch_first": True,
        "bidirectional": True,
    }
    for packed in (False, True):
        run = {"batch": 40, "steps": 25, "with_state": True, "with_lengths": packed, "seed": 0}
        check(kind, config, run, dtype)


CELLS = {
    "RNNCell": {"nonlinearity": "tanh"},
    "RNNCell relu": {"nonlinearity": "relu"},
    "LSTMCell": {},
    "GRUCell": {},
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", CELLS)
@CONFIGURATIONS
@given(
    inputs=sizes,
    hidden=sizes,
    bias=st.booleans(),
    batch=st.one_of(st.none(), st.integers(1, 5)),
    seed=st.integers(0, 2**16),
)
def test_cells(
    name: str, dtype: str, inputs: int, hidden: int, bias: bool, batch: int | None, seed: int
) -> None:
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    kind = name.split()[0]
    with default_dtype(dtype):
        theirs = getattr(tnn, kind)(inputs, hidden, bias, **CELLS[name])
        theirs = theirs.to(getattr(torch, dtype))
        ours = getattr(layers, kind)(inputs, hidden, bias, **CELLS[name])
        ours.load_state_dict({k: v.numpy() for k, v in theirs.state_dict().items()})
        lead = () if batch is None else (batch,)
        arrays = [rng.normal(size=(*lead, n)) for n in (inputs, hidden, hidden)]
        arrays = [a.astype(dtype) for a in arrays[: 3 if kind == "LSTMCell" else 2]]
        mine = [Tensor(a, dtype, requires_grad=True) for a in arrays]
        other = [torch.tensor(a, requires_grad=True) for a in arrays]
        y, z = ours(mine[0], structure(mine[1:])), theirs(other[0], structure(other[1:]))
        outputs, expected = (list(v) if isinstance(v, tuple) else [v] for v in (y, z))
        for a, b in zip(outputs, expected, strict=True):
            compare(name, dtype, "forward", a.data, b, (inputs, hidden, bias, batch, seed))
        gradients = grad(sum((a**2).sum() for a in outputs), [*mine, *ours.parameters()])
        their_loss = sum((b**2).sum() for b in expected)
        their_gradients = torch.autograd.grad(their_loss, [*other, *theirs.parameters()])
        for a, b in zip(gradients, their_gradients, strict=True):
            compare(name, dtype, "gradient", a, b, (inputs, hidden, bias, batch, seed))
        WORST[name, dtype].cases += 1


MODELS = {
    "VanillaRNN": {"num_layers": 2},
    "LSTM": {"num_layers": 2, "bidirectional": True},
    "LSTM projected": {"num_layers": 2, "bidirectional": True, "proj_size": 3},
    "GRU": {"num_layers": 2, "bidirectional": True},
}


@pytest.mark.parametrize("name", MODELS)
def test_weights_saved_by_pytorch_load_and_give_equal_outputs(name: str, tmp_path: Path) -> None:
    kind = name.split()[0]
    theirs_name = {"VanillaRNN": "RNN"}.get(kind, kind)
    theirs = getattr(tnn, theirs_name)(5, 8, batch_first=True, **MODELS[name])
    save_file(theirs.state_dict(), tmp_path / "torch.safetensors")
    ours = getattr(layers, kind)(5, 8, **MODELS[name])
    ours.load_state_dict(load_tensors(tmp_path / "torch.safetensors"))
    x = np.random.default_rng(0).normal(size=(3, 7, 5)).astype(np.float32)
    y, last = ours(x)
    z, end = theirs(torch.tensor(x))
    for a, b in zip([y, *flat(last)], [z, *flat(end)], strict=True):
        assert relative_error(a.data, b.detach().numpy()) <= TOLERANCE["float32"]
    theirs.load_state_dict({k: torch.tensor(v) for k, v in ours.state_dict().items()})


def flat(state: Any) -> list[Any]:
    return list(state) if isinstance(state, tuple) else [state]


def test_the_distribution_of_initial_weights_is_pytorchs() -> None:
    """Uniform with the same bound: means and extremes of many numbers."""
    ours, theirs = layers.LSTM(64, 100), tnn.LSTM(64, 100)
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert abs(a.data).max() <= 0.1
        assert abs(a.data).std() == pytest.approx(abs(b.detach().numpy()).std(), rel=0.15)
