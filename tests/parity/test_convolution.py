"""Convolution, transposed convolution, pooling and upsampling against PyTorch.

Functions on random sizes and options, outputs and all gradients; modules with the same parameters;
and a small residual network whose weights go from one library to the other.
"""

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from harness import TOLERANCE, Shapes, check, relative_error
from safetensors.torch import save_file
from torch import nn as tnn
from torch.nn import functional as F  # noqa: N812 (PyTorch's own habit)

import neural_net_core as nn
import neural_net_layers as layers
from neural_net_core import Tensor, default_dtype, grad, load_tensors

Rng = np.random.Generator
Case = tuple[Shapes, dict[str, Any]]
CASES = 60


def pick(rng: Rng, low: int, high: int, size: int | None = None) -> Any:
    """Return a random integer from low to high, or a tuple of them."""
    numbers = rng.integers(low, high + 1, size=size).tolist()
    return numbers if size is None else tuple(numbers)


def draw(make: Callable[[Rng], Case | None], count: int = CASES) -> dict[Shapes, dict[str, Any]]:
    """Return options by shapes; `make` returns None for what cannot be."""
    rng = np.random.default_rng(0)
    cases: dict[Shapes, dict[str, Any]] = {}
    while len(cases) < count:
        case = make(rng)
        if case is not None:
            cases.setdefault(*case)
    return cases


def compare(
    name: str, ours: Any, theirs: Any, cases: dict[Shapes, dict[str, Any]], **options: Any
) -> None:
    check(name, ours, theirs, list(cases), config=lambda _, shapes: cases[shapes], **options)


def fits(size: int, kernel: int, stride: int, padding: int, dilation: int) -> bool:
    return size + 2 * padding >= dilation * (kernel - 1) + 1


def convolution(axes: int, transposed: bool = False) -> Callable[[Rng], Case | None]:
    """Return a maker of x, weight, bias and options, a third of them with groups."""

    def make(rng: Rng) -> Case | None:
        groups, each = 1, pick(rng, 1, 20)
        if rng.random() < 0.35:
            groups, each = pick(rng, 2, 5), pick(rng, 1, 9) if rng.random() < 0.6 else 1
        out = groups * pick(rng, 1, 8)
        kernel, stride = pick(rng, 1, 5, axes), pick(rng, 1, 3, axes)
        dilation = pick(rng, 1, 3, axes)
        if rng.random() < 0.4:
            stride = dilation = (1,) * axes
        padding, size = pick(rng, 0, 3, axes), pick(rng, 1, 18, axes)
        batch = 0 if rng.random() < 0.05 else pick(rng, 1, 5)
        options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        x = (batch, groups * each, *size)
        if transposed:
            extra = tuple(
                pick(rng, 0, max(s, d) - 1) for s, d in zip(stride, dilation, strict=True)
            )
            weight = (groups * each, out // groups, *kernel)
            sizes = zip(size, kernel, stride, padding, dilation, extra, strict=True)
            if min((n - 1) * s - 2 * p + d * (k - 1) + e + 1 for n, k, s, p, d, e in sizes) < 1:
                return None
            return (x, weight, (out,)), options | {"output_padding": extra}
        if not all(map(fits, size, kernel, stride, padding, dilation)):
            return None
        return (x, (out, each, *kernel), (out,)), options

    return make


def test_conv2d() -> None:
    compare("conv2d", layers.conv2d, F.conv2d, draw(convolution(2), 120))


def test_conv2d_on_memory_with_channels_last() -> None:
    """As inside a network, where a convolution gets what another one has left."""

    def ours(x: Tensor, *args: Any, **options: Any) -> Tensor:
        last = nn.ops.transpose(x, (0, 2, 3, 1)) * 1.0
        return layers.conv2d(nn.ops.transpose(last, (0, 3, 1, 2)), *args, **options)

    compare("conv2d channels last", ours, F.conv2d, draw(convolution(2)))


def test_conv1d() -> None:
    compare("conv1d", layers.conv1d, F.conv1d, draw(convolution(1)))


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_padding_by_name(padding: str) -> None:
    def make(rng: Rng) -> Case | None:
        case = convolution(2)(rng)
        if case is None:
            return None
        shapes, options = case
        if padding == "same":
            options["stride"] = 1
        elif not all(map(fits, shapes[0][2:], shapes[1][2:], (1, 1), (0, 0), options["dilation"])):
            return None
        return shapes, options | {"padding": padding}

    # PyTorch warns that it copies the input when an even kernel needs an uneven border.
    copies = pytest.warns(UserWarning, match="Using padding='same' with even kernel lengths")
    with copies if padding == "same" else nullcontext():
        compare(f"conv2d {padding}", layers.conv2d, F.conv2d, draw(make, 30))


def test_conv_transpose2d() -> None:
    cases = draw(convolution(2, transposed=True), 120)
    compare("conv_transpose2d", layers.conv_transpose2d, F.conv_transpose2d, cases)


def test_conv_transpose1d() -> None:
    cases = draw(convolution(1, transposed=True), 120)
    compare("conv_transpose1d", layers.conv_transpose1d, F.conv_transpose1d, cases)


def test_unfold_and_fold() -> None:
    """The functions, with PyTorch's order of arguments."""

    def make(rng: Rng) -> Case | None:
        kernel, dilation, stride = (pick(rng, 1, 3, 2) for _ in range(3))
        padding, size = pick(rng, 0, 2, 2), pick(rng, 1, 9, 2)
        if not all(map(fits, size, kernel, stride, padding, dilation)):
            return None
        options = {"dilation": dilation, "padding": padding, "stride": stride}
        return ((*pick(rng, 1, 4, 2), *size),), {"kernel_size": kernel, **options}

    compare("unfold", layers.unfold, F.unfold, draw(make, 100))

    def columns(rng: Rng) -> Case | None:
        case = make(rng)
        if case is None:
            return None
        ((shape,), options) = case
        made = layers.unfold(np.zeros(shape), *options.values())
        return (made.shape,), {"output_size": shape[2:], **options}

    compare("fold", layers.fold, F.fold, draw(columns, 100))


def test_wide_convolutions() -> None:
    """Sizes at which products are cut into blocks and shared between threads."""

    def make(rng: Rng) -> Case:
        stride, kernel = pick(rng, 1, 2), pick(rng, 1, 5)
        channels, out = pick(rng, 30, 130), pick(rng, 30, 130)
        x = (pick(rng, 2, 6), channels, *pick(rng, 12, 30, 2))
        options = {"stride": stride, "padding": kernel // 2}
        return (x, (out, channels, kernel, kernel), (out,)), options

    compare("conv2d wide", layers.conv2d, F.conv2d, draw(make, 20))


def pooling(rng: Rng, dilated: bool) -> Case | None:
    kernel = pick(rng, 1, 5, 2)
    stride = pick(rng, 1, 4, 2) if rng.random() < 0.7 else None
    padding = tuple(pick(rng, 0, k // 2) for k in kernel)
    dilation = pick(rng, 1, 2, 2) if dilated else (1, 1)
    x = (pick(rng, 1, 4), pick(rng, 1, 6), *pick(rng, 1, 16, 2))
    if not all(map(fits, x[2:], kernel, (1, 1), padding, dilation)):
        return None
    if any(
        n < d * (k - 1) + 1 - p for n, k, p, d in zip(x[2:], kernel, padding, dilation, strict=True)
    ):
        return None  # a dilated window may see padding alone, and PyTorch writes out of bounds
    options = {"kernel_size": kernel, "stride": stride, "padding": padding}
    options |= {"ceil_mode": bool(rng.random() < 0.5)}
    return (x,), options | ({"dilation": dilation} if dilated else {})


def in_steps(rng: Rng, shapes: Shapes) -> list[Any]:
    """Return small integers, so that many windows have several equal maxima."""
    return [rng.integers(-3, 4, size=shape).astype(float) for shape in shapes]


@pytest.mark.parametrize("make", [None, in_steps], ids=["all different", "ties"])
def test_max_pool2d(make: Any) -> None:
    cases = draw(lambda rng: pooling(rng, True), 100)
    name = "max_pool2d ties" if make else "max_pool2d"
    compare(name, layers.max_pool2d, F.max_pool2d, cases, make=make)


@pytest.mark.parametrize("values", [[np.nan, 0.0, 1.0], [-np.inf, np.inf, 0.0], [-np.inf, np.nan]])
def test_nan_and_infinity_in_max_pooling(values: list[float]) -> None:
    """Values, places and gradients, in one dimension and in two."""
    rng = np.random.default_rng(0)
    cases = draw(lambda rng: pooling(rng, True), 100)
    for (shape,), options in cases.items():
        x = rng.choice([*values, *values, 2.0], size=shape).astype(np.float32)
        if 0 in shape:
            continue
        pools: list[Any] = [(layers.max_pool2d, F.max_pool2d, x, options)]
        if all(isinstance(value, int) for value in options.values()):
            pools.append((layers.max_pool1d, F.max_pool1d, x[:, :, :, 0], options))
        for ours, theirs, data, given in pools:
            leaf, tensor = Tensor(data, requires_grad=True), torch.tensor(data, requires_grad=True)
            try:
                z, expected = theirs(tensor, **given, return_indices=True)
            except RuntimeError:  # the column is shorter than the window
                continue
            y, places = ours(leaf, **given, return_indices=True)
            np.testing.assert_array_equal(y.data, z.detach().numpy())
            if (places.data < 0).any():  # sees padding alone, where PyTorch leaves the image
                continue
            np.testing.assert_array_equal(places.data, expected.numpy())
            dy = rng.normal(size=y.shape).astype(np.float32)
            y.backward(dy)
            z.backward(torch.tensor(dy))
            np.testing.assert_allclose(leaf.grad, tensor.grad.numpy(), atol=1e-5)  # type: ignore[arg-type, union-attr]


def test_indices_of_max_pool2d() -> None:
    cases = draw(lambda rng: pooling(rng, True))
    rng = np.random.default_rng(1)
    for (shape,), options in cases.items():
        (x,) = in_steps(rng, (shape,))
        _, indices = layers.max_pool2d(x, **options, return_indices=True)
        _, expected = F.max_pool2d(torch.tensor(x), **options, return_indices=True)
        inside = indices.data >= 0  # a window that sees padding alone: PyTorch's leaves the image
        assert indices.shape == tuple(expected.shape)
        assert np.array_equal(indices.data[inside], expected.numpy()[inside]), (shape, options)


def test_avg_pool2d() -> None:
    def make(rng: Rng) -> Case | None:
        case = pooling(rng, False)
        if case is None:
            return None
        options = {"count_include_pad": bool(rng.random() < 0.5)}
        if rng.random() < 0.3:
            options["divisor_override"] = pick(rng, 1, 9)
        return case[0], case[1] | options

    compare("avg_pool2d", layers.avg_pool2d, F.avg_pool2d, draw(make, 100))


def test_max_unpool2d() -> None:
    """Of windows that do not overlap, whose maxima all have places of their own."""

    def make(rng: Rng) -> Any:
        kernel = pick(rng, 1, 3, 2)
        size = tuple(
            k * n + int(rng.integers(k)) for k, n in zip(kernel, pick(rng, 1, 4, 2), strict=True)
        )
        x = rng.normal(size=(*pick(rng, 1, 4, 2), *size)).astype(np.float32)
        y, places = F.max_pool2d(torch.tensor(x), kernel, return_indices=True)
        return y.numpy(), places.numpy(), kernel, size

    rng = np.random.default_rng(0)
    for _ in range(60):
        x, places, kernel, size = make(rng)
        leaf, xt = Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
        y = layers.max_unpool2d(leaf, places, kernel, output_size=size)
        z = F.max_unpool2d(xt, torch.tensor(places), kernel, output_size=size)
        dy = rng.normal(size=size).astype(np.float32)
        y.backward(np.broadcast_to(dy, y.shape))
        z.backward(torch.tensor(dy).expand(z.shape))
        assert xt.grad is not None
        np.testing.assert_array_equal(y.data, z.detach().numpy())
        np.testing.assert_array_equal(leaf.grad, xt.grad.numpy())


ADAPTIVE = [("avg", 1), ("avg", 2), ("max", 1), ("max", 2)]


@pytest.mark.parametrize(("kind", "axes"), ADAPTIVE)
def test_adaptive_pooling(kind: str, axes: int) -> None:
    def make(rng: Rng) -> Case:
        size = pick(rng, 1, 9, axes)
        return ((*pick(rng, 1, 5, 2), *pick(rng, 1, 12, axes)),), {"output_size": size}

    name = f"adaptive_{kind}_pool{axes}d"
    compare(name, getattr(layers, name), getattr(F, name), draw(make, 100))


@pytest.mark.parametrize("values", [[0.0, 1.0], [-np.inf, np.nan, 1.0]], ids=["ties", "NaN"])
@pytest.mark.parametrize("axes", [1, 2])
def test_ties_nan_and_infinity_in_adaptive_max_pooling(axes: int, values: list[float]) -> None:
    """Outputs, indices and gradients."""
    rng = np.random.default_rng(0)
    name = f"adaptive_max_pool{axes}d"
    for _ in range(100):
        size, shape = pick(rng, 1, 9, axes), (*pick(rng, 1, 4, 2), *pick(rng, 1, 12, axes))
        x = rng.choice(values, size=shape).astype(np.float32)
        leaf, xt = Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
        y, places = getattr(layers, name)(leaf, size, return_indices=True)
        z, expected = getattr(F, name)(xt, size, return_indices=True)
        np.testing.assert_array_equal(y.data, z.detach().numpy())
        np.testing.assert_array_equal(places.data, expected.numpy())
        dy = rng.normal(size=y.shape).astype(np.float32)
        y.backward(dy)
        z.backward(torch.tensor(dy))
        assert xt.grad is not None
        np.testing.assert_allclose(leaf.grad, xt.grad.numpy(), rtol=1e-5, atol=1e-6)


def test_global_avg_pool2d() -> None:
    cases = draw(lambda rng: ((pick(rng, 1, 12, 4),), {}), 20)
    compare("global_avg_pool2d", layers.global_avg_pool2d, lambda x: x.mean((2, 3)), cases)


@pytest.mark.parametrize(
    ("mode", "align"), [("nearest", None), ("bilinear", False), ("bilinear", True)]
)
def test_upsample(mode: str, align: bool | None) -> None:
    def make(rng: Rng) -> Case | None:
        x = (pick(rng, 1, 4), pick(rng, 1, 6), *pick(rng, 1, 12, 2))
        options: dict[str, Any] = {"mode": mode, "align_corners": align}
        if rng.random() < 0.5:
            return (x,), options | {"size": pick(rng, 1, 30, 2)}
        factors = tuple(np.round(rng.uniform(0.4, 4, size=2), 2).tolist())
        if rng.random() < 0.4:
            factors = tuple(map(float, pick(rng, 1, 4, 2)))
        if min(int(n * factor) for n, factor in zip(x[2:], factors, strict=True)) < 1:
            return None
        return (x,), options | {"scale_factor": factors}

    compare(f"upsample {mode} {align or ''}", layers.upsample, F.interpolate, draw(make, 100))


MODULES = {
    "Conv2D reflect": ("Conv2D", (4, 6, 3), {"padding": (1, 2), "padding_mode": "reflect"}),
    "Conv2D replicate": ("Conv2D", (4, 6, 3, 2), {"padding": 2, "padding_mode": "replicate"}),
    "Conv2D circular": ("Conv2D", (9, 6, 3), {"padding": "same", "padding_mode": "circular"}),
    "Conv2D no bias": ("Conv2D", (4, 6, (3, 1), 1, 0, 2, 2, False), {}),
    "Conv1D": ("Conv1D", (4, 6, 3, 2, 1, 2, 2), {}),
    "Conv1D circular": ("Conv1D", (4, 6, 4), {"padding": 2, "padding_mode": "circular"}),
    "Conv1D reflect": ("Conv1D", (4, 6, 3), {"padding": "same", "padding_mode": "reflect"}),
    "ConvTranspose1D": ("ConvTranspose1D", (4, 6, 3, 2, 1, 1, 2, False, 2), {}),
    "ConvTranspose2D": ("ConvTranspose2D", (4, 6, 3, 2, 1, 1, 2, False, 2), {}),
    "MaxPool2D": ("MaxPool2D", (3, 2, 1, 2, False, True), {}),
    "AvgPool2D": ("AvgPool2D", (3, 2, 1, True, False), {}),
    "AdaptiveAvgPool2D": ("AdaptiveAvgPool2D", ((3, None),), {}),
    "AdaptiveAvgPool1D": ("AdaptiveAvgPool1D", (4,), {}),
    "AdaptiveMaxPool1D": ("AdaptiveMaxPool1D", (4,), {}),
    "AdaptiveMaxPool2D": ("AdaptiveMaxPool2D", ((3, None),), {}),
    "Unfold": ("Unfold", (3, 2, 1, 2), {}),
    "Upsample": ("Upsample", (None, 2, "bilinear", True), {}),
}


@pytest.mark.parametrize("name", MODULES)
def test_modules_take_pytorchs_arguments_and_parameters(name: str) -> None:
    kind, arguments, options = MODULES[name]
    check_module(
        name, getattr(layers, kind), getattr(tnn, kind.replace("D", "d")), arguments, options
    )


def check_module(name: str, ours: Any, theirs: Any, arguments: Any, options: Any) -> None:
    channels = arguments[0] if "Conv" in name else 3
    axes = 1 if "1D" in name else 2
    for dtype in ("float32", "float64"):
        rng = np.random.default_rng(0)
        reference = theirs(*arguments, **options).to(getattr(torch, dtype))
        layer = ours(*arguments, **options).astype(dtype)
        layer.load_state_dict({k: v.numpy() for k, v in reference.state_dict().items()})
        for _ in range(20):
            x = rng.normal(size=(pick(rng, 1, 4), channels, *pick(rng, 6, 14, axes))).astype(dtype)
            xt = torch.tensor(x, requires_grad=True)
            with default_dtype(dtype):
                leaf = Tensor(x, requires_grad=True)
                y, z = layer(leaf), reference(xt)
                dy = rng.normal(size=y.shape).astype(dtype)
                wanted = [leaf, *layer.parameters()]
                gradients = grad(y, wanted, dy)
            expected = torch.autograd.grad(z, [xt, *reference.parameters()], torch.tensor(dy))
            pairs = [(y.data, z), *zip(gradients, expected, strict=True)]
            for mine, its in pairs:
                assert relative_error(mine, its.detach().numpy()) < TOLERANCE[dtype]


@pytest.mark.parametrize("kind", ["Conv1D", "Conv2D", "ConvTranspose1D", "ConvTranspose2D"])
def test_default_initialization_has_pytorchs_bounds(kind: str) -> None:
    arguments = (6, 24, 5) if "1D" in kind else (6, 24, (5, 3))
    torch.manual_seed(0)
    reference = getattr(tnn, kind.replace("D", "d"))(*arguments, groups=2)
    layer = getattr(layers, kind)(*arguments, groups=2, rng=np.random.default_rng(0))
    for name, mine in layer.state_dict().items():
        its = reference.state_dict()[name].numpy()
        assert mine.shape == its.shape
        assert np.abs(mine).max() == pytest.approx(np.abs(its).max(), rel=0.1)


class Block(nn.Module):
    """A residual block with a strided, a grouped and a dilated convolution."""

    def __init__(self, inputs: int, outputs: int) -> None:
        self.conv1 = layers.Conv2D(inputs, outputs, 3, stride=2, padding=1, bias=False)
        self.bn1 = layers.BatchNorm2D(outputs)
        self.conv2 = layers.Conv2D(outputs, outputs, 3, padding=2, dilation=2, groups=4)
        self.bn2 = layers.BatchNorm2D(outputs)
        self.shortcut = layers.Conv2D(inputs, outputs, 1, stride=2)

    def forward(self, x: Any) -> Tensor:
        y = nn.relu(self.bn1(self.conv1(x)))
        return nn.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


class TorchBlock(tnn.Module):
    """The same in PyTorch."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv1 = tnn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False)
        self.bn1 = tnn.BatchNorm2d(outputs)
        self.conv2 = tnn.Conv2d(outputs, outputs, 3, padding=2, dilation=2, groups=4)
        self.bn2 = tnn.BatchNorm2d(outputs)
        self.shortcut = tnn.Conv2d(inputs, outputs, 1, stride=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


def networks() -> tuple[nn.Module, tnn.Module]:
    ours = nn.Sequential(
        layers.Conv2D(3, 16, 3, padding="same"),
        layers.BatchNorm2D(16),
        nn.ReLU(),
        layers.MaxPool2D(3, 2, 1),
        Block(16, 24),
        Block(24, 32),
        layers.AdaptiveAvgPool2D(1),
        nn.Flatten(),
        nn.Dense(32, 10),
    )
    theirs = tnn.Sequential(
        tnn.Conv2d(3, 16, 3, padding="same"),
        tnn.BatchNorm2d(16),
        tnn.ReLU(),
        tnn.MaxPool2d(3, 2, 1),
        TorchBlock(16, 24),
        TorchBlock(24, 32),
        tnn.AdaptiveAvgPool2d(1),
        tnn.Flatten(),
        tnn.Linear(32, 10),
    )
    return ours, theirs


@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_residual_network_saved_by_pytorch_gives_the_same_outputs_and_gradients(
    mode: str, dtype: str, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    ours, theirs = networks()
    theirs.to(getattr(torch, dtype))
    theirs(torch.randn(8, 3, 24, 24, dtype=getattr(torch, dtype)))  # moves the statistics
    save_file(theirs.state_dict(), tmp_path / "model.safetensors")
    ours.astype(dtype).load_state_dict(load_tensors(tmp_path / "model.safetensors"))
    ours.train(mode == "train")
    theirs.train(mode == "train")
    x = np.random.default_rng(0).normal(size=(6, 3, 24, 24)).astype(dtype)
    xt = torch.tensor(x, requires_grad=True)
    leaf = Tensor(x, dtype, requires_grad=True)
    y, z = ours(leaf), theirs(xt)
    bound = 1e-5 if dtype == "float32" else 1e-11
    assert y.dtype == dtype
    assert relative_error(y.data, z.detach().numpy()) < bound
    for key, value in theirs.state_dict().items():
        assert relative_error(ours.state_dict()[key], value.numpy()) < bound
    (y**2).sum().backward()
    (z**2).sum().backward()
    assert relative_error(leaf.grad, xt.grad.numpy()) < bound
    for (name, p), q in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        if mode == "train" and name in ("0.bias", "4.conv2.bias", "5.conv2.bias"):
            continue  # a norm behind it: 0 but for rounding
        assert relative_error(p.grad, q.grad.numpy()) < bound, name
