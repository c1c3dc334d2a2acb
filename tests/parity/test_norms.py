"""Normalization, dropout in evaluation and residual blocks against PyTorch.

Outputs, all gradients, running statistics after several steps, and state dicts that go both ways.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from harness import Shapes, check, relative_error
from safetensors.torch import save_file
from torch.nn import functional as F  # noqa: N812 (PyTorch's own habit)

from neural_net_core import Module, Tensor, default_dtype, load_tensors
from neural_net_layers import (
    BatchNorm1D,
    BatchNorm2D,
    GroupNorm,
    InstanceNorm1D,
    InstanceNorm2D,
    LayerNorm,
    ResidualBlock,
    RMSNorm,
    alpha_dropout,
    batch_norm,
    group_norm,
    instance_norm,
    layer_norm,
    modulate,
    rms_norm,
)

TOLERANCE = {"float32": 1e-5, "float64": 1e-12}
Make = Callable[[np.random.Generator, Shapes], list[Any]]


def trailing_shapes(parameters: int, count: int = 24, seed: int = 0) -> list[Shapes]:
    """Return an input and parameters of its last axes: 0 to 3 leading axes, an empty batch too."""
    rng = np.random.default_rng(seed)
    cases = []
    for i in range(count):
        inside = tuple(int(n) for n in rng.integers(2, 40, size=1 + i % 2))
        outside = tuple(int(n) for n in rng.integers(1, 6, size=i % 4))
        if i == count - 1:
            outside = (0, 3)
        cases.append(((*outside, *inside), *[inside] * parameters))
    return cases


def channel_shapes(parameters: int, positions: range, count: int = 24) -> list[Shapes]:
    """Return an input (B, C, …) and parameters (C,)."""
    rng = np.random.default_rng(1)
    cases = []
    for i in range(count):
        axes = positions[i % len(positions)]
        # At least 3 numbers per group: two always become -1 and 1, so that their gradient is
        # zero but for ε and rounding, and has no relative error.
        batch, channels = int(rng.integers(4, 9)), 4 * int(rng.integers(3, 9))
        inner = tuple(int(n) for n in rng.integers(3, 9, size=axes))
        cases.append(((batch, channels, *inner), *[(channels,)] * parameters))
    return cases


def with_statistics(rng: np.random.Generator, shapes: Shapes) -> list[Any]:
    """Return normal numbers for every operand."""
    return [rng.normal(size=shape) for shape in shapes]


def inside(x: Any, parameters: tuple[Any, ...], axes: int) -> tuple[int, ...]:
    return tuple(parameters[0].shape) if parameters else tuple(x.shape[-axes:])


@pytest.mark.parametrize("parameters", [0, 1, 2])
def test_layer_norm(parameters: int) -> None:
    check(
        f"layer_norm, {parameters} parameters",
        lambda x, *p: layer_norm(x, inside(x, p, 1), *p),
        lambda x, *p: F.layer_norm(x, inside(x, p, 1), *p),
        trailing_shapes(parameters),
        make=with_statistics,
    )


def test_layer_norm_with_large_eps() -> None:
    check(
        "layer_norm, eps 0.5",
        lambda x, w, b: layer_norm(x, w.shape, w, b, 0.5),
        lambda x, w, b: F.layer_norm(x, w.shape, w, b, 0.5),
        trailing_shapes(2),
    )


def test_layer_norm_over_many_blocks_of_rows() -> None:
    shapes = [((rows, 512), (512,), (512,)) for rows in range(600, 620)]
    check(
        "layer_norm, several blocks",
        lambda x, w, b: layer_norm(x, 512, w, b),
        lambda x, w, b: F.layer_norm(x, (512,), w, b),
        shapes,
        make=with_statistics,
    )


@pytest.mark.parametrize("parameters", [0, 1])
@pytest.mark.parametrize("eps", [None, 1e-5])
def test_rms_norm(parameters: int, eps: float | None) -> None:
    check(
        f"rms_norm, {parameters} parameters, eps {eps}",
        lambda x, *p: rms_norm(x, inside(x, p, 1), *p, eps=eps),
        lambda x, *p: F.rms_norm(x, inside(x, p, 1), *p, eps=eps),
        trailing_shapes(parameters),
        make=with_statistics,
    )


@pytest.mark.parametrize("parameters", [0, 1, 2])
def test_batch_norm_in_training(parameters: int) -> None:
    check(
        f"batch_norm, {parameters} parameters",
        lambda x, *p: batch_norm(x, None, None, *p, training=True),
        lambda x, *p: F.batch_norm(x, None, None, *p, training=True),
        channel_shapes(parameters, range(4)),
        make=with_statistics,
    )


def test_batch_norm_of_channels_last_memory() -> None:
    def ours(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
        return batch_norm(x.transpose(0, 3, 1, 2), None, None, w, b, training=True)

    def theirs(x: torch.Tensor, w: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return F.batch_norm(x.permute(0, 3, 1, 2), None, None, w, b, training=True)

    shapes = [((x[0], *x[2:], x[1]), w, b) for x, w, b in channel_shapes(2, range(2, 3))]
    check("batch_norm, channels last", ours, theirs, shapes, make=with_statistics)


def test_batch_norm_of_large_images() -> None:
    """Several blocks of rows, in either memory order."""
    shapes = [((16, c, 40, 40), (c,), (c,)) for c in range(11, 31)]
    check(
        "batch_norm, several blocks",
        lambda x, w, b: batch_norm(x, None, None, w, b, training=True),
        lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True),
        shapes,
        make=with_statistics,
    )


@pytest.mark.parametrize("parameters", [0, 2])
def test_batch_norm_in_evaluation(parameters: int) -> None:
    def statistics(x: Any) -> tuple[Any, Any]:
        rng = np.random.default_rng(int(x.shape[1]))
        mean, var = rng.normal(size=x.shape[1]), rng.uniform(0.1, 3, size=x.shape[1])
        dtype = np.float32 if "32" in str(x.dtype) else np.float64
        return mean.astype(dtype), var.astype(dtype)

    check(
        f"batch_norm in evaluation, {parameters} parameters",
        lambda x, *p: batch_norm(x, *statistics(x), *p),
        lambda x, *p: F.batch_norm(x, *map(torch.tensor, statistics(x)), *p),
        channel_shapes(parameters, range(4)),
        make=with_statistics,
    )


@pytest.mark.parametrize("parameters", [0, 1, 2])
@pytest.mark.parametrize("groups", [1, 2, 4])
def test_group_norm(parameters: int, groups: int) -> None:
    check(
        f"group_norm, {groups} groups, {parameters} parameters",
        lambda x, *p: group_norm(x, groups, *p),
        lambda x, *p: F.group_norm(x, groups, *p),
        channel_shapes(parameters, range(4)),
        make=with_statistics,
    )


@pytest.mark.parametrize("parameters", [0, 2])
def test_instance_norm(parameters: int) -> None:
    check(
        f"instance_norm, {parameters} parameters",
        lambda x, *p: instance_norm(x, None, None, *p),
        lambda x, *p: F.instance_norm(x, None, None, *p),
        channel_shapes(parameters, range(1, 4)),
        make=with_statistics,
    )


def test_modulate() -> None:
    shapes = [(x[0], (x[0][0], x[0][-1]), (x[0][0], x[0][-1])) for x in channel_shapes(0, range(2))]
    check(
        "modulate",
        modulate,
        lambda x, shift, scale: (
            x * (1 + scale.unsqueeze(1)) + shift.unsqueeze(1)
            if x.ndim == 3
            else x * (1 + scale) + shift
        ),
        shapes,
        make=with_statistics,
    )


# Modules: the same weights, three steps of training, then evaluation -------------------------

LAYERS: dict[str, tuple[Callable[[], Module], Callable[[], torch.nn.Module], tuple[int, ...]]] = {
    "BatchNorm1D": (lambda: BatchNorm1D(6), lambda: torch.nn.BatchNorm1d(6), (8, 6)),
    "BatchNorm1D, sequence": (lambda: BatchNorm1D(6), lambda: torch.nn.BatchNorm1d(6), (4, 6, 5)),
    "BatchNorm1D, cumulative": (
        lambda: BatchNorm1D(6, momentum=None),
        lambda: torch.nn.BatchNorm1d(6, momentum=None),
        (8, 6),
    ),
    "BatchNorm2D": (lambda: BatchNorm2D(6), lambda: torch.nn.BatchNorm2d(6), (4, 6, 3, 5)),
    "BatchNorm2D, momentum and eps": (
        lambda: BatchNorm2D(6, 1e-3, 0.7),
        lambda: torch.nn.BatchNorm2d(6, 1e-3, 0.7),
        (4, 6, 3, 5),
    ),
    "BatchNorm2D, no affine": (
        lambda: BatchNorm2D(6, affine=False),
        lambda: torch.nn.BatchNorm2d(6, affine=False),
        (4, 6, 3, 5),
    ),
    "BatchNorm2D, no statistics": (
        lambda: BatchNorm2D(6, track_running_stats=False),
        lambda: torch.nn.BatchNorm2d(6, track_running_stats=False),
        (4, 6, 3, 5),
    ),
    "LayerNorm": (lambda: LayerNorm((3, 5)), lambda: torch.nn.LayerNorm((3, 5)), (4, 3, 5)),
    "LayerNorm, no bias": (
        lambda: LayerNorm(5, bias=False),
        lambda: torch.nn.LayerNorm(5, bias=False),
        (4, 5),
    ),
    "LayerNorm, no affine": (
        lambda: LayerNorm(5, elementwise_affine=False),
        lambda: torch.nn.LayerNorm(5, elementwise_affine=False),
        (4, 5),
    ),
    "RMSNorm": (lambda: RMSNorm(5), lambda: torch.nn.RMSNorm(5), (4, 5)),
    "GroupNorm": (lambda: GroupNorm(2, 6), lambda: torch.nn.GroupNorm(2, 6), (4, 6, 5)),
    "InstanceNorm1D, statistics": (
        lambda: InstanceNorm1D(6, affine=True, track_running_stats=True),
        lambda: torch.nn.InstanceNorm1d(6, affine=True, track_running_stats=True),
        (4, 6, 5),
    ),
    "InstanceNorm2D": (
        lambda: InstanceNorm2D(6),
        lambda: torch.nn.InstanceNorm2d(6),
        (4, 6, 3, 5),
    ),
    "InstanceNorm2D, statistics": (
        lambda: InstanceNorm2D(6, affine=True, track_running_stats=True),
        lambda: torch.nn.InstanceNorm2d(6, affine=True, track_running_stats=True),
        (4, 6, 3, 5),
    ),
    "InstanceNorm2D, momentum None": (
        lambda: InstanceNorm2D(6, momentum=None, affine=True, track_running_stats=True),
        lambda: torch.nn.InstanceNorm2d(6, momentum=None, affine=True, track_running_stats=True),
        (4, 6, 3, 5),
    ),
    "InstanceNorm2D, one image": (
        lambda: InstanceNorm2D(6, affine=True, track_running_stats=True),
        lambda: torch.nn.InstanceNorm2d(6, affine=True, track_running_stats=True),
        (6, 3, 5),
    ),
}

LEARNING_RATE = 0.1


def compare(ours: Any, theirs: torch.Tensor, dtype: str) -> None:
    assert relative_error(np.asarray(ours), theirs.detach().numpy()) <= TOLERANCE[dtype]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", LAYERS)
def test_three_steps_of_training_and_then_evaluation(name: str, dtype: str) -> None:
    make, make_theirs, shape = LAYERS[name]
    theirs = make_theirs().to(getattr(torch, dtype))
    rng = np.random.default_rng(0)
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.copy_(torch.tensor(rng.uniform(0.5, 1.5, parameter.shape)))
    with default_dtype(dtype):
        ours = make()
        assert list(ours.state_dict()) == list(theirs.state_dict())
        ours.load_state_dict({k: v.numpy() for k, v in theirs.state_dict().items()})
        for _ in range(3):
            data = rng.normal(2, 3, size=shape).astype(dtype)
            dy = rng.normal(size=shape).astype(dtype)
            x = Tensor(data, requires_grad=True)
            z = torch.tensor(data, requires_grad=True)
            ours.zero_grad()
            theirs.zero_grad()
            y, expected = ours(x), theirs(z)
            y.backward(dy)
            expected.backward(torch.tensor(dy))
            compare(y.data, expected, dtype)
            compare(x.grad, z.grad, dtype)  # type: ignore[arg-type]
            for mine, parameter in zip(ours.parameters(), theirs.parameters(), strict=True):
                compare(mine.grad, parameter.grad, dtype)  # type: ignore[arg-type]
                mine.data -= LEARNING_RATE * mine.grad  # type: ignore[operator]
                mine.version += 1
                with torch.no_grad():
                    parameter -= LEARNING_RATE * parameter.grad  # type: ignore[operator]
        for key, value in theirs.state_dict().items():
            # PyTorch's instance norms leave the counter at 0.
            if not (key == "num_batches_tracked" and name.startswith("Instance")):
                compare(ours.state_dict()[key], value, dtype)
        data = rng.normal(size=shape).astype(dtype)
        compare(ours.eval()(data).data, theirs.eval()(torch.tensor(data)), dtype)


@pytest.mark.parametrize("name", LAYERS)
def test_weights_saved_by_pytorch_load_and_give_equal_outputs(name: str, tmp_path: Path) -> None:
    make, make_theirs, shape = LAYERS[name]
    theirs, ours = make_theirs(), make()
    theirs(torch.randn(shape, generator=torch.Generator().manual_seed(0)))
    save_file(theirs.state_dict(), tmp_path / "torch.safetensors")
    ours.load_state_dict(load_tensors(tmp_path / "torch.safetensors"))
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    compare(ours.eval()(x).data, theirs.eval()(torch.tensor(x)), "float32")


@pytest.mark.parametrize("name", LAYERS)
def test_our_state_loads_into_pytorch(name: str) -> None:
    make, make_theirs, shape = LAYERS[name]
    ours, theirs = make(), make_theirs()
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    ours(x)
    theirs.load_state_dict({k: torch.tensor(v) for k, v in ours.state_dict().items()})
    compare(ours.eval()(x).data, theirs.eval()(torch.tensor(x)), "float32")


def test_a_resnet_like_branch_of_dense_layers() -> None:
    """A post-norm transformer's feed-forward part: the norm, the sum and both layers at once."""

    class Theirs(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm = torch.nn.LayerNorm(6)
            self.hidden, self.output = torch.nn.Linear(4, 8), torch.nn.Linear(8, 6)
            self.projection = torch.nn.Linear(4, 6, bias=False)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.norm(self.projection(x) + self.output(torch.relu(self.hidden(x))))

    theirs = Theirs()
    ours = ResidualBlock(4, 6, 8, norm_first=False)
    ours.load_state_dict({k: v.numpy() for k, v in theirs.state_dict().items()})
    x = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    leaf, tensor = Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    y, z = ours(leaf), theirs(tensor)
    dy = np.random.default_rng(1).normal(size=(5, 6)).astype(np.float32)
    y.backward(dy)
    z.backward(torch.tensor(dy))
    compare(y.data, z, "float32")
    compare(leaf.grad, tensor.grad, "float32")  # type: ignore[arg-type]
    for name, parameter in theirs.named_parameters():
        mine = dict(ours.named_parameters())[name]
        compare(mine.grad, parameter.grad, "float32")  # type: ignore[arg-type]


def test_alpha_dropout_has_pytorchs_constants() -> None:
    """The masks differ, so the two values that ones become are compared."""
    for p in (0.1, 0.5, 0.9):
        mine = np.unique(alpha_dropout(np.ones(1000), p, rng=np.random.default_rng(0)).data)
        reference = np.unique(F.alpha_dropout(torch.ones(1000), p, training=True).numpy())
        np.testing.assert_allclose(mine, reference, rtol=1e-5)
