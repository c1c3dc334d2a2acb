"""Operations and optimizers that no training step of `rows.py` has, or in which they are lost.

Each row of `ALONE` has a name and a builder of a step without arguments: forward and backward of
one operation, or the step of one optimizer, at a size that users meet.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import neural_net_core as nn
import neural_net_layers as layers
import neural_net_optim as optim

Step = Callable[[], object]


@dataclass(frozen=True)
class Single:
    """One line of the table: whose forms are compared, at what size, and how to build the step."""

    idea: str
    size: str
    build: Callable[[], Step]

    @property
    def name(self) -> str:
        return f"{self.idea}, {self.size}"


def _normal(*shape):
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def _both_ways(function, x, *parameters):
    """Return a step: the function of x, and its gradient in x and the parameters."""
    x = nn.Tensor(x, requires_grad=x.dtype.kind == "f")
    leaves = [x, *parameters]
    dy = np.random.default_rng(1).normal(size=function(x).shape).astype(np.float32)

    def step():
        function(x).backward(dy)
        for leaf in leaves:
            leaf.grad = None

    return step


def _layer(layer, x):
    return _both_ways(layer, x, *layer.parameters())


def _conv_transpose2d():
    layer = layers.ConvTranspose2D(32, 16, 3, stride=2, padding=1, output_padding=1)
    return _layer(layer, _normal(32, 32, 14, 14))


def _adaptive_max_pool2d(shape, size):
    return _both_ways(lambda x: layers.adaptive_max_pool2d(x, size), _normal(*shape))


def _blocked_attention(*shape):
    def attention(x):
        return layers.scaled_dot_product_attention(x, x, x, causal=True, blocked=True)

    return _both_ways(attention, _normal(*shape))


def _paper_gru(steps, batch, width):
    layer = layers.GRU(width, width, reset_after=False)
    return _both_ways(lambda x: layer(x)[0], _normal(batch, steps, width), *layer.parameters())


def _lstm_cell(batch, width):
    cell, x = layers.LSTMCell(width, width), _normal(batch, width)
    state = (x, x)

    def step():
        with nn.no_grad():
            cell(x, state)

    return step


def _multiply(factor):
    return _both_ways(lambda x: x * factor, _normal(16, 64, 384))


def _getitem(index):
    return _both_ways(lambda x: x[index], _normal(32, 50, 64))


def _index_add(nodes, edges, width):
    targets = np.random.default_rng(0).integers(0, nodes, edges)
    zeros = np.zeros((nodes, width), np.float32)
    return _both_ways(lambda s: nn.ops.index_add(zeros, targets, s), _normal(edges, width))


def _repeat_interleave(shape, repeats, axis):
    return _both_ways(lambda x: nn.ops.repeat_interleave(x, repeats, axis), _normal(*shape))


def _topk(shape, k):
    return _both_ways(lambda x: nn.ops.topk(x, k)[0], _normal(*shape))


def _erf(dtype):
    x = nn.Tensor(_normal(1_000_000), dtype, requires_grad=True)
    dy = _normal(1_000_000).astype(dtype)

    def step():
        nn.ops.erf(x).backward(dy)
        x.grad = None

    return step


def _running(name, shape, axis):
    function = getattr(nn.ops, name)
    return _both_ways(lambda x: function(x, axis), 1 + 0.001 * _normal(*shape))


def _over_last_axis(name, shape):
    return _both_ways(lambda x: getattr(x, name)(-1), _normal(*shape))


def _bordered(mode):
    widths = [(0, 0), (0, 0), (2, 2), (2, 2)]
    return _both_ways(lambda x: nn.ops.pad(x, widths, mode=mode), _normal(32, 32, 28, 28))


def _embedding_bag(mode):
    ids = np.random.default_rng(0).integers(0, 5000, (512, 32))
    return _layer(layers.EmbeddingBag(5000, 64, mode=mode), ids)


def _optimizer(kind, options, shapes):
    parameters = [nn.Parameter(_normal(*shape)) for shape in shapes]
    for p in parameters:
        p.grad = np.full_like(p.data, 0.1)
    return getattr(optim, kind)(parameters, **options).step


MILLION = [(100_000,)] * 10
MLP = [(128, 64), (128,), (10, 128), (10,)]

OPTIMIZERS: dict[str, dict] = {
    "SGD": {"lr": 1e-3, "momentum": 0.9},
    "Adam": {},
    "AdamW": {},
    "NAdam": {},
    "RAdam": {},
    "Adamax": {},
    "Adagrad": {},
    "Adadelta": {},
    "RMSprop": {},
    "Lion": {},
}

ALONE = [
    Single("ConvTranspose2DOp", "32 to 16 channels, 14x14 to 28x28, batch 32", _conv_transpose2d),
    Single(
        "AdaptiveMaxPool2DOp",
        "30x30 to 7x7, 32 channels, batch 16",
        lambda: _adaptive_max_pool2d((16, 32, 30, 30), 7),
    ),
    Single(
        "BlockedAttentionOp",
        "causal, T 1,024, 4 heads, d 64",
        lambda: _blocked_attention(1, 4, 1024, 64),
    ),
    Single(
        "BlockedAttentionOp",
        "causal, T 512, batch 16, 8 heads, d 32",
        lambda: _blocked_attention(16, 8, 512, 32),
    ),
    Single("LSTMCellOp", "batch 1, width 64", lambda: _lstm_cell(1, 64)),
    Single("PaperGRUOp", "7 steps, batch 16, width 16", lambda: _paper_gru(7, 16, 16)),
    Single("PaperGRUOp", "50 steps, batch 32, width 64", lambda: _paper_gru(50, 32, 64)),
    Single("MultiplyOp", "(16, 64, 384) by a number", lambda: _multiply(0.125)),
    Single("MultiplyOp", "by a mask of its shape", lambda: _multiply(_normal(16, 64, 384))),
    Single("GetItemOp", "x[:, -1] of (32, 50, 64)", lambda: _getitem(np.s_[:, -1])),
    Single("GetItemOp", "x[:, 10:40] of (32, 50, 64)", lambda: _getitem(np.s_[:, 10:40])),
    Single("IndexAddOp", "10,000 edges to 1,000 nodes, d 64", lambda: _index_add(1000, 10_000, 64)),
    Single(
        "RepeatInterleaveOp",
        "rows of 16 x 32 images 14x14, twice",
        lambda: _repeat_interleave((32, 16, 14, 14), 2, -1),
    ),
    Single("TopKOp", "50 of V 50,257, batch 32", lambda: _topk((32, 50_257), 50)),
    Single("TopKOp", "2 of 64, 1,024 lines", lambda: _topk((1024, 64), 2)),
    Single("CumProdOp", "a line of 100,000", lambda: _running("cumprod", (100_000,), 0)),
    Single("CumProdOp", "64 lines of 1,000", lambda: _running("cumprod", (64, 1000), 1)),
    Single("CumProdOp", "(32, 200, 64) over axis 1", lambda: _running("cumprod", (32, 200, 64), 1)),
    Single("LogCumSumExpOp", "a line of 100,000", lambda: _running("logcumsumexp", (100_000,), 0)),
    *(
        Single(
            "PadFromInputOp",
            f"{mode}, 2 around (32, 32, 28, 28)",
            lambda mode=mode: _bordered(mode),
        )
        for mode in ("reflect", "edge")
    ),
    Single("MaxOp", "lines of 3, 100,000", lambda: _over_last_axis("max", (100_000, 3))),
    Single("MinOp", "lines of 10, 10,000", lambda: _over_last_axis("min", (10_000, 10))),
    *(
        Single("ErfOp", f"a million {dtype} numbers", lambda dtype=dtype: _erf(dtype))
        for dtype in ("float32", "float64")
    ),
    *(
        Single(
            "EmbeddingBagOp",
            f"{mode}, V 5,000 d 64, 512 bags of 32",
            lambda mode=mode: _embedding_bag(mode),
        )
        for mode in ("mean", "sum", "max")
    ),
    Single("RMSNormOp", "1,024 x 384", lambda: _layer(layers.RMSNorm(384), _normal(16, 64, 384))),
    Single(
        "GroupNormOp",
        "8 groups of 64 channels, 32x32, batch 32",
        lambda: _layer(layers.GroupNorm(8, 64), _normal(32, 64, 32, 32)),
    ),
    *(
        Single(
            kind,
            f"{'momentum, ' * ('momentum' in options)}{size}",
            lambda kind=kind, options=options, shapes=shapes: _optimizer(kind, options, shapes),
        )
        for kind, options in OPTIMIZERS.items()
        for size, shapes in (("a million parameters", MILLION), ("MLP 64-128-10", MLP))
    ),
]
