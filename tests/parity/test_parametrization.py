"""Weight and spectral normalization against PyTorch's, over several steps of training."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize

import neural_net_core as core
import neural_net_layers as layers
import neural_net_optim as optim
from neural_net_core import Module, Tensor
from neural_net_core.testing.reference import TOLERANCE, relative_error

# What ours and PyTorch's are made by, the parameter's name, and an input's shape.
LAYERS: dict[str, tuple[Callable[[], Module], Callable[[], nn.Module], str, tuple[int, ...]]] = {
    "dense": (lambda: core.Dense(5, 4), lambda: nn.Linear(5, 4), "weight", (6, 5)),
    "bias": (lambda: core.Dense(5, 4), lambda: nn.Linear(5, 4), "bias", (6, 5)),
    "conv1d": (lambda: layers.Conv1D(3, 4, 3), lambda: nn.Conv1d(3, 4, 3), "weight", (2, 3, 7)),
    "conv2d": (
        lambda: layers.Conv2D(4, 6, 3, groups=2),
        lambda: nn.Conv2d(4, 6, 3, groups=2),
        "weight",
        (2, 4, 5, 5),
    ),
    "transposed": (
        lambda: layers.ConvTranspose2D(3, 4, 3, stride=2),
        lambda: nn.ConvTranspose2d(3, 4, 3, stride=2),
        "weight",
        (2, 3, 4, 4),
    ),
    "lstm": (
        lambda: layers.LSTM(3, 4),
        lambda: nn.LSTM(3, 4, batch_first=True),
        "weight_ih_l0",
        (2, 5, 3),
    ),
}
# Ours and PyTorch's, with the same options.
KINDS: dict[str, tuple[Callable[..., Module], Callable[..., nn.Module], list[Any]]] = {
    "weight_norm": (layers.weight_norm, parametrizations.weight_norm, [{}, {"axis": None}]),
    "spectral_norm": (
        layers.spectral_norm,
        parametrizations.spectral_norm,
        [{}, {"n_power_iterations": 3, "eps": 1e-3}, {"axis": 1}],
    ),
}
CASES = [
    pytest.param(kind, options, layer, id=f"{kind} {layer} {options or ''}")
    for kind, (_, _, several) in KINDS.items()
    for options in several
    for layer in LAYERS
    if not (layer == "bias" and options)
]


def both(kind: str, options: dict[str, Any], layer: str, dtype: str) -> tuple[Any, Any, str]:
    """Return ours and PyTorch's, with PyTorch's state in both."""
    ours_of, theirs_of, _ = KINDS[kind]
    make, make_theirs, name, _ = LAYERS[layer]
    torch.manual_seed(0)
    theirs = {"dim" if k == "axis" else k: v for k, v in options.items()}
    its = theirs_of(make_theirs().to(getattr(torch, dtype)), name, **theirs)
    ours = ours_of(make().astype(dtype), name, **options)
    state = {key: value.numpy().copy() for key, value in its.state_dict().items()}
    assert set(ours.state_dict()) == set(state)
    ours.load_state_dict(state)
    return ours, its, name


def first(y: Any) -> Any:
    return y[0] if isinstance(y, tuple) else y


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("kind", "options", "layer"), CASES)
def test_steps_of_training_and_then_evaluation(
    kind: str, options: dict[str, Any], layer: str, dtype: str
) -> None:
    """Outputs, gradients of inputs and originals, and the vectors of the power iteration."""
    ours, its, name = both(kind, options, layer, dtype)
    shape = LAYERS[layer][3]
    mine = optim.SGD(ours.parameters(), lr=0.05, momentum=0.9)
    theirs = torch.optim.SGD(its.parameters(), lr=0.05, momentum=0.9)
    rng = np.random.default_rng(0)
    bound = TOLERANCE[dtype]
    for step in range(6):
        if step == 4:
            ours.eval()
            its.eval()
        data = rng.normal(size=shape).astype(dtype)
        x, z = Tensor(data, dtype, requires_grad=True), torch.tensor(data, requires_grad=True)
        y = first(ours(x))
        # Its LSTM reads the weight several times in a pass, and would make as many iterations.
        with parametrize.cached():
            w = first(its(z))
        assert relative_error(y.data, w.detach().numpy()) <= bound, f"output of step {step}"
        dy = rng.normal(size=y.shape).astype(dtype)
        mine.zero_grad()
        theirs.zero_grad()
        (y * dy).mean().backward()
        (w * torch.tensor(dy)).mean().backward()
        assert relative_error(x.grad, z.grad.numpy()) <= bound
        expected = dict(its.named_parameters())
        for path, p in ours.named_parameters():
            error = relative_error(p.grad, expected[path].grad.numpy())
            assert error <= 4 * bound, f"gradient of {path} in step {step}: {error}"
        mine.step()
        theirs.step()
        for path, values in its.state_dict().items():
            error = relative_error(ours.state_dict()[path], values.numpy())
            assert error <= 4 * bound, f"{path} after step {step}: {error}"
    computed = getattr(its, name).detach().numpy()
    assert relative_error(getattr(ours, name).data, computed) <= 4 * bound


@pytest.mark.parametrize(("kind", "options", "layer"), CASES)
def test_the_state_goes_back_to_pytorch_and_removing_leaves_the_same(
    kind: str, options: dict[str, Any], layer: str
) -> None:
    ours, its, name = both(kind, options, layer, "float64")
    for p in ours.parameters():
        p.data *= 1.5
    state = {key: torch.tensor(value) for key, value in ours.state_dict().items()}
    its.load_state_dict(state)
    x = np.random.default_rng(0).normal(size=LAYERS[layer][3])
    ours.eval()
    its.eval()
    expected = first(its(torch.tensor(x))).detach().numpy()
    assert relative_error(first(ours(Tensor(x, np.float64))).data, expected) <= 1e-11
    layers.remove_parametrizations(ours, name)
    parametrize.remove_parametrizations(its, name)
    assert set(ours.state_dict()) == set(its.state_dict())
    for path, values in its.state_dict().items():
        assert relative_error(ours.state_dict()[path], values.numpy()) <= 1e-11
    assert relative_error(first(ours(Tensor(x, np.float64))).data, expected) <= 1e-11


def test_lengths_and_directions_at_the_start_are_pytorchs() -> None:
    for axis in (0, 1, None):
        ours, its = core.Dense(5, 4), nn.Linear(5, 4)
        ours.load_state_dict({k: v.numpy() for k, v in its.state_dict().items()})
        layers.weight_norm(ours, axis=axis)
        parametrizations.weight_norm(its, dim=axis)
        for path, values in its.state_dict().items():
            assert relative_error(ours.state_dict()[path], values.numpy()) <= 1e-6, path


@pytest.mark.filterwarnings("ignore:`torch.nn.utils.weight_norm` is deprecated")
def test_a_file_with_the_names_of_the_older_weight_norm(tmp_path: Path) -> None:
    its = nn.Sequential(nn.utils.weight_norm(nn.Linear(5, 4)), nn.Tanh(), nn.Linear(4, 2))
    state = {key: value.numpy() for key, value in its.state_dict().items()}
    core.save_tensors(tmp_path / "older.safetensors", state)
    ours = core.Sequential(layers.weight_norm(core.Dense(5, 4)), core.Tanh(), core.Dense(4, 2))
    path = "parametrizations.weight.original"
    names = [("weight_g", f"{path}0"), ("weight_v", f"{path}1")]
    ours.load_state_dict(
        core.convert_state(core.load_tensors(tmp_path / "older.safetensors"), rename=names)
    )
    x = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)
    expected = its(torch.tensor(x)).detach().numpy()
    assert relative_error(ours(x).data, expected) <= 1e-5
