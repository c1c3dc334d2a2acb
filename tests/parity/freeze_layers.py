"""Rows of freeze.py for layers that PyTorch has as modules: what comes in, then all parameters.

Masks are recorded as this library has them, True where something may be seen, and turned here into
PyTorch's. Every module has numbers of its own, from a generator that no other row uses.
"""

import warnings
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 (PyTorch's habit)
from torch import nn
from torch.nn.utils import parametrizations
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

Row = tuple[Callable[..., Any], Sequence[Any]]

LENGTHS = np.array([2, 4, 3])
LONGEST = int(LENGTHS.max())
KEY_KEEP = np.array([[True, True, True, False], [True, True, False, False]])
KEEP = np.array([[True, False, True, True], [False, True, True, False], [True, True, True, True]])
CAUSAL = np.tri(3, dtype=bool)


def module_row(
    name: str,
    module: nn.Module,
    shapes: Sequence[tuple[int, ...]],
    call: Callable[..., Any],
    *others: Any,
) -> Row:
    """Return a row of a module.

    Args:
        name: The generator's seed.
        module: Its parameters are replaced by new numbers.
        shapes: Of the floating inputs.
        call: Called with the module, the floating inputs and the others.
        *others: Inputs without gradients: integers, masks.
    """
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    module.double()
    names = [name for name, _ in module.named_parameters()]
    arrays = [rng.normal(size=shape).round(3) for shape in shapes]
    parameters = [rng.normal(0, 0.6, p.shape).round(3) for p in module.parameters()]

    def run(*inputs: Any) -> Any:
        for name, parameter in zip(names, inputs[-len(names) :], strict=True):
            path, _, leaf = name.rpartition(".")
            owner = module.get_submodule(path)
            owner._parameters.pop(leaf, None)
            setattr(owner, leaf, parameter)  # recurrent layers also keep it in a list
        return call(module, *inputs[: -len(names)])

    return run, [*arrays, *others, *parameters]


def flat(y: Any, state: Any) -> list[Any]:
    """Return outputs and final states as one list."""
    return [y, *(state if isinstance(state, tuple) else (state,))]


def from_zero(module: Any, x: Any) -> list[Any]:
    return flat(*module(x))


def from_state(module: Any, x: Any, *state: Any) -> list[Any]:
    return flat(*module(x, state if len(state) > 1 else state[0]))


def with_lengths(module: Any, x: Any, *state_and_lengths: Any) -> list[Any]:
    *state, lengths = state_and_lengths
    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    y, last = module(packed, tuple(state) if len(state) > 1 else state[0])
    return flat(pad_packed_sequence(y, batch_first=True)[0], last)


def recurrent_rows() -> dict[str, Row]:
    """Return rows of layers and cells."""
    x, steps = (3, LONGEST, 2), {"batch_first": True}
    deep: dict[str, Any] = {**steps, "num_layers": 2, "bidirectional": True}
    h, deep_h = (1, 3, 3), (4, 3, 2)
    with_projection = nn.LSTM(2, 3, proj_size=2, bidirectional=True, **steps)
    rows: dict[str, tuple[nn.Module, Sequence[tuple[int, ...]], Callable[..., Any], Any]] = {
        "VanillaRNN tanh": (nn.RNN(2, 3, **steps), [x, h], from_state, []),
        "VanillaRNN relu": (nn.RNN(2, 3, nonlinearity="relu", **steps), [x], from_zero, []),
        "VanillaRNN deep": (nn.RNN(2, 2, **deep), [x, deep_h], with_lengths, [LENGTHS]),
        "VanillaRNN plain": (nn.RNN(2, 3, bias=False), [(3, 2, 2)], from_zero, []),
        "LSTM": (nn.LSTM(2, 3, **steps), [x, h, h], from_state, []),
        "LSTM plain": (nn.LSTM(2, 3, bias=False), [(3, 2, 2)], from_zero, []),
        "LSTM deep": (nn.LSTM(2, 2, **deep), [x, deep_h, deep_h], from_state, []),
        "LSTM lengths": (nn.LSTM(2, 3, **steps), [x, h, h], with_lengths, [LENGTHS]),
        "LSTM projected": (with_projection, [x, (2, 3, 2), (2, 3, 3)], with_lengths, [LENGTHS]),
        "GRU": (nn.GRU(2, 3, **steps), [x, h], from_state, []),
        "GRU plain": (nn.GRU(2, 3, bias=False), [(3, 2, 2)], from_zero, []),
        "GRU deep": (nn.GRU(2, 2, **deep), [x, deep_h], with_lengths, [LENGTHS]),
        "RNNCell tanh": (nn.RNNCell(2, 3), [(2, 2), (2, 3)], nn.Module.__call__, []),
        "RNNCell relu": (
            nn.RNNCell(2, 3, nonlinearity="relu"),
            [(2, 2), (2, 3)],
            nn.Module.__call__,
            [],
        ),
        "LSTMCell": (
            nn.LSTMCell(2, 3),
            [(2, 2), (2, 3), (2, 3)],
            lambda module, x, *state: module(x, state),
            [],
        ),
        "GRUCell": (nn.GRUCell(2, 3), [(2, 2), (2, 3)], nn.Module.__call__, []),
    }
    return {
        name: module_row(name, module, shapes, call, *others)
        for name, (module, shapes, call, others) in rows.items()
    }


def multi_head(features: int = 4, **options: Any) -> nn.Module:
    return nn.MultiheadAttention(features, 2, batch_first=True, **options)


def attention_rows() -> dict[str, Row]:
    """Return rows of attention and of the transformer's layers, D = 4, 2 heads."""
    to_itself, to_other = [(2, 4, 4)], [(2, 3, 4), (2, 4, 4), (2, 4, 4)]
    layers: dict[str, Any] = {"dim_feedforward": 5, "dropout": 0.0, "batch_first": True}

    def encoder(**options: Any) -> nn.Module:
        return nn.TransformerEncoderLayer(4, 2, **layers, **options)

    def decoder(**options: Any) -> nn.Module:
        return nn.TransformerDecoderLayer(4, 2, **layers, **options)

    def translate(module: Any, src: Any, tgt: Any, causal: Any, keep: Any) -> Any:
        padding = {"src_key_padding_mask": ~keep, "memory_key_padding_mask": ~keep}
        return module(src, tgt, tgt_mask=~causal, **padding)

    def encode(module: Any, x: Any, keep: Any) -> Any:
        return module(x, src_key_padding_mask=~keep)

    def decode(module: Any, x: Any, memory: Any, causal: Any, keep: Any) -> Any:
        return module(x, memory, tgt_mask=~causal, memory_key_padding_mask=~keep)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a fast path that padding would have
        whole = nn.Transformer(4, 2, 1, 1, norm_first=True, activation="gelu", **layers)
    rows: dict[str, Row] = {
        "MultiHeadAttention self": module_row(
            "self",
            multi_head(),
            to_itself,
            lambda attend, x: attend(x, x, x, average_attn_weights=False),
        ),
        "MultiHeadAttention self padded": module_row(
            "self padded",
            multi_head(bias=False),
            to_itself,
            lambda attend, x, keep: attend(x, x, x, ~keep, need_weights=False)[0],
            KEY_KEEP,
        ),
        "MultiHeadAttention cross": module_row(
            "cross",
            multi_head(),
            to_other,
            lambda attend, q, k, v, keep: attend(q, k, v, attn_mask=~keep),
            KEEP,
        ),
        "MultiHeadAttention other widths": module_row(
            "other widths",
            multi_head(kdim=3, vdim=2),
            [(2, 3, 4), (2, 4, 3), (2, 4, 2)],
            lambda attend, q, k, v: attend(q, k, v, need_weights=False)[0],
        ),
        "MultiHeadAttention bias": module_row(
            "bias",
            multi_head(),
            [*to_other, (3, 4)],
            lambda attend, q, k, v, bias: attend(q, k, v, attn_mask=bias, need_weights=False)[0],
        ),
        "TransformerEncoderLayer post-norm": module_row(
            "encoder post", encoder(), to_itself, encode, KEY_KEEP
        ),
        "TransformerEncoderLayer pre-norm": module_row(
            "encoder pre", encoder(norm_first=True, activation="gelu"), to_itself, encode, KEY_KEEP
        ),
        "TransformerDecoderLayer post-norm": module_row(
            "decoder post", decoder(), to_other[:2], decode, CAUSAL, KEY_KEEP
        ),
        "TransformerDecoderLayer pre-norm": module_row(
            "decoder pre",
            decoder(norm_first=True, activation="gelu"),
            to_other[:2],
            decode,
            CAUSAL,
            KEY_KEEP,
        ),
        # Norms of 4 features after every sum would make much of float32's roundings.
        "Transformer": module_row(
            "transformer pre",
            whole,
            to_other[1::-1],
            translate,
            CAUSAL,
            KEY_KEEP,
        ),
    }
    shapes = [(1, 2, 3, 2), (1, 2, 4, 2), (1, 2, 4, 3)]
    rng = np.random.default_rng(6)
    q, k, v = (rng.normal(size=shape).round(3) for shape in shapes)
    bias = rng.normal(size=(2, 3, 4)).round(3)
    product = F.scaled_dot_product_attention
    rows |= {
        "scaled_dot_product_attention": (product, [q, k, v]),
        "scaled_dot_product_attention causal": (
            lambda q, k, v: product(q, k, v, is_causal=True),
            [q, k, v],
        ),
        "scaled_dot_product_attention keep": (
            lambda q, k, v, keep: product(q, k, v, keep, scale=0.3),
            [q, k, v, KEEP],
        ),
        "scaled_dot_product_attention bias": (product, [q, k, v, bias]),
        "scaled_dot_product_attention shared": (
            lambda q, k, v: product(q, k, v, enable_gqa=True),
            [q, k[:, :1], v[:, :1]],
        ),
    }
    return rows


def embedding_rows() -> dict[str, Row]:
    """Return rows of tables; a table's rows are its parameter."""
    table = np.random.default_rng(7).normal(size=(5, 3)).round(3)
    bag = F.embedding_bag
    ids, starts = np.array([3, 0, 2, 2, 4, 1]), np.array([0, 2, 2])
    rows: dict[str, Row] = {
        "Embedding plain": (F.embedding, [np.array([[4, 1], [1, 0]]), table]),
        "EmbeddingBag sum offsets": (
            lambda ids, starts, w: bag(ids, w, starts, mode="sum"),
            [ids, starts, table],
        ),
        "EmbeddingBag mean offsets": (
            lambda ids, starts, w: bag(ids, w, starts, padding_idx=2),
            [ids, starts, table],
        ),
        "EmbeddingBag max offsets": (
            lambda ids, starts, w: bag(ids, w, starts, mode="max", padding_idx=2),
            [ids, starts, table],
        ),
        "EmbeddingBag weighted": (
            lambda ids, weights, w: bag(ids, w, mode="sum", per_sample_weights=weights),
            [np.array([[0, 2, 4], [0, 1, 1]]), np.array([[0.5, -1, 2], [1, 0.3, 0]]), table],
        ),
    }
    return rows


def parametrized_rows() -> dict[str, Row]:
    """Return rows of weight and spectral normalization, the latter with vectors that are given."""
    dense = parametrizations.spectral_norm(nn.Linear(3, 2)).eval()
    for name, values in (("_u", [0.6, 0.8]), ("_v", [2 / 3, 1 / 3, 2 / 3])):
        setattr(dense.parametrizations.weight[0], name, torch.tensor(values, dtype=torch.float64))
    modules = {
        "weight_norm Dense": (parametrizations.weight_norm(nn.Linear(3, 2)), (4, 3)),
        "weight_norm Conv2D": (
            parametrizations.weight_norm(nn.Conv2d(2, 3, 2), dim=1),
            (2, 2, 3, 3),
        ),
        "spectral_norm Dense": (dense, (4, 3)),
    }
    rows: dict[str, Row] = {}
    for name, (module, shape) in modules.items():
        rng = np.random.default_rng(zlib.crc32(name.encode()))
        module.double()
        names = [path for path, _ in module.named_parameters()]
        shapes = [shape, *(p.shape for p in module.parameters())]

        def run(x: Any, *values: Any, module: Any = module, names: Any = names) -> Any:
            return torch.func.functional_call(module, dict(zip(names, values, strict=True)), (x,))

        rows[name] = run, [rng.normal(size=each).round(3) for each in shapes]
    return rows


ROWS = recurrent_rows() | attention_rows() | embedding_rows() | parametrized_rows()
