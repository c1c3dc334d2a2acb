"""Every layer with options drawn from all that it takes, against the same layer of PyTorch.

Hypothesis draws the options; a case takes PyTorch's state, makes two steps of training and one of
evaluation, and compares outputs, the input's gradient, every parameter's gradient and every
running statistic, in float32 and in float64. The functions are compared in `test_convolution.py`
and `test_norms.py`, on larger sizes.
"""

import dataclasses
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from harness import WORST, Worst, relative_error
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from torch import nn as tnn

import neural_net_core as nn
import neural_net_layers as layers
from neural_net_core import Module, Tensor, default_dtype

TOLERANCE = {"float32": 1e-5, "float64": 1e-11}
EXAMPLES = 24

Draw = Callable[..., Any]


@dataclasses.dataclass
class Case:
    """One layer of ours, PyTorch's, and the shape of what both get."""

    ours: Module
    theirs: tnn.Module
    shape: tuple[int, ...]
    cancelled: tuple[str, ...] = ()  # parameters that a norm behind them makes useless


def numbers(low: int, high: int) -> st.SearchStrategy[int]:
    return st.integers(low, high)


def pair(low: int, high: int) -> st.SearchStrategy[Any]:
    """An integer for both axes, or one for each."""
    return st.one_of(numbers(low, high), st.tuples(numbers(low, high), numbers(low, high)))


def each(value: Any) -> tuple[int, int]:
    return value if isinstance(value, tuple) else (value, value)


def same_options(name: str, *arguments: Any, **options: Any) -> tuple[Module, Any]:
    """Make ours and PyTorch's class of that name with the same arguments."""
    theirs = getattr(tnn, name.replace("1D", "1d").replace("2D", "2d"))
    return getattr(layers, name)(*arguments, **options), theirs(*arguments, **options)


def convolution(draw: Draw, axes: int) -> Case:
    groups = draw(numbers(1, 3))
    inputs, outputs = groups * draw(numbers(1, 3)), groups * draw(numbers(1, 3))
    one = numbers(1, 3) if axes == 1 else pair(1, 3)
    kernel, dilation = draw(one), draw(one)
    mode = draw(st.sampled_from(["zeros", "reflect", "replicate", "circular"]))
    padding = draw(
        st.one_of(st.sampled_from(["same", "valid"]), numbers(0, 2) if axes == 1 else pair(0, 2))
    )
    stride = 1 if padding == "same" else draw(one)
    size = tuple(draw(numbers(7, 10)) for _ in range(axes))  # no kernel is wider than 5
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    options |= {"bias": draw(st.booleans()), "padding_mode": mode}
    name = f"Conv{axes}D"
    both = same_options(name, inputs, outputs, kernel, **options)
    return Case(*both, (draw(numbers(1, 3)), inputs, *size))


def conv_transpose(draw: Draw, axes: int) -> Case:
    groups = draw(numbers(1, 3))
    inputs, outputs = groups * draw(numbers(1, 3)), groups * draw(numbers(1, 3))
    one = numbers if axes == 1 else pair
    kernel, stride, dilation = draw(one(1, 4)), draw(one(1, 3)), draw(one(1, 3))
    extra = tuple(
        draw(numbers(0, max(s, d) - 1)) for s, d in zip(each(stride), each(dilation), strict=True)
    )
    options = {"stride": stride, "padding": draw(one(0, 2)), "output_padding": extra[:axes]}
    options |= {"groups": groups, "bias": draw(st.booleans()), "dilation": dilation}
    both = same_options(f"ConvTranspose{axes}D", inputs, outputs, kernel, **options)
    return Case(*both, (draw(numbers(1, 3)), inputs, *draw_sizes(draw, 5, 7, axes)))


def pool(draw: Draw, name: str) -> Case:
    kernel = draw(pair(1, 4))
    stride = draw(st.one_of(st.none(), pair(1, 3)))
    most = min(each(kernel)) // 2
    options = {"padding": draw(pair(0, most)), "ceil_mode": draw(st.booleans())}
    if name == "MaxPool2D":
        # Wider windows may see padding alone, where PyTorch reads out of bounds.
        options["dilation"] = draw(pair(1, 2))
    else:
        options["count_include_pad"] = draw(st.booleans())
        options["divisor_override"] = draw(st.one_of(st.none(), numbers(1, 5)))
    both = same_options(name, kernel, stride, **options)
    return Case(*both, (*draw_sizes(draw, 1, 3, 2), draw(numbers(7, 9)), draw(numbers(7, 9))))


def pool1d(draw: Draw, name: str) -> Case:
    kernel = draw(numbers(1, 4))
    stride = draw(st.one_of(st.none(), numbers(1, 3)))
    options = {"padding": draw(numbers(0, kernel // 2)), "ceil_mode": draw(st.booleans())}
    if name == "MaxPool1D":
        options["dilation"] = draw(numbers(1, 2))
    else:
        options["count_include_pad"] = draw(st.booleans())
    both = same_options(name, kernel, stride, **options)
    return Case(*both, (*draw_sizes(draw, 1, 3, 2), draw(numbers(7, 9))))


def draw_sizes(draw: Draw, low: int, high: int, count: int) -> tuple[int, ...]:
    return tuple(draw(numbers(low, high)) for _ in range(count))


def adaptive_pool(draw: Draw, kind: str, axes: int) -> Case:
    size = draw(numbers(1, 6))
    if axes == 2 and draw(st.booleans()):
        size = draw(st.tuples(*[st.one_of(st.none(), numbers(1, 6))] * 2))
    return Case(*same_options(f"Adaptive{kind}Pool{axes}D", size), draw_sizes(draw, 1, 9, 2 + axes))


class TheirGlobalPool(tnn.Module):
    """The mean or maximum over all positions, which PyTorch has no class for."""

    def __init__(self, kind: str, keepdims: bool) -> None:
        super().__init__()
        self.kind, self.keepdims = kind, keepdims

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        reduce = torch.mean if self.kind == "Avg" else torch.amax
        return reduce(x, dim=tuple(range(2, x.ndim)), keepdim=self.keepdims)


def global_pool(draw: Draw, kind: str, axes: int) -> Case:
    keep = draw(st.booleans())
    ours = getattr(layers, f"Global{kind}Pool{axes}D")(keep)
    return Case(ours, TheirGlobalPool(kind, keep), draw_sizes(draw, 1, 9, 2 + axes))


def unfold(draw: Draw, folds: bool) -> Case:
    kernel, dilation = draw(pair(1, 3)), draw(pair(1, 3))
    options = {"dilation": dilation, "padding": draw(pair(0, 2)), "stride": draw(pair(1, 3))}
    size = draw_sizes(draw, 7, 10, 2)
    batch, channels = draw_sizes(draw, 1, 3, 2)
    if not folds:
        return Case(*same_options("Unfold", kernel, **options), (batch, channels, *size))
    columns = layers.Unfold(kernel, **options)(np.zeros((batch, channels, *size)))
    return Case(*same_options("Fold", size, kernel, **options), columns.shape)


def border(draw: Draw, name: str, axes: int) -> Case:
    """Of each kind as wide as it can be, and cropping."""
    size = draw_sizes(draw, 1, 6, axes)
    widths: list[int] = []
    for n in reversed(size):  # the last axis comes first
        low = draw(numbers(-n + 1, 0)) if draw(st.booleans()) else 0
        most = {"Reflection": n + low - 1, "Circular": n + low}.get(name, 7)
        widths += draw(st.permutations([low or draw(numbers(0, most)), draw(numbers(0, most))]))
    batch = (draw(numbers(1, 3)),) if draw(st.booleans()) else ()
    value = (draw(st.sampled_from([0.0, -2.5, 7])),) if name == "Constant" else ()
    both = same_options(f"{name}Pad{axes}D", tuple(widths), *value)
    return Case(*both, (*batch, draw(numbers(1, 3)), *size))


def pixels(draw: Draw, name: str) -> Case:
    r, (batch, channels, height, width) = draw(numbers(1, 4)), draw_sizes(draw, 1, 4, 4)
    leading = (batch,) if draw(st.booleans()) else (2, batch)
    small, large = (channels * r * r, height, width), (channels, height * r, width * r)
    shape = (*leading, *(small if name == "PixelShuffle" else large))
    return Case(*same_options(name, r), shape)


def upsample(draw: Draw) -> Case:
    mode = draw(st.sampled_from(["nearest", "bilinear"]))
    options: dict[str, Any] = {"mode": mode}
    if mode == "bilinear":
        options["align_corners"] = draw(st.sampled_from([None, False, True]))
    if draw(st.booleans()):
        options["size"] = draw(pair(1, 14))
    else:
        factor = st.sampled_from([0.5, 0.75, 1.0, 1.5, 2, 2.6, 3])
        options["scale_factor"] = draw(st.one_of(factor, st.tuples(factor, factor)))
    both = same_options("Upsample", **options)
    return Case(*both, (*draw_sizes(draw, 1, 3, 2), *draw_sizes(draw, 2, 7, 2)))


def dropout(draw: Draw, name: str) -> Case:
    """In evaluation with any p, in training with the p that leave nothing to chance."""
    p = draw(st.sampled_from([0.0, 1.0] if name != "AlphaDropout" else [0.0]))
    return Case(*same_options(name, p), draw_sizes(draw, 2, 5, 4))


def eps() -> st.SearchStrategy[float]:
    return st.sampled_from([1e-5, 1e-3, 0.1])


# A parameter's gradient is a sum of terms of both signs: of one channel alone it may be all but 0
# by chance, and then rounding is large beside it.
CHANNELS = numbers(3, 6)


def batch_norm(draw: Draw, axes: int) -> Case:
    features = draw(CHANNELS)
    options = {"eps": draw(eps()), "momentum": draw(st.sampled_from([None, 0.1, 0.7, 1.0]))}
    options |= {"affine": draw(st.booleans()), "track_running_stats": draw(st.booleans())}
    positions = () if axes == 1 and draw(st.booleans()) else draw_sizes(draw, 2, 5, axes)
    both = same_options(f"BatchNorm{axes}D", features, **options)
    return Case(*both, (draw(numbers(5, 8)), features, *positions))


def instance_norm(draw: Draw, axes: int) -> Case:
    features = draw(CHANNELS)
    options = {"eps": draw(eps()), "momentum": draw(st.sampled_from([None, 0.1, 0.7, 1.0]))}
    options |= {"affine": draw(st.booleans()), "track_running_stats": draw(st.booleans())}
    batch = () if draw(st.booleans()) else (draw(numbers(1, 4)),)
    both = same_options(f"InstanceNorm{axes}D", features, **options)
    return Case(*both, (*batch, features, *draw_sizes(draw, 3, 6, axes)))


def group_norm(draw: Draw) -> Case:
    groups = draw(numbers(1, 3))
    channels = groups * draw(numbers(1, 3))
    both = same_options("GroupNorm", groups, channels, draw(eps()), draw(st.booleans()))
    return Case(
        *both, (draw(numbers(1, 4)), channels, *draw_sizes(draw, 3, 6, draw(numbers(1, 2))))
    )


def trailing_norm(draw: Draw, name: str) -> Case:
    inside = draw_sizes(draw, 4, 8, draw(numbers(1, 2)))
    outside = draw_sizes(draw, 1, 4, draw(numbers(1, 3)))
    shape = inside[0] if len(inside) == 1 and draw(st.booleans()) else inside
    options: dict[str, Any] = {"elementwise_affine": draw(st.booleans())}
    if name == "LayerNorm":
        options |= {"eps": draw(eps()), "bias": draw(st.booleans())}
    else:
        options["eps"] = draw(st.one_of(st.none(), eps()))
    return Case(*same_options(name, shape, **options), (*outside, *inside))


class TheirBlock(tnn.Module):
    """A residual block of dense layers, written in PyTorch; in evaluation, drops are nothing."""

    def __init__(self, sizes: tuple[int, int, int], norm: Any, norm_first: bool, act: Any) -> None:
        super().__init__()
        inputs, hidden, outputs = sizes
        self.norm_first, self.act = norm_first, act
        self.norm = norm(inputs if norm_first else outputs) if norm else tnn.Identity()
        self.hidden, self.output = tnn.Linear(inputs, hidden), tnn.Linear(hidden, outputs)
        self.projection = (
            tnn.Identity() if inputs == outputs else tnn.Linear(inputs, outputs, bias=False)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        branch = self.norm(x) if self.norm_first else x
        y = self.projection(x) + self.output(self.act(self.hidden(branch)))
        return y if self.norm_first else self.norm(y)


NORMS = {
    "none": (None, None),
    "LayerNorm": (layers.LayerNorm, tnn.LayerNorm),
    "RMSNorm": (layers.RMSNorm, tnn.RMSNorm),
    "BatchNorm1D": (layers.BatchNorm1D, tnn.BatchNorm1d),
}
ACTIVATIONS = {
    "ReLU": (nn.ReLU, tnn.ReLU),
    "Tanh": (nn.Tanh, tnn.Tanh),
    "GELU": (nn.GELU, tnn.GELU),
}


def residual_block(draw: Draw) -> Case:
    inputs, hidden = draw(numbers(3, 6)), draw(numbers(3, 8))
    outputs = draw(st.sampled_from([inputs, inputs + 2]))
    mine, its = NORMS[draw(st.sampled_from(sorted(NORMS)))]
    act, its_act = ACTIVATIONS[draw(st.sampled_from(sorted(ACTIVATIONS)))]
    norm_first = draw(st.booleans())
    ours = layers.ResidualBlock(
        inputs, outputs, hidden, activation=act(), norm=mine, norm_first=norm_first
    )
    theirs = TheirBlock((inputs, hidden, outputs), its, norm_first, its_act())
    after = mine is layers.BatchNorm1D and not norm_first
    return Case(ours, theirs, (draw(numbers(6, 9)), inputs), ("output.bias",) if after else ())


class TheirResidual(tnn.Module):
    def __init__(self, block: tnn.Module, shortcut: tnn.Module | None) -> None:
        super().__init__()
        self.block, self.shortcut = block, shortcut

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.block(x) + (x if self.shortcut is None else self.shortcut(x))


def residual(draw: Draw) -> Case:
    """Around convolution, batch norm and activation; with or without a projection."""
    inputs, stride = draw(numbers(2, 4)), draw(numbers(1, 2))
    outputs = draw(st.sampled_from([inputs, inputs + 1]))
    dilation = draw(numbers(1, 2))
    options = {"stride": stride, "padding": dilation, "dilation": dilation}
    convolutions = same_options("Conv2D", inputs, outputs, 3, **options)
    norms = same_options("BatchNorm2D", outputs)
    shortcuts: tuple[Any, Any] = (None, None)
    if stride > 1 or outputs != inputs:
        shortcuts = same_options("Conv2D", inputs, outputs, 1, stride=stride, bias=False)
    ours = layers.Residual(nn.Sequential(convolutions[0], norms[0], nn.Tanh()), shortcuts[0])
    theirs = TheirResidual(tnn.Sequential(convolutions[1], norms[1], tnn.Tanh()), shortcuts[1])
    shape = (draw(numbers(2, 4)), inputs, *draw_sizes(draw, 5, 8, 2))
    return Case(ours, theirs, shape, ("block.0.bias",))


LAYERS: dict[str, Callable[[Draw], Case]] = {
    "Conv1D": lambda draw: convolution(draw, 1),
    "Conv2D": lambda draw: convolution(draw, 2),
    "ConvTranspose1D": lambda draw: conv_transpose(draw, 1),
    "ConvTranspose2D": lambda draw: conv_transpose(draw, 2),
    "MaxPool1D": lambda draw: pool1d(draw, "MaxPool1D"),
    "AvgPool1D": lambda draw: pool1d(draw, "AvgPool1D"),
    "MaxPool2D": lambda draw: pool(draw, "MaxPool2D"),
    "AvgPool2D": lambda draw: pool(draw, "AvgPool2D"),
    "AdaptiveAvgPool1D": lambda draw: adaptive_pool(draw, "Avg", 1),
    "AdaptiveAvgPool2D": lambda draw: adaptive_pool(draw, "Avg", 2),
    "AdaptiveMaxPool1D": lambda draw: adaptive_pool(draw, "Max", 1),
    "AdaptiveMaxPool2D": lambda draw: adaptive_pool(draw, "Max", 2),
    "GlobalAvgPool1D": lambda draw: global_pool(draw, "Avg", 1),
    "GlobalAvgPool2D": lambda draw: global_pool(draw, "Avg", 2),
    "GlobalMaxPool1D": lambda draw: global_pool(draw, "Max", 1),
    "GlobalMaxPool2D": lambda draw: global_pool(draw, "Max", 2),
    "Unfold": lambda draw: unfold(draw, False),
    "Fold": lambda draw: unfold(draw, True),
    "PixelShuffle": lambda draw: pixels(draw, "PixelShuffle"),
    "PixelUnshuffle": lambda draw: pixels(draw, "PixelUnshuffle"),
    **{
        f"{name}Pad{axes}D": partial(border, name=name, axes=axes)
        for name in ("Zero", "Constant", "Reflection", "Replication", "Circular")
        for axes in (1, 2)
    },
    "Upsample": upsample,
    "Dropout": lambda draw: dropout(draw, "Dropout"),
    "Dropout2D": lambda draw: dropout(draw, "Dropout2D"),
    "AlphaDropout": lambda draw: dropout(draw, "AlphaDropout"),
    "BatchNorm1D": lambda draw: batch_norm(draw, 1),
    "BatchNorm2D": lambda draw: batch_norm(draw, 2),
    "InstanceNorm1D": lambda draw: instance_norm(draw, 1),
    "InstanceNorm2D": lambda draw: instance_norm(draw, 2),
    "GroupNorm": group_norm,
    "LayerNorm": lambda draw: trailing_norm(draw, "LayerNorm"),
    "RMSNorm": lambda draw: trailing_norm(draw, "RMSNorm"),
    "ResidualBlock": residual_block,
    "Residual": residual,
}


def check(name: str, case: Case, dtype: str, seed: int) -> None:
    """Assert that both agree in two steps of training and in evaluation."""
    worst = WORST.setdefault((f"{name}, any options", dtype), Worst())
    worst.cases += 1

    def compare(what: str, ours: Any, theirs: Any) -> None:
        expected = theirs.detach().numpy()
        assert ours.shape == expected.shape, what
        assert ours.dtype == expected.dtype, what
        error = relative_error(ours, expected)
        if "gradient" in what:
            worst.gradient = max(worst.gradient, error)
        else:
            worst.forward = max(worst.forward, error)
        assert error <= TOLERANCE[dtype], f"{what} differs by {error:.1e} in {dtype}: {case}"

    rng = np.random.default_rng(seed)
    theirs = case.theirs.to(getattr(torch, dtype))
    with torch.no_grad():
        for tensor in theirs.state_dict().values():
            if tensor.ndim > 1:  # small, so that no tanh is so flat that its slope is rounding
                tensor.copy_(torch.tensor(rng.normal(0, 0.3, tensor.shape)))
            elif tensor.is_floating_point():
                tensor.copy_(torch.tensor(rng.uniform(0.5, 1.5, tensor.shape)))
    ours = case.ours.astype(dtype)
    with default_dtype(dtype):
        ours.load_state_dict({k: v.numpy() for k, v in theirs.state_dict().items()})
        for mode in ("train", "train", "eval"):
            ours.train(mode == "train")
            theirs.train(mode == "train")
            data = rng.normal(0.5, 2, size=case.shape).astype(dtype)
            leaf = Tensor(data, requires_grad=True)
            its_leaf = torch.tensor(data, requires_grad=True)
            y, z = ours(leaf), theirs(its_leaf)
            compare(f"{mode}: the output", y.data, z)
            # Around 1: the sum of many numbers around 0 cancels, and its digits are rounding.
            dy = rng.normal(1, 1, size=y.shape).astype(dtype)
            ours.zero_grad()
            theirs.zero_grad()
            y.backward(dy)
            z.backward(torch.tensor(dy))
            compare(f"{mode}: the input's gradient", leaf.grad, its_leaf.grad)
            gradients = {key: p.grad for key, p in ours.named_parameters()}
            for key, parameter in theirs.named_parameters():
                if mode == "train" and key in case.cancelled:  # 0, but for rounding
                    largest = max(float(np.abs(g).max()) for g in gradients.values())
                    assert np.abs(gradients[key]).max() <= TOLERANCE[dtype] * largest, key
                    continue
                compare(f"{mode}: {key}'s gradient", gradients[key], parameter.grad)
            state = ours.state_dict()
            for key, tensor in theirs.named_buffers():
                # PyTorch's instance norms leave their counter at 0.
                if not (key == "num_batches_tracked" and name.startswith("Instance")):
                    compare(f"{mode}: {key}", state[key], tensor)


every_layer = pytest.mark.parametrize("name", LAYERS)


@every_layer
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_any_options_agree_with_pytorch(name: str, data: st.DataObject) -> None:
    case = LAYERS[name](data.draw)
    seed = data.draw(st.integers(0, 2**16))
    with warnings.catch_warnings():
        # PyTorch copies the input when an even kernel needs an uneven border, and says so.
        warnings.filterwarnings("ignore", message="Using padding='same' with even kernel")
        for dtype in ("float64", "float32"):
            check(name, case, dtype, seed)


@settings(max_examples=20, derandomize=True, database=None, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("name", ["Dropout", "Dropout2D", "AlphaDropout", "DropPath"])
def test_drops_do_nothing_in_evaluation(name: str, data: st.DataObject) -> None:
    layer = getattr(layers, name)(data.draw(st.floats(0, 1))).eval()
    shape = draw_sizes(data.draw, 1, 5, 4)
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    leaf = Tensor(x, requires_grad=True)
    y = layer(leaf)
    y.backward(np.ones_like(x))
    expected = getattr(tnn, name.replace("2D", "2d"), tnn.Identity)().eval()(torch.tensor(x))
    assert y.data.tobytes() == expected.numpy().tobytes()
    assert (leaf.grad == 1).all()  # type: ignore[union-attr]


def test_every_layer_with_a_counterpart_in_pytorch_is_here() -> None:
    names = {name.replace("D", "d") for name in dir(tnn)}
    of_space = {
        name
        for name in layers.__all__
        if name.replace("D", "d") in names
        and any(part in name for part in ("Conv", "Norm", "Pool", "Drop", "Upsample"))
    }
    assert of_space <= set(LAYERS)
