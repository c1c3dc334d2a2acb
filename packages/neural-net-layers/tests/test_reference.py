"""Layers against PyTorch's recorded results, without PyTorch (see tests/parity/freeze.py)."""

import functools
from pathlib import Path

import numpy as np
import pytest

import neural_net_layers as layers
from neural_net_core import Buffer, Dense
from neural_net_core.testing.reference import check_case, load_cases

CASES = load_cases(Path(__file__).parent / "fixtures" / "pytorch.safetensors")


def part(module, name):
    """Return a part of a module by its name or, in a list or dict, by its number or key."""
    if isinstance(module, dict):
        return module[name]
    return module[int(name)] if name.isdigit() else getattr(module, name)


def spectral():
    """Return a dense layer whose singular vectors are those of the recorded case."""
    layer = layers.spectral_norm(Dense(3, 2)).eval()
    vectors = vars(layer.parametrizations["weight"])["0"]
    vectors._u, vectors._v = Buffer([0.6, 0.8], float), Buffer([2 / 3, 1 / 3, 2 / 3], float)
    return layer


def with_parameters(module, call):
    """Return a function of the inputs and of the module's parameters."""
    names = [name for name, _ in module.named_parameters()]

    def run(*arguments):
        first = len(arguments) - len(names)
        for name, parameter in zip(names, arguments[first:], strict=True):
            *path, leaf = name.split(".")
            vars(functools.reduce(part, path, module))[leaf] = parameter
        return call(module, *arguments[:first])

    return run


def plain(module, *inputs):
    return module(*inputs)


def recur(module, x, *state, lengths=None):
    """Return outputs and final states as one list."""
    start = state if len(state) > 1 else state[0] if state else None
    y, last = module(x, start, lengths=lengths)
    return [y, *(last if isinstance(last, tuple) else (last,))]


def recur_to_lengths(module, *inputs):
    return recur(module, *inputs[:-1], lengths=inputs[-1])


def padded(module, x, key_keep):
    return module(x, key_keep=key_keep)


def decode(module, x, memory, causal, keep):
    return module(x, memory, causal=False, keep=causal, memory_key_keep=keep)


def translate(module, src, tgt, causal, keep):
    return module(src, tgt, src_key_keep=keep, tgt_keep=causal, tgt_causal=False)


STEPS_FIRST = {"bias": False, "batch_first": False}
DEEP = {"num_layers": 2, "bidirectional": True}
POST = {"dropout": 0.0}
PRE = {"dropout": 0.0, "activation": "gelu", "norm_first": True}

MODULES = {
    "LayerNorm": lambda: layers.LayerNorm(4),
    "LayerNorm two axes": lambda: layers.LayerNorm((3, 4), eps=1e-3),
    "LayerNorm plain": lambda: layers.LayerNorm(4, elementwise_affine=False),
    "RMSNorm": lambda: layers.RMSNorm(4, eps=1e-6),
    "GroupNorm": lambda: layers.GroupNorm(2, 4),
    "BatchNorm1D training": lambda: layers.BatchNorm1D(3),
    "Embedding": lambda: layers.Embedding(5, 3, padding_idx=2),
    "Embedding frequency": lambda: layers.Embedding(5, 3, scale_grad_by_freq=True),
    "EmbeddingBag mean": lambda: layers.EmbeddingBag(5, 3, padding_idx=2),
    "EmbeddingBag max": lambda: layers.EmbeddingBag(5, 3, mode="max"),
    "VanillaRNN tanh": lambda: layers.VanillaRNN(2, 3),
    "VanillaRNN relu": lambda: layers.VanillaRNN(2, 3, nonlinearity="relu"),
    "VanillaRNN deep": lambda: layers.VanillaRNN(2, 2, **DEEP),
    "VanillaRNN plain": lambda: layers.VanillaRNN(2, 3, **STEPS_FIRST),
    "LSTM": lambda: layers.LSTM(2, 3),
    "LSTM plain": lambda: layers.LSTM(2, 3, **STEPS_FIRST),
    "LSTM deep": lambda: layers.LSTM(2, 2, **DEEP),
    "LSTM lengths": lambda: layers.LSTM(2, 3),
    "LSTM projected": lambda: layers.LSTM(2, 3, proj_size=2, bidirectional=True),
    "GRU": lambda: layers.GRU(2, 3),
    "GRU plain": lambda: layers.GRU(2, 3, **STEPS_FIRST),
    "GRU deep": lambda: layers.GRU(2, 2, **DEEP),
    "RNNCell tanh": lambda: layers.RNNCell(2, 3),
    "RNNCell relu": lambda: layers.RNNCell(2, 3, nonlinearity="relu"),
    "LSTMCell": lambda: layers.LSTMCell(2, 3),
    "GRUCell": lambda: layers.GRUCell(2, 3),
    "MultiHeadAttention self": lambda: layers.MultiHeadAttention(4, 2),
    "MultiHeadAttention self padded": lambda: layers.MultiHeadAttention(4, 2, bias=False),
    "MultiHeadAttention cross": lambda: layers.MultiHeadAttention(4, 2),
    "MultiHeadAttention other widths": lambda: layers.MultiHeadAttention(
        4, 2, key_features=3, value_features=2
    ),
    "MultiHeadAttention bias": lambda: layers.MultiHeadAttention(4, 2),
    "TransformerEncoderLayer post-norm": lambda: layers.TransformerEncoderLayer(4, 2, 5, **POST),
    "TransformerEncoderLayer pre-norm": lambda: layers.TransformerEncoderLayer(4, 2, 5, **PRE),
    "TransformerDecoderLayer post-norm": lambda: layers.TransformerDecoderLayer(4, 2, 5, **POST),
    "TransformerDecoderLayer pre-norm": lambda: layers.TransformerDecoderLayer(4, 2, 5, **PRE),
    "weight_norm Dense": lambda: layers.weight_norm(Dense(3, 2)),
    "weight_norm Conv2D": lambda: layers.weight_norm(layers.Conv2D(2, 3, 2), axis=1),
    "spectral_norm Dense": spectral,
    "Transformer": lambda: layers.Transformer(4, 2, 1, 1, 5, **PRE),
    "Embedding plain": lambda: layers.Embedding(5, 3),
    "EmbeddingBag sum offsets": lambda: layers.EmbeddingBag(5, 3, mode="sum"),
    "EmbeddingBag mean offsets": lambda: layers.EmbeddingBag(5, 3, padding_idx=2),
    "EmbeddingBag max offsets": lambda: layers.EmbeddingBag(5, 3, mode="max", padding_idx=2),
    "EmbeddingBag weighted": lambda: layers.EmbeddingBag(5, 3, mode="sum"),
}

MODULES |= {
    "Conv1D": lambda: layers.Conv1D(2, 3, 3),
    "Conv1D strided": lambda: layers.Conv1D(2, 3, 3, stride=2, padding=2),
    "Conv1D grouped": lambda: layers.Conv1D(2, 4, 2, dilation=3, groups=2, bias=False),
    "Conv1D circular": lambda: layers.Conv1D(2, 2, 4, padding=2, padding_mode="circular"),
    "Conv2D": lambda: layers.Conv2D(2, 3, (3, 2)),
    "Conv2D strided": lambda: layers.Conv2D(2, 3, 3, stride=(2, 1), padding=(1, 0)),
    "Conv2D dilated": lambda: layers.Conv2D(2, 2, (3, 2), padding=1, dilation=(2, 3)),
    "Conv2D grouped": lambda: layers.Conv2D(4, 2, 2, stride=2, groups=2),
    "Conv2D depthwise": lambda: layers.Conv2D(2, 4, 3, padding="same", groups=2, bias=False),
    "Conv2D reflect": lambda: layers.Conv2D(2, 1, 3, padding=(2, 1), padding_mode="reflect"),
    "Conv2D replicate": lambda: layers.Conv2D(2, 1, 3, padding=(1, 2), padding_mode="replicate"),
    "Conv2D circular": lambda: layers.Conv2D(2, 1, 3, padding=1, padding_mode="circular"),
    "ConvTranspose1D": lambda: layers.ConvTranspose1D(2, 3, 4),
    "ConvTranspose1D strided": lambda: layers.ConvTranspose1D(2, 3, 4, 3, 1, 2),
    "ConvTranspose1D grouped": lambda: layers.ConvTranspose1D(2, 4, 3, 1, 1, 1, 2, False, 2),
    "ConvTranspose2D": lambda: layers.ConvTranspose2D(2, 3, (2, 3)),
    "ConvTranspose2D strided": lambda: layers.ConvTranspose2D(2, 2, 3, (2, 3), 1, (1, 2)),
    "ConvTranspose2D grouped": lambda: layers.ConvTranspose2D(2, 4, 2, (1, 2), 0, 1, 2, False, 2),
    "InstanceNorm1D": lambda: layers.InstanceNorm1D(2, eps=1e-3, affine=True),
    "InstanceNorm2D": lambda: layers.InstanceNorm2D(2, affine=True),
}

# How a module is called where that is not `module(*inputs)`.
CALLS = {
    **dict.fromkeys(["VanillaRNN", "LSTM", "GRU"], recur),
    "VanillaRNN deep": recur_to_lengths,
    "LSTM lengths": recur_to_lengths,
    "LSTM projected": recur_to_lengths,
    "GRU deep": recur_to_lengths,
    "LSTMCell": lambda module, x, *state: module(x, state),
    "MultiHeadAttention self": lambda module, x: module(x, need_weights=True),
    "MultiHeadAttention self padded": padded,
    "MultiHeadAttention cross": lambda module, q, k, v, keep: module(
        q, k, v, keep=keep, need_weights=True, average_weights=True
    ),
    "MultiHeadAttention bias": lambda module, q, k, v, bias: module(q, k, v, bias=bias),
    "TransformerEncoderLayer": padded,
    "TransformerDecoderLayer": decode,
    "Transformer": translate,
    "EmbeddingBag weighted": lambda module, ids, weights: module(ids, per_sample_weights=weights),
}

FUNCTIONS = {
    "scaled_dot_product_attention": layers.scaled_dot_product_attention,
    "scaled_dot_product_attention causal": functools.partial(
        layers.scaled_dot_product_attention, causal=True
    ),
    "scaled_dot_product_attention keep": lambda q, k, v, keep: layers.scaled_dot_product_attention(
        q, k, v, keep=keep, scale=0.3
    ),
    "scaled_dot_product_attention bias": lambda q, k, v, bias: layers.scaled_dot_product_attention(
        q, k, v, bias=bias
    ),
    "scaled_dot_product_attention shared": layers.scaled_dot_product_attention,
}


PLACES = {"kernel_size": (2, 3), "dilation": (2, 1), "padding": (1, 0), "stride": 2}

FUNCTIONS |= {
    "max_pool1d": lambda x: layers.max_pool1d(x, 3, 2, 1),
    "max_pool1d ceil": lambda x: layers.max_pool1d(x, 2, 3, 1, 2, ceil_mode=True),
    "max_pool2d": lambda x: layers.max_pool2d(x, 2),
    "max_pool2d ceil": lambda x: layers.max_pool2d(x, 3, 2, 1, ceil_mode=True),
    "max_pool2d dilated": lambda x: layers.max_pool2d(x, (2, 1), 1, (1, 0), (2, 1)),
    "avg_pool1d": lambda x: layers.avg_pool1d(x, 3, 2, 1),
    "avg_pool1d inside": lambda x: layers.avg_pool1d(x, 3, 2, 1, True, False),
    "avg_pool2d": lambda x: layers.avg_pool2d(x, 2),
    "avg_pool2d ceil": lambda x: layers.avg_pool2d(x, 3, 2, 1, True),
    "avg_pool2d inside": lambda x: layers.avg_pool2d(x, 3, 2, 1, True, False),
    "avg_pool2d divisor": lambda x: layers.avg_pool2d(x, 2, 1, divisor_override=3),
    "adaptive_avg_pool1d": lambda x: layers.adaptive_avg_pool1d(x, 4),
    "adaptive_avg_pool2d": lambda x: layers.adaptive_avg_pool2d(x, (3, 2)),
    "adaptive_max_pool1d": lambda x: layers.adaptive_max_pool1d(x, 4),
    "adaptive_max_pool2d": lambda x: layers.adaptive_max_pool2d(x, (3, 2)),
    "adaptive_max_pool2d even": lambda x: layers.adaptive_max_pool2d(x, (5, 2)),
    "global_max_pool2d": layers.global_max_pool2d,
    "max_unpool2d": lambda x, places: layers.max_unpool2d(x, places, 2, output_size=(3, 4)),
    "unfold": lambda x: layers.unfold(x, **PLACES),
    "fold": lambda x: layers.fold(x, (5, 4), **PLACES),
    "pixel_shuffle": lambda x: layers.pixel_shuffle(x, 2),
    "pixel_unshuffle": lambda x: layers.pixel_unshuffle(x, 2),
    "ReflectionPad1D": layers.ReflectionPad1D((5, 2)),
    "ReflectionPad2D": layers.ReflectionPad2D((3, 1, 0, 2)),
    "ReplicationPad2D": layers.ReplicationPad2D((1, 3, 2, 0)),
    "CircularPad2D": layers.CircularPad2D((3, 1, 0, 2)),
    "ConstantPad2D": layers.ConstantPad2D((1, -1, -2, 1), 0.5),
}


def here(name, dtype):
    """Return our side of a case."""
    if name in FUNCTIONS:
        return FUNCTIONS[name]
    call = CALLS.get(name) or CALLS.get(name.split()[0]) or plain
    return with_parameters(MODULES[name]().astype(dtype), call)


def test_here_and_in_the_file_are_the_same_cases():
    assert set(MODULES) | set(FUNCTIONS) == set(CASES)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", CASES)
def test_agrees_with_what_pytorch_computed(name, dtype):
    check_case(CASES[name], here(name, dtype), dtype)
