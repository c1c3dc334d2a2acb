"""Models of every kind that are exported and run elsewhere; shared with the parity tests."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from onnx_models import Cells, Classifier, LanguageModel, LastOfEach, LlamaBlock, PadIsZero

from neural_net_core import (
    CELU,
    ELU,
    GELU,
    GLU,
    SELU,
    Dense,
    Flatten,
    Hardshrink,
    Hardsigmoid,
    Hardswish,
    Hardtanh,
    Identity,
    LeakyReLU,
    LogSigmoid,
    LogSoftmax,
    Mish,
    Module,
    PReLU,
    ReLU,
    ReLU6,
    Sequential,
    Sigmoid,
    SiLU,
    Softmax,
    Softmin,
    Softplus,
    Softshrink,
    Softsign,
    Swish,
    Tanh,
    Tensor,
    Threshold,
    cosine_similarity,
    functional_call,
    linalg,
    normalize,
    ops,
    pairwise_distance,
    recompute,
    swiglu,
)
from neural_net_layers import (
    GRU,
    LSTM,
    AdaptiveAvgPool1D,
    AdaptiveAvgPool2D,
    AdaptiveLayerNorm,
    AdaptiveMaxPool1D,
    AdaptiveMaxPool2D,
    AvgPool1D,
    AvgPool2D,
    BatchNorm1D,
    BatchNorm2D,
    CircularPad2D,
    ConstantPad1D,
    Conv1D,
    Conv2D,
    ConvTranspose1D,
    ConvTranspose2D,
    Dropout,
    EmbeddingBag,
    Fold,
    GlobalAvgPool1D,
    GlobalAvgPool2D,
    GlobalMaxPool1D,
    GlobalMaxPool2D,
    GroupNorm,
    InstanceNorm1D,
    InstanceNorm2D,
    MaxPool1D,
    MaxPool2D,
    MaxUnpool2D,
    MultiHeadAttention,
    PixelShuffle,
    PixelUnshuffle,
    ReflectionPad2D,
    ReplicationPad1D,
    RMSNorm,
    SelfAttention,
    TimestepEmbedding,
    Transformer,
    TransformerDecoder,
    TransformerEncoder,
    Unfold,
    Upsample,
    VanillaRNN,
    ZeroPad2D,
    causal_keep,
    scaled_dot_product_attention,
    spectral_norm,
    weight_norm,
)

RNG = np.random.default_rng(0)
Make = Callable[[np.random.Generator, int, int], Any]


@dataclass
class Case:
    """A model and what it is called with, for a batch size and a length.

    `inputs` and `keywords` make the arrays, `options` go to `to_onnx`. `alike` is the largest
    difference, relative to the largest number; `reference` tells whether the package onnx can run
    the file itself: it has not all options of the recurrences.
    """

    model: Module
    inputs: tuple[Make, ...]
    keywords: dict[str, Make] = field(default_factory=dict)
    alike: float = 1e-5
    reference: bool = True
    options: dict[str, Any] = field(default_factory=dict)

    def made(self, seed: int, batch: int, length: int) -> tuple[list[Any], dict[str, Any]]:
        """Arrays for the inputs and the keywords."""
        rng = np.random.default_rng(seed)
        inputs = [make(rng, batch, length) for make in self.inputs]
        return inputs, {name: make(rng, batch, length) for name, make in self.keywords.items()}

    def results(self, inputs: list[Any], keywords: dict[str, Any]) -> list[Any]:
        """What the model itself makes of them."""
        given = [Tensor(x) if x.dtype.kind == "f" else x for x in inputs]
        return list(leaves(self.model(*given, **keywords)))


def leaves(result: Any) -> Iterator[Any]:
    """The arrays of a result, from tuples and dicts."""
    if isinstance(result, Tensor):
        yield result.data
    elif isinstance(result, dict):
        yield from leaves(tuple(result.values()))
    else:
        for part in result:
            yield from leaves(part)


class Function(Module):
    """A function of modules and inputs as a module."""

    def __init__(self, function: Callable[..., Any], *parts: Any) -> None:
        self.function = function
        self.parts = list(parts)

    def forward(self, *inputs: Any, **keywords: Any) -> Any:
        return self.function(*self.parts, *inputs, **keywords)


def at(shape: tuple[Any, ...], batch: int, length: int) -> list[int]:
    return [{"B": batch, "T": length}.get(n, n) for n in shape]


def numbers(*shape: Any) -> Make:
    """Floats in a shape in which "B" and "T" are the batch size and the length."""
    return lambda rng, batch, length: rng.normal(size=at(shape, batch, length)).astype(np.float32)


def ids(most: int, *shape: Any) -> Make:
    return lambda rng, batch, length: rng.integers(most, size=at(shape, batch, length))


def lengths(rng: np.random.Generator, batch: int, length: int) -> Any:
    return rng.integers(0, length + 1, batch)


def from_one(rng: np.random.Generator, batch: int, length: int) -> Any:
    return rng.integers(1, length + 1, batch)


def tokens(rng: np.random.Generator, batch: int, length: int) -> Any:
    """Which positions hold a token, at least one in each sequence."""
    return np.arange(length) < from_one(rng, batch, length)[:, None]


def padded(rng: np.random.Generator, batch: int, length: int) -> Any:
    """Ids of which 0 is padding, but never the first."""
    drawn = rng.integers(11, size=(batch, length))
    drawn[:, 0] = 3
    return drawn


def offsets(rng: np.random.Generator, batch: int, length: int) -> Any:
    """Where bags begin, some of which may be empty."""
    return np.append(0, np.sort(rng.integers(length + 1, size=batch - 1)))


X = (numbers("B", 6),)
IMAGES = (numbers("B", 4, 9, 8),)
SEQUENCES = (numbers("B", "T", 6),)
IDS = (ids(11, "B", "T"),)

ACTIVATIONS: dict[str, Module] = {
    "relu": ReLU(),
    "relu6": ReLU6(),
    "leaky relu": LeakyReLU(0.2),
    "prelu": PReLU(),
    "prelu of channels": PReLU(8),
    "elu": ELU(0.7),
    "selu": SELU(),
    "gelu": GELU(),
    "gelu tanh": GELU("tanh"),
    "silu": SiLU(),
    "swish": Swish(1.3),
    "mish": Mish(),
    "softplus": Softplus(),
    "softplus with options": Softplus(2.0, 1.0),
    "softsign": Softsign(),
    "sigmoid": Sigmoid(),
    "hardsigmoid": Hardsigmoid(),
    "hardswish": Hardswish(),
    "hardtanh": Hardtanh(-0.5, 0.8),
    "tanh": Tanh(),
    "logsigmoid": LogSigmoid(),
    "softmax": Softmax(),
    "softmax of columns": Softmax(axis=0),
    "log softmax": LogSoftmax(),
    "glu": GLU(),
    "swiglu": Function(swiglu),
    "identity": Identity(),
    "celu": CELU(0.7),
    "hardshrink": Hardshrink(0.3),
    "softshrink": Softshrink(0.3),
    "threshold": Threshold(0.2, -1.0),
    "softmin": Softmin(),
}


def mlp(activation: Module, halves: bool) -> Module:
    hidden = 4 if halves else 8
    return Sequential(Dense(6, 8, rng=RNG), activation, Dense(hidden, 3, rng=RNG))


CONVOLUTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "with strides": {"stride": (2, 3)},
    "of the same size, dilated": {"padding": "same", "dilation": 2},
    "padded unevenly": {"padding": ((1, 2), (0, 3))},
    "in groups": {"groups": 2},
    "depthwise without bias": {"groups": 4, "bias": False},
    "reflecting": {"padding": 2, "padding_mode": "reflect"},
    "replicating": {"padding": (1, 2), "padding_mode": "replicate"},
    "circular": {"padding": 1, "padding_mode": "circular"},
}
POOLINGS: dict[str, Module] = {
    "max": MaxPool2D(2),
    "max with all options": MaxPool2D((3, 2), (2, 1), (1, 0), dilation=2),
    "max, rounded up": MaxPool2D(3, 2, 1, ceil_mode=True),
    "average": AvgPool2D(2),
    "average without border": AvgPool2D(3, 2, 1, count_include_pad=False),
    "average, rounded up": AvgPool2D((3, 2), 2, 1, ceil_mode=True),
    "average with divisor": AvgPool2D(2, divisor_override=3),
    "adaptive": AdaptiveAvgPool2D((3, 4)),
    "adaptive, uneven": AdaptiveAvgPool2D((4, None)),
    "adaptive max": AdaptiveMaxPool2D((3, 4)),
    "adaptive max, uneven": AdaptiveMaxPool2D((4, None)),
    "global": GlobalAvgPool2D(),
    "global max": GlobalMaxPool2D(),
    "shuffled pixels": PixelShuffle(2),
    "pixels as channels": Sequential(Upsample(size=(9, 6)), PixelUnshuffle(3)),
    "nearest": Upsample(scale_factor=(2, 3)),
    "nearest, uneven": Upsample(size=(13, 11)),
    "bilinear": Upsample(scale_factor=1.5, mode="bilinear"),
    "bilinear, corners aligned": Upsample(size=(5, 16), mode="bilinear", align_corners=True),
}
TRANSPOSED: dict[str, dict[str, Any]] = {
    "plain": {},
    "with strides": {"stride": (2, 3), "padding": 1, "output_padding": 1},
    "in groups": {"groups": 2, "dilation": 2, "bias": False},
    "beyond its reach": {"stride": 1, "dilation": 3, "output_padding": 2, "padding": (1, 0)},
}


BORDERS: dict[str, Module] = {
    "of zeros": ZeroPad2D((1, 0, 2, 3)),
    "of zeros, partly taken away": ZeroPad2D((1, -2, 0, -1)),
    "that reflects": ReflectionPad2D((1, 3, 0, 2)),
    "of the other end": CircularPad2D((1, -1, 9, 2)),
}


POOLINGS_OF_LINES: dict[str, Module] = {
    "adaptive": AdaptiveAvgPool1D(8),
    "adaptive, uneven": AdaptiveAvgPool1D(5),
    "adaptive max": AdaptiveMaxPool1D(8),
    "adaptive max, uneven": AdaptiveMaxPool1D(5),
    "global": GlobalAvgPool1D(),
    "global max": GlobalMaxPool1D(keepdims=True),
}


def batch_norm(channels: int) -> BatchNorm2D:
    norm = BatchNorm2D(channels)
    norm.running_mean.data[...] = RNG.normal(size=channels)
    norm.running_var.data[...] = RNG.random(channels) + 0.5
    return norm


def images() -> dict[str, Case]:
    cnn = [Conv2D(4, 8, 3, padding=1, rng=RNG), batch_norm(8), ReLU(), MaxPool2D(2), Flatten()]
    any_size = [Conv2D(4, 4, 3, padding=1, rng=RNG), AvgPool2D(2), GroupNorm(2, 4)]
    lines = [Conv1D(6, 4, 3, stride=2, padding=1, rng=RNG), MaxPool1D(2), AvgPool1D(2, 1)]
    return {
        "cnn": Case(Sequential(*cnn, Dense(128, 5, rng=RNG)), IMAGES),
        "images of any size": Case(
            Sequential(*any_size, GlobalAvgPool2D()),
            (numbers("B", 4, "T", "T"),),
            options={"dynamic": {"x": {0: "batch", 2: "height", 3: "width"}}},
        ),
        "lines": Case(Sequential(*lines), (numbers("B", 6, 16),)),
        "windows as columns": Case(Unfold((2, 3), (2, 1), (1, 0), (1, 2)), IMAGES),
        "windows of images of any size": Case(
            Unfold(3, padding=1),
            (numbers("B", 4, "T", "T"),),
            options={"dynamic": {"x": {0: "batch", 2: "height", 3: "width"}}},
        ),
        "columns as images": Case(Fold((6, 5), (2, 3), (2, 1), (1, 0), 2), (numbers("B", 12, 6),)),
        "maxima back to their places": Case(
            MaxUnpool2D(2),
            (
                numbers("B", 2, 1, 3),
                lambda rng, b, t: rng.permuted(np.tile(np.arange(12), (b, 2, 1)), axis=-1)[
                    :, :, None, :3
                ],
            ),
        ),
        "batch norm 1d": Case(BatchNorm1D(6), X),
        "batch norm 2d": Case(batch_norm(4), IMAGES),
        "batch norm without averages": Case(BatchNorm2D(4, track_running_stats=False), IMAGES),
        "group norm": Case(GroupNorm(2, 4), IMAGES),
        "instance norm 1d": Case(InstanceNorm1D(6, affine=True), (numbers("B", 6, 16),)),
        "instance norm": Case(InstanceNorm2D(4, affine=True), IMAGES),
    }


def recurrences() -> Iterator[tuple[str, Case]]:
    for name, kind in {
        "rnn": VanillaRNN,
        "lstm": LSTM,
        "gru": GRU,
        "paper gru": partial(GRU, reset_after=False),
        "projected lstm": partial(LSTM, proj_size=3),
    }.items():
        deep = kind(6, 5, num_layers=3, bidirectional=True, rng=RNG)
        bare = kind(6, 5, num_layers=2, batch_first=False, bias=False, rng=RNG)
        yield name, Case(kind(6, 5, rng=RNG), SEQUENCES)
        yield f"{name}, deep and both ways", Case(deep, SEQUENCES, reference=False)
        yield f"{name}, time first", Case(bare, (numbers("T", "B", 6),))
        yield f"{name}, one sequence", Case(kind(6, 5, rng=RNG), (numbers("T", 6),))
        both = kind(6, 5, bidirectional=True, rng=RNG)
        yield (
            f"{name} with lengths",
            Case(both, SEQUENCES, {"lengths": lengths}, reference=False),
        )
    state = numbers(2, "B", 5)
    relu = VanillaRNN(6, 5, nonlinearity="relu", rng=RNG)
    yield "rnn with relu", Case(relu, SEQUENCES, reference=False)
    yield "gru with a state", Case(GRU(6, 5, num_layers=2, rng=RNG), (*SEQUENCES, state))
    yield (
        "lstm with states and lengths",
        Case(
            Function(
                lambda lstm, x, h, c, lengths: lstm(x, (h, c), lengths),
                LSTM(6, 5, num_layers=2, rng=RNG),
            ),
            (*SEQUENCES, state, state),
            {"lengths": lengths},
            reference=False,
            options={"names": ["x", "h", "c", "lengths"]},
        ),
    )
    yield "last of each", Case(LastOfEach(), SEQUENCES, {"lengths": from_one}, reference=False)
    yield "cells", Case(Cells(), (numbers("B", 6), numbers("B", 5)))


def transformers() -> dict[str, Case]:
    sequence = (numbers("B", "T", 16),)
    heads = numbers("B", 2, "T", 4)
    weighted = partial(scaled_dot_product_attention, need_weights=True, causal=True)
    return {
        "encoder on ids": Case(Classifier(RNG), IDS),
        "encoder on ids with a mask": Case(Classifier(RNG, True), IDS, {"key_keep": tokens}),
        "encoder that finds the padding": Case(PadIsZero(RNG), (padded,)),
        "causal transformer": Case(LanguageModel(RNG, 2), IDS),
        "causal transformer of 12 layers": Case(LanguageModel(RNG, 12), IDS, alike=1e-4),
        "rms norm, rotary, swiglu": Case(LlamaBlock(RNG), sequence),
        "rotary, interleaved": Case(LlamaBlock(RNG, interleaved=True), sequence),
        "decoder": Case(
            TransformerDecoder(2, 16, 4, 32, rng=RNG), (*sequence, numbers("B", 9, 16))
        ),
        "weights that are computed": Case(
            Sequential(
                spectral_norm(Dense(16, 8, rng=RNG), rng=RNG),
                Tanh(),
                weight_norm(Dense(8, 3, rng=RNG)),
            ),
            sequence,
        ),
        "transformer": Case(
            Transformer(16, 4, 1, 1, 32, rng=RNG),
            (numbers("B", 9, 16), *sequence),
            {"src_key_keep": lambda rng, b, t: tokens(rng, b, 9)},
        ),
        "heads of other sizes with norms": Case(
            TransformerEncoder(
                1, 16, 4, head_features=3, value_head_features=5, qk_norm=RMSNorm, rng=RNG
            ),
            sequence,
        ),
        "attention with both masks": Case(
            MultiHeadAttention(16, 4, rng=RNG),
            sequence,
            {"keep": lambda rng, b, t: rng.random((b, 1, t, t)) < 0.7, "key_keep": tokens},
        ),
        "self-attention with heads of other sizes": Case(
            SelfAttention(
                16,
                4,
                causal=True,
                num_kv_heads=2,
                head_features=3,
                value_head_features=5,
                out_bias=False,
                qk_norm=RMSNorm,
                rng=RNG,
            ),
            sequence,
        ),
        "attention with weights and a bias": Case(
            Function(weighted), (heads, heads, numbers("B", 2, "T", 3)), {"bias": numbers("T", "T")}
        ),
        "attention with a mask of its own": Case(
            Function(
                lambda attention, x: attention(x, keep=causal_keep(x.shape[1])),
                MultiHeadAttention(16, 4, rng=RNG),
            ),
            sequence,
        ),
        "attention in blocks": Case(
            Function(partial(scaled_dot_product_attention, blocked=True)),
            (heads, heads, heads),
            options={"dynamic": {f"input_{i}": {0: "batch", 2: "length"} for i in range(3)}},
        ),
        "rms norm without weights": Case(RMSNorm(16, elementwise_affine=False), sequence),
        "adaptive layer norm": Case(AdaptiveLayerNorm(16, 6), (*sequence, numbers("B", 6))),
        "time steps": Case(TimestepEmbedding(7), (ids(99, "B"),)),
    }


def embeddings() -> dict[str, Case]:
    frozen, shared = (Sequential(Dense(6, 6), Tanh(), Dense(6, 6)) for _ in range(2))
    frozen[0].weight.requires_grad = False
    shared[2].weight = shared[0].weight
    bag = partial(EmbeddingBag, 11, 4, rng=RNG)
    weights = {"per_sample_weights": numbers("B", "T")}
    return {
        "frozen": Case(frozen, X),
        "shared": Case(shared, X),
        "bags, sum": Case(bag(mode="sum"), IDS),
        "bags, mean": Case(bag(mode="mean", padding_idx=0), IDS),
        "bags, max": Case(bag(mode="max", padding_idx=0), IDS),
        "bags with weights": Case(bag(mode="sum", padding_idx=1), IDS, weights),
        "bags by offsets": Case(bag(mode="mean"), (ids(11, "T"), offsets)),
    }


FUNCTIONS: dict[str, Callable[[Tensor], Any]] = {
    "expm1": lambda x: (ops.expm1(x * 1e-3), ops.expm1(3 * x)),
    "log1p": lambda x: (ops.log1p(x * 1e-3), ops.log1p(x * x)),
    "powers": lambda x: ops.power(ops.absolute(x) + 0.5, x) + x**3 + (x * x + 1) ** -2,
    "arithmetic": lambda x: -(x - 1) / (x * x + 2) + ops.exp(ops.sign(x)),
    "roots": lambda x: ops.sqrt(ops.absolute(x)) + ops.log(x * x + 1),
    "waves": lambda x: ops.sin(x) + ops.cos(x),
    "extrema": lambda x: ops.maximum(x, 0.3) + ops.minimum(x, -x) + ops.clip(x, -0.5, 1.0),
    "where": lambda x: ops.where(np.arange(6) % 3 == 1, x, 2 * x),
    "casts": lambda x: (ops.cast(x, np.float64), ops.cast(x, np.float64) * x),
    "cumsum": lambda x: ops.cumsum(x, 0) + ops.cumsum(x, -1),
    "statistics": lambda x: (ops.var(x, 1, keepdims=True), ops.std(x, 1, ddof=1), ops.std(x)),
    "statistics over the batch": lambda x: (ops.var(x), ops.std(x, (0, 1), ddof=1)),
    "reductions": lambda x: (
        ops.sum(x, 1), ops.mean(x), ops.prod(x, -1), ops.max(x, 0), ops.min(x, (0, 1)),
    ),
    "norms": lambda x: (ops.norm(x, 1, keepdims=True), ops.logsumexp(x, 1)),
    "vectors": lambda x: (
        normalize(x), cosine_similarity(x, x * x), pairwise_distance(x, x * x, p=3.0),
    ),
    "products": lambda x: (x @ np.ones((6, 2)), ops.matmul(x[0], x.T), x @ x[0]),
    "einsum": lambda x: (ops.einsum("bi,bj->bij", x, x), ops.einsum("...i->...", x)),
    "determinants": lambda x: linalg.det(ops.einsum("bi,bj->bij", x, x) + np.eye(6)),
    "axes": lambda x: (
        x[:, None].swapaxes(0, 2), ops.moveaxis(x[None], -1, 0), x.T, ops.flip(x, 1),
    ),
    "shapes": lambda x: (
        x.reshape(x.shape[0], 2, 3),
        x.reshape(-1, 3),
        x.reshape(2 * x.shape[0], 3),
        x.reshape(1, 2 * x.shape[0], 3)[0],
        ops.broadcast_to(x[:, :1], x.shape),
        ops.broadcast_to(ops.expand_dims(x, (0, 3)), (2, *x.shape, 4)).sum(0),
        ops.squeeze(x[0, None, :, None]),
    ),
    "joining": lambda x: (
        ops.concatenate([x, x[:1]]),
        ops.stack([x, 2 * x], -1),
        *ops.split(x, 3, -1),
        *ops.split(x, [1, 4], 1),
        *ops.split(x, [1]),
        *ops.unstack(x, 1),
    ),
    "padding": lambda x: (
        ops.pad(x, ((0, 1), (2, 0)), value=3.0),
        ops.pad(x, ((0, 0), (2, 1)), mode="reflect"),
        ops.pad(x, ((0, 0), (2, 1)), mode="edge"),
        ops.pad(x, ((0, 0), (2, 1)), mode="wrap"),
    ),
    "indexing": lambda x: (
        x[0], x[-1, 2], x[..., -2:], x[1:, ::2], x[:, ::-1], x[::-1, 1:-1], x[:, :],
        x[: x.shape[0] - 1], x[:, None, 3], x[:, [0, 2, 2]], x[[0, -1], [2, -1]], x[-1, [1, 2]],
        x[:, None, [[0], [5]]], x[:, np.arange(6) % 2 == 1], x[:, None][:, 0, [1, 3]],
        x[:, :, None][:, [0, 1], 0], x[None, [[0], [-1]], [2, 3], None],
        ops.take_along_axis(x, np.array([[0, 3]]), 1),
    ),
    "rounding": lambda x: (
        ops.floor(3 * x), ops.ceil(3 * x), ops.round(np.arange(6) / 2 - 1.5 + 0 * x),
        ops.round_straight_through(3 * x), ops.erf(x),
    ),
    "angles": lambda x: (
        ops.arctan2(x, x[:, ::-1]),
        ops.arctan2(0 * x + [-1.0, 0, 1, -1, 0, 1], [-2.0, -2, -2, 0, 0, 0]),
    ),
    "running": lambda x: (
        ops.cumprod(x, 0), ops.cumprod(x, -1), ops.logcumsumexp(50 * x, 1), ops.logaddexp(x, -x),
    ),
    "order": lambda x: (
        *ops.sort(x, 0), *ops.sort(ops.round(2 * x), descending=True),
        *ops.topk(x, 2), ops.topk(x, 1, 0, largest=False)[0],
    ),
    "triangles": lambda x: (ops.tril(x, 1), ops.triu(x[None], -1), ops.outer(x[0], x[:, 0])),
    "copies": lambda x: (
        ops.tile(x, 2), ops.tile(x[0], (2, 3)), ops.tile(x[None], (2, 1)),
        ops.repeat_interleave(x, 3, 0), ops.repeat_interleave(x, 2),
        ops.repeat_interleave(x, [2, 0, 1, 1, 0, 3], 1),
        ops.roll(x, 1, 0), ops.roll(x, -2), ops.roll(x, (1, 9), (0, 1)),
    ),
    "scattering": lambda x: (
        ops.index_add(x, [1, -1, 1, 0], ops.stack([x[:, 0]] * 4, 1), 1),
        ops.scatter_add(x, [[1, 1, 2]], x[:, :3], 1),
        ops.put_along_axis(x, ops.sort(x, 1)[1][:, :2], 0.0, 1),
    ),
    "sizes as numbers": lambda x: x.sum(0) / x.shape[0] + x * float(x.shape[0]),
}  # fmt: skip

CASES: dict[str, Case] = {
    **{f"mlp with {name}": Case(mlp(a, "glu" in name), X) for name, a in ACTIVATIONS.items()},
    **{
        f"convolution {name}": Case(Conv2D(4, 4, 3, **options, rng=RNG), IMAGES)
        for name, options in CONVOLUTIONS.items()
    },
    **{
        f"transposed convolution {name}": Case(
            ConvTranspose2D(4, 6, 3, **options, rng=RNG), IMAGES, reference="groups" not in options
        )
        for name, options in TRANSPOSED.items()
    },
    "transposed convolution of sequences": Case(
        ConvTranspose1D(6, 4, 4, 3, 1, 2, rng=RNG), (numbers("B", 6, 16),)
    ),
    **{f"pooling {name}": Case(pooling, IMAGES) for name, pooling in POOLINGS.items()},
    **{
        f"pooling of lines, {name}": Case(pooling, (numbers("B", 6, 16),))
        for name, pooling in POOLINGS_OF_LINES.items()
    },
    **{f"border {name}": Case(border, IMAGES) for name, border in BORDERS.items()},
    "borders of lines": Case(
        Sequential(ConstantPad1D((1, 2), -3.5), ReplicationPad1D((2, 0))), (numbers("B", 6, 16),)
    ),
    **images(),
    **dict(recurrences()),
    **transformers(),
    **embeddings(),
    **{name: Case(Function(function), X) for name, function in FUNCTIONS.items()},
    "dropout in evaluation": Case(Sequential(Dense(6, 4, rng=RNG), Dropout(0.5)), X),
    "recomputed blocks": Case(Function(recompute, mlp(Tanh(), False)), X),
    "weights that are computed": Case(
        Function(
            lambda net, x: functional_call(net, {"0.weight": 2 * ops.sin(net[0].weight)}, x),
            mlp(Tanh(), False),
        ),
        X,
    ),
}
for case in CASES.values():
    case.model.eval()
