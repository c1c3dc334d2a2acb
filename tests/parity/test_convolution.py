"""Convolution, pooling and upsampling against torch.nn, options drawn at random."""

import numpy as np
import pytest
import torch

import neural_net_layers as nn
from neural_net_core import Tensor

TOLERANCE = {np.float32: 1e-5, np.float64: 1e-12}


def relative(ours, theirs):
    """Return the largest difference, relative to the largest number."""
    theirs = theirs.detach().numpy()
    assert ours.shape == theirs.shape and ours.dtype == theirs.dtype
    return np.abs(ours - theirs).max(initial=0) / max(np.abs(theirs).max(initial=0), 1e-3)


def compare(ours, theirs, data, dtype):
    """Compare output, input gradient and parameter gradients of two loaded layers."""
    theirs = theirs.to(getattr(torch, dtype.__name__))
    state = {k: v.numpy() for k, v in theirs.state_dict().items()}
    assert list(ours.state_dict()) == list(state)
    ours.load_state_dict(state)
    x = Tensor(data, dtype=dtype, requires_grad=True)
    u = torch.tensor(data, requires_grad=True)
    y, v = ours(x), theirs(u)
    seed = np.random.default_rng(0).normal(size=tuple(v.shape)).astype(dtype)
    y.backward(seed)
    v.backward(torch.tensor(seed))
    errors = {"output": relative(y.data, v), "input": relative(x.grad, u.grad)}
    for (name, p), q in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        errors[name] = relative(p.grad, q.grad)
    assert max(errors.values()) < TOLERANCE[dtype], errors


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize("dtype", TOLERANCE, ids=lambda t: t.__name__)
@pytest.mark.parametrize("case", range(30))
def test_conv2d(case, dtype):
    rng = np.random.default_rng(case)
    groups = int(rng.choice([1, 1, 2, 4]))
    channels, out = groups * int(rng.integers(1, 5)), groups * int(rng.integers(1, 5))
    kernel = tuple(int(k) for k in rng.integers(1, 6, 2))
    same = case % 4 == 0
    options = {
        "stride": 1 if same else tuple(int(s) for s in rng.integers(1, 4, 2)),
        "padding": "same" if same else tuple(int(p) for p in rng.integers(0, 3, 2)),
        "dilation": tuple(int(d) for d in rng.integers(1, 3, 2)),
        "groups": groups,
        "bias": bool(case % 3),
        "padding_mode": ["zeros", "reflect", "replicate", "circular"][case // 2 % 4],
    }
    batch = [2, 1, 5, 0][case % 4] if options["padding_mode"] == "zeros" else 2
    data = rng.normal(size=(batch, channels, *rng.integers(12, 24, 2))).astype(dtype)
    ours = nn.Conv2D(channels, out, kernel, dtype=dtype, **options)
    compare(ours, torch.nn.Conv2d(channels, out, kernel, **options), data, dtype)


@pytest.mark.parametrize("dtype", TOLERANCE, ids=lambda t: t.__name__)
@pytest.mark.parametrize("size", [(64, 1, 28, 28, 5, 16), (16, 16, 14, 14, 5, 32)])
def test_conv2d_of_ordinary_sizes(size, dtype):
    batch, channels, height, width, kernel, out = size
    data = np.random.default_rng(0).normal(size=(batch, channels, height, width)).astype(dtype)
    ours = nn.Conv2D(channels, out, kernel, dtype=dtype)
    compare(ours, torch.nn.Conv2d(channels, out, kernel), data, dtype)


@pytest.mark.parametrize("dtype", TOLERANCE, ids=lambda t: t.__name__)
@pytest.mark.parametrize("case", range(20))
def test_conv1d(case, dtype):
    rng = np.random.default_rng(case)
    groups = int(rng.choice([1, 2]))
    channels, out = groups * int(rng.integers(1, 5)), groups * int(rng.integers(1, 5))
    kernel = int(rng.integers(1, 6))
    options = {
        "stride": int(rng.integers(1, 4)),
        "padding": int(rng.integers(0, 3)),
        "dilation": int(rng.integers(1, 3)),
        "groups": groups,
        "bias": bool(case % 2),
    }
    data = rng.normal(size=(3, channels, int(rng.integers(12, 30)))).astype(dtype)
    ours = nn.Conv1D(channels, out, kernel, dtype=dtype, **options)
    compare(ours, torch.nn.Conv1d(channels, out, kernel, **options), data, dtype)


@pytest.mark.parametrize("dtype", TOLERANCE, ids=lambda t: t.__name__)
@pytest.mark.parametrize("case", range(20))
def test_conv_transpose2d(case, dtype):
    rng = np.random.default_rng(case)
    groups = int(rng.choice([1, 2]))
    channels, out = groups * int(rng.integers(1, 4)), groups * int(rng.integers(1, 4))
    kernel = tuple(int(k) for k in rng.integers(1, 5, 2))
    stride = tuple(int(s) for s in rng.integers(1, 4, 2))
    options = {
        "stride": stride,
        "padding": tuple(int(rng.integers(0, k)) for k in kernel),
        "output_padding": tuple(int(rng.integers(0, s)) for s in stride),
        "groups": groups,
        "bias": bool(case % 2),
    }
    data = rng.normal(size=(2, channels, *rng.integers(5, 9, 2))).astype(dtype)
    ours = nn.ConvTranspose2D(channels, out, kernel, dtype=dtype, **options)
    compare(ours, torch.nn.ConvTranspose2d(channels, out, kernel, **options), data, dtype)


@pytest.mark.parametrize("dtype", TOLERANCE, ids=lambda t: t.__name__)
@pytest.mark.parametrize("case", range(20))
def test_pooling_and_upsampling(case, dtype):
    rng = np.random.default_rng(case)
    kernel = tuple(int(k) for k in rng.integers(2, 5, 2))
    shape = (2, 3, *(int(n) for n in rng.integers(9, 16, 2)))
    data = rng.normal(size=shape).astype(dtype)
    common = {
        "stride": tuple(int(s) for s in rng.integers(1, 4, 2)),
        "padding": tuple(int(rng.integers(0, k // 2 + 1)) for k in kernel),
        "ceil_mode": bool(case % 2),
    }
    dilation = 1 + case % 3 // 2
    compare(
        nn.MaxPool2D(kernel, dilation=dilation, **common),
        torch.nn.MaxPool2d(kernel, dilation=dilation, **common),
        data,
        dtype,
    )
    extra = {"count_include_pad": bool(case % 3), "divisor_override": [None, 7][case % 2]}
    compare(
        nn.AvgPool2D(kernel, **common, **extra),
        torch.nn.AvgPool2d(kernel, **common, **extra),
        data,
        dtype,
    )
    out = tuple(int(n) for n in rng.integers(1, 9, 2))
    compare(nn.AdaptiveAvgPool2D(out), torch.nn.AdaptiveAvgPool2d(out), data, dtype)
    for mode in ({"mode": "nearest"}, {"mode": "bilinear", "align_corners": bool(case % 2)}):
        size = tuple(int(n) for n in rng.integers(3, 30, 2))
        compare(nn.Upsample(size=size, **mode), torch.nn.Upsample(size=size, **mode), data, dtype)
