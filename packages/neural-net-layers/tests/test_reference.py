"""Layers against PyTorch's recorded results, without PyTorch (see tests/parity/freeze.py)."""

import functools
from pathlib import Path

import numpy as np
import pytest

import neural_net_layers as layers
from neural_net_core.testing.reference import check_case, load_cases

CASES = load_cases(Path(__file__).parent / "fixtures" / "pytorch.safetensors")


def with_parameters(module, call):
    """Return a function of the inputs and of the module's parameters."""
    names = [name for name, _ in module.named_parameters()]

    def run(*arguments):
        first = len(arguments) - len(names)
        for name, parameter in zip(names, arguments[first:], strict=True):
            *path, leaf = name.split(".")
            vars(functools.reduce(getattr, path, module))[leaf] = parameter
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
    "Embedding plain": lambda: layers.Embedding(5, 3),
    "EmbeddingBag sum offsets": lambda: layers.EmbeddingBag(5, 3, mode="sum"),
    "EmbeddingBag mean offsets": lambda: layers.EmbeddingBag(5, 3, padding_idx=2),
    "EmbeddingBag max offsets": lambda: layers.EmbeddingBag(5, 3, mode="max", padding_idx=2),
    "EmbeddingBag weighted": lambda: layers.EmbeddingBag(5, 3, mode="sum"),
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
