"""Embeddings and bags against PyTorch with every option; positions against independent formulas."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from harness import WORST, Worst
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch.nn import functional as F  # noqa: N812 (PyTorch's own habit)

from neural_net_core import Tensor, load_tensors
from neural_net_core.testing.reference import TOLERANCE, relative_error
from neural_net_layers import (
    Embedding,
    EmbeddingBag,
    PositionalEncoding,
    RotaryEmbedding,
    alibi_bias,
    modulate,
    timestep_embedding,
)

DTYPES = st.sampled_from(["float32", "float64"])
SEEDS = st.integers(0, 2**32 - 1)


def compare(name: str, dtype: str, mine: Any, theirs: torch.Tensor, gradient: bool = False) -> None:
    """Assert equal shape, dtype and numbers, and note the error for the report."""
    expected = theirs.detach().numpy()
    assert mine.dtype == expected.dtype == np.dtype(dtype)
    assert mine.shape == expected.shape
    error = relative_error(mine, expected)
    worst = WORST.setdefault((name, dtype), Worst())
    worst.cases += not gradient
    field = "gradient" if gradient else "forward"
    setattr(worst, field, max(getattr(worst, field), error))
    assert error <= TOLERANCE[dtype]


@settings(deadline=None, max_examples=100)
@given(
    seed=SEEDS,
    dtype=DTYPES,
    rows=st.integers(1, 9),
    width=st.integers(1, 6),
    shape=st.lists(st.integers(0, 4), max_size=3),
    padding=st.one_of(st.none(), st.integers(-9, 8)),
    max_norm=st.one_of(st.none(), st.floats(0.2, 3)),
    norm_type=st.sampled_from([1.0, 2.0, 3.5]),
    by_frequency=st.booleans(),
)
def test_embedding(
    seed: int,
    dtype: str,
    rows: int,
    width: int,
    shape: list[int],
    padding: int | None,
    max_norm: float | None,
    norm_type: float,
    by_frequency: bool,
) -> None:
    """Result, gradient, and the table after long rows were shortened."""
    rng = np.random.default_rng(seed)
    padding = None if padding is None else padding % rows - (rows if padding < 0 else 0)
    options = (padding, max_norm, norm_type, by_frequency)
    theirs = torch.nn.Embedding(rows, width, *options, dtype=getattr(torch, dtype))
    ours = Embedding(rows, width, *options, dtype=dtype)
    ours.load_state_dict({k: v.numpy() for k, v in theirs.state_dict().items()})
    ids = rng.integers(0, rows, shape)
    y, z = ours(ids), theirs(torch.tensor(ids))
    compare("Embedding", dtype, y.data, z)
    dy = rng.normal(size=y.shape).astype(dtype)
    y.backward(dy)
    z.backward(torch.tensor(dy))
    compare("Embedding", dtype, ours.weight.grad, theirs.weight.grad, True)  # type: ignore[arg-type]
    compare("Embedding table", dtype, ours.weight.data, theirs.weight)


@st.composite
def bags(draw: Any) -> dict[str, Any]:
    """Return ids and offsets of a few bags: as rows, or in one line with empty bags in it."""
    rows = draw(st.integers(1, 9))
    if draw(st.booleans()):
        shape = (draw(st.integers(1, 4)), draw(st.integers(1, 5)))  # PyTorch refuses 0
        return {"rows": rows, "shape": shape, "offsets": None, "last": False}
    lengths = draw(st.lists(st.integers(0, 4), min_size=1, max_size=5))
    last = draw(st.booleans())
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    return {
        "rows": rows,
        "shape": (int(offsets[-1]),),
        "offsets": offsets if last else offsets[:-1],
        "last": last,
    }


@settings(deadline=None, max_examples=150)
@given(
    seed=SEEDS,
    dtype=DTYPES,
    case=bags(),
    width=st.integers(1, 6),
    mode=st.sampled_from(["sum", "mean", "max"]),
    weighted=st.booleans(),
    padding=st.one_of(st.none(), st.integers(-9, 8)),
    max_norm=st.one_of(st.none(), st.floats(0.2, 3)),
)
def test_embedding_bag(
    seed: int,
    dtype: str,
    case: dict[str, Any],
    width: int,
    mode: Any,
    weighted: bool,
    padding: int | None,
    max_norm: float | None,
) -> None:
    """All modes, offsets in both conventions, weights, padding, bounds; frequencies are below."""
    rng, rows = np.random.default_rng(seed), case["rows"]
    padding = None if padding is None else padding % rows - (rows if padding < 0 else 0)
    options = {
        "max_norm": max_norm,
        "mode": mode,
        "padding_idx": padding,
        "include_last_offset": case["last"],
    }
    theirs = torch.nn.EmbeddingBag(rows, width, **options, dtype=getattr(torch, dtype))
    ours = EmbeddingBag(rows, width, **options, dtype=dtype)
    ours.load_state_dict({k: v.numpy() for k, v in theirs.state_dict().items()})
    ids, offsets = rng.integers(0, rows, case["shape"]), case["offsets"]
    arguments: list[Any] = [ids, offsets]
    torches = [torch.tensor(ids), None if offsets is None else torch.tensor(offsets)]
    # Positive numbers, so that no sum is nothing but its rounding errors.
    scales = rng.uniform(0.5, 1.5, ids.shape).astype(dtype) if weighted and mode == "sum" else None
    if scales is not None:
        arguments.append(Tensor(scales, dtype, requires_grad=True))
        torches.append(torch.tensor(scales, requires_grad=True))
    y, z = ours(*arguments), theirs(*torches)
    compare(f"EmbeddingBag {mode}", dtype, y.data, z)
    dy = rng.uniform(0.5, 1.5, y.shape).astype(dtype)
    y.backward(dy)
    z.backward(torch.tensor(dy))
    name = f"EmbeddingBag {mode}"
    compare(name, dtype, ours.weight.grad, theirs.weight.grad, True)  # type: ignore[arg-type]
    if scales is not None:
        compare(name, dtype, arguments[2].grad, torches[2].grad, True)  # type: ignore[union-attr, arg-type]
    compare("EmbeddingBag table", dtype, ours.weight.data, theirs.weight)


@settings(deadline=None, max_examples=40)
@given(seed=SEEDS, dtype=DTYPES, mode=st.sampled_from(["sum", "mean"]))
def test_frequencies_in_a_bag(seed: int, dtype: str, mode: Any) -> None:
    """Against PyTorch's Embedding, summed: its EmbeddingBag takes the counts of other ids.

    For the i-th different id it looks up the count of the i-th of the sorted ids. The ids
    [[2, 1, 1]] give the row of id 2, there once, half its gradient.
    """
    rng = np.random.default_rng(seed)
    theirs = torch.nn.Embedding(5, 3, scale_grad_by_freq=True, dtype=getattr(torch, dtype))
    ours = EmbeddingBag(5, 3, mode=mode, scale_grad_by_freq=True, dtype=dtype)
    ours.load_state_dict({k: v.numpy() for k, v in theirs.state_dict().items()})
    ids = rng.integers(0, 5, (3, 4))
    y, z = ours(ids), getattr(theirs(torch.tensor(ids)), mode)(dim=1)
    dy = rng.uniform(0.5, 1.5, y.shape).astype(dtype)
    y.backward(dy)
    z.backward(torch.tensor(dy))
    compare("EmbeddingBag frequency", dtype, y.data, z)
    compare("EmbeddingBag frequency", dtype, ours.weight.grad, theirs.weight.grad, True)  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", ["mean", "max"])
def test_from_pretrained(mode: Any) -> None:
    table = np.random.default_rng(0).normal(size=(7, 4)).astype(np.float32)
    ids = np.array([[0, 6, 2], [3, 3, 1]])
    for ours, theirs in (
        (
            Embedding.from_pretrained(table, True, 2),
            torch.nn.Embedding.from_pretrained(torch.tensor(table), True, 2),
        ),
        (
            EmbeddingBag.from_pretrained(table, mode=mode, padding_idx=2),
            torch.nn.EmbeddingBag.from_pretrained(torch.tensor(table), mode=mode, padding_idx=2),
        ),
    ):
        assert isinstance(ours, Embedding | EmbeddingBag)
        assert ours.weight.requires_grad == theirs.weight.requires_grad
        compare("from_pretrained", "float32", ours(ids).data, theirs(torch.tensor(ids)))


def test_a_file_saved_from_pytorch_loads(tmp_path: Any) -> None:
    theirs = torch.nn.ModuleDict(
        {"words": torch.nn.Embedding(5, 3, 1), "bags": torch.nn.EmbeddingBag(6, 2)}
    )
    save_file(theirs.state_dict(), str(tmp_path / "tables.safetensors"))
    arrays = load_tensors(tmp_path / "tables.safetensors")
    words, pooled = Embedding(5, 3, padding_idx=1), EmbeddingBag(6, 2)
    words.load_state_dict({"weight": arrays["words.weight"]})
    pooled.load_state_dict({"weight": arrays["bags.weight"]})
    ids = torch.tensor([[0, 1, 4]])
    assert np.array_equal(words(ids.numpy()).data, theirs["words"](ids).detach().numpy())
    compare("loaded bag", "float32", pooled(ids.numpy()).data, theirs["bags"](ids))


@settings(deadline=None, max_examples=60)
@given(
    seed=SEEDS,
    dtype=DTYPES,
    half=st.integers(1, 8),
    offset=st.integers(0, 50),
    base=st.floats(5, 1e5),
    interleaved=st.booleans(),
)
def test_rotary(
    seed: int, dtype: str, half: int, offset: int, base: float, interleaved: bool
) -> None:
    """Complex multiplication in PyTorch, and its gradient by PyTorch's differentiation."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(2, 3, 5, 2 * half)).astype(dtype)
    layer = RotaryEmbedding(2 * half, 64, base, interleaved, dtype=dtype)
    leaf = Tensor(x, dtype, requires_grad=True)
    y = layer(leaf, offset)
    tensor = torch.tensor(x, requires_grad=True)
    t = tensor.double()
    if interleaved:
        pairs = torch.view_as_complex(t.unflatten(-1, (half, 2)))
    else:
        pairs = torch.complex(t[..., :half], t[..., half:])
    places = torch.arange(offset, offset + 5, dtype=torch.float64)
    speeds = torch.exp(-math.log(base) * torch.arange(half, dtype=torch.float64) / half)
    turned = pairs * torch.polar(torch.ones(5, half).double(), torch.outer(places, speeds))
    if interleaved:
        z = torch.view_as_real(turned).flatten(-2)
    else:
        z = torch.cat([turned.real, turned.imag], -1)
    z = z.to(getattr(torch, dtype))
    compare("RotaryEmbedding", dtype, y.data, z)
    dy = rng.normal(size=x.shape).astype(dtype)
    y.backward(dy)
    z.backward(torch.tensor(dy))
    compare("RotaryEmbedding", dtype, leaf.grad, tensor.grad, True)  # type: ignore[arg-type]


@pytest.mark.parametrize("heads", [1, 2, 6, 8, 12])
def test_alibi_in_attention(heads: int) -> None:
    """As PyTorch's additive mask it gives the softmax of scores − slope · distance."""
    bias = alibi_bias(heads, 4, 7, dtype="float64")
    rng = np.random.default_rng(heads)
    q, k, v = (torch.tensor(rng.normal(size=(1, heads, n, 5))) for n in (4, 7, 7))
    theirs = F.scaled_dot_product_attention(q, k, v, attn_mask=torch.tensor(bias))
    power = 2 ** math.floor(math.log2(heads))
    slopes = [2 ** (-8 * (h + 1) / power) for h in range(power)]
    slopes += [2 ** (-8 * (2 * h + 1) / (2 * power)) for h in range(heads - power)]
    for h in range(heads):
        for i in range(4):
            place = i + 3  # the queries are the last 4 of 7 places
            scores = [
                float(q[0, h, i] @ k[0, h, j]) / math.sqrt(5) - slopes[h] * abs(place - j)
                for j in range(7)
            ]
            weights = np.exp(np.array(scores) - max(scores))
            expected = (weights / weights.sum()) @ v[0, h].numpy()
            assert relative_error(theirs[0, h, i].numpy(), expected) < 1e-12


@settings(deadline=None, max_examples=30)
@given(seed=SEEDS, features=st.integers(2, 33), period=st.floats(10, 1e5))
def test_timestep_embedding(seed: int, features: int, period: float) -> None:
    """The lines that public diffusion models use, in float64."""
    t = torch.tensor(np.random.default_rng(seed).uniform(0, 1000, 6))
    half = features // 2
    speeds = torch.exp(-math.log(period) * torch.arange(half, dtype=torch.float64) / half)
    angles = t[:, None] * speeds[None]
    expected = torch.cat([torch.cos(angles), torch.sin(angles)], dim=-1)
    if features % 2:
        expected = torch.cat([expected, torch.zeros_like(expected[:, :1])], dim=-1)
    mine = timestep_embedding(Tensor(t.numpy(), "float64"), features, period)
    assert relative_error(mine.data, expected.numpy()) < 1e-10  # exp(−ln m · x) and m⁻ˣ


@pytest.mark.parametrize("features", [1, 4, 7])
def test_sinusoidal_positions(features: int) -> None:
    """Through the layer, in float64, against PyTorch's sines and powers."""
    layer = PositionalEncoding(features, 40, dtype="float64")
    mine = layer(Tensor(np.zeros((1, 40, features)), "float64")).data[0]
    places = torch.arange(40, dtype=torch.float64)[:, None]
    pair = torch.arange(features) // 2
    angles = places / 10_000.0 ** (2 * pair / features)
    expected = torch.where(torch.arange(features) % 2 == 0, torch.sin(angles), torch.cos(angles))
    np.testing.assert_allclose(mine, expected.numpy(), rtol=0, atol=1e-6)  # float32 exponents


def test_modulate() -> None:
    """The line of the DiT paper's code."""
    rng = np.random.default_rng(0)
    x, shift, scale = (rng.normal(size=s) for s in ((2, 5, 4), (2, 4), (2, 4)))
    theirs = torch.tensor(x) * (1 + torch.tensor(scale)[:, None]) + torch.tensor(shift)[:, None]
    mine = modulate(*(Tensor(a, "float64") for a in (x, shift, scale)))
    compare("modulate", "float64", mine.data, theirs)
