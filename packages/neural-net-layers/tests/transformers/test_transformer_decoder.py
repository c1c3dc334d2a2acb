"""Decoder blocks and stacks: what they read, and writing with a cache."""

import numpy as np
import pytest

from neural_net_core import Tensor, no_grad
from neural_net_layers import (
    DecoderCache,
    RMSNorm,
    TransformerDecoder,
    TransformerDecoderLayer,
    TransformerEncoder,
    padding_keep,
)


def rng(seed=0):
    return np.random.default_rng(seed)


def numbers(*shape, seed=0):
    return rng(seed).normal(size=shape).astype(np.float32)


def layer(**options):
    return TransformerDecoderLayer(8, 2, 12, rng=rng(), **{"dropout": 0.0, **options})


@pytest.mark.parametrize("activation", ["relu", "swiglu"])
def test_pre_and_post_norm_are_what_the_formulas_say(activation):
    x, memory = Tensor(numbers(2, 5, 8)), Tensor(numbers(2, 4, 8, seed=1))
    a = layer(activation=activation, norm_first=True)
    u = x + a.self_attn(a.norm1(x), causal=True)
    v = u + a.multihead_attn(a.norm2(u), memory)
    expected = v + a.linear2(a.activation(a.linear1(a.norm3(v))))
    np.testing.assert_array_equal(a(x, memory).data, expected.data)
    b = layer(activation=activation)
    u = b.norm1(x + b.self_attn(x, causal=True))
    v = b.norm2(u + b.multihead_attn(u, memory))
    expected = b.norm3(v + b.linear2(b.activation(b.linear1(v))))
    np.testing.assert_array_equal(b(x, memory).data, expected.data)


def test_parameters_carry_pytorchs_names():
    names = [name.rsplit(".", 1)[0] for name in layer().state_dict()]
    assert list(dict.fromkeys(names)) == [
        "self_attn",
        "self_attn.out_proj",
        "multihead_attn",
        "multihead_attn.out_proj",
        "linear1",
        "linear2",
        "norm1",
        "norm2",
        "norm3",
    ]
    assert list(TransformerDecoder(1, 8, 2, norm_first=True).state_dict())[-1] == "norm.bias"


def test_causal_unless_told_otherwise():
    block, x, memory = layer(), numbers(1, 5, 8), numbers(1, 4, 8, seed=1)
    changed = x.copy()
    changed[:, 3] += 1
    assert block(x, memory).data[:, :3].tobytes() == block(changed, memory).data[:, :3].tobytes()
    both = (block(a, memory, causal=False).data[:, :3] for a in (x, changed))
    assert next(both).tobytes() != next(both).tobytes()


def test_padding_of_the_memory_changes_nothing():
    block, x, memory = layer(), numbers(2, 5, 8), numbers(2, 6, 8, seed=1)
    padded = block(x, memory, memory_key_keep=padding_keep([4, 6])).data
    alone = block(x[:1], memory[:1, :4]).data
    np.testing.assert_allclose(padded[:1], alone, rtol=1e-5, atol=1e-6)
    keep = np.zeros((5, 6), bool)
    keep[:, :4] = True
    kept = block(x, memory, memory_keep=keep).data
    np.testing.assert_allclose(kept[:1], alone, rtol=1e-5, atol=1e-6)


def test_a_memory_of_another_width_and_weights_of_both_attentions():
    block = layer(memory_features=3, num_kv_heads=1, norm=RMSNorm)
    y, (own, read) = block(numbers(2, 5, 8), numbers(2, 4, 3), need_weights=True)
    assert y.shape == (2, 5, 8) and own.shape == (2, 2, 5, 5) and read.shape == (2, 2, 5, 4)
    decoder = TransformerDecoder(3, 8, 2, rng=rng()).eval()
    _, weights = decoder(numbers(2, 5, 8), numbers(2, 4, 8), need_weights=True)
    assert [tuple(w.shape for w in pair) for pair in weights] == [((2, 2, 5, 5), (2, 2, 5, 4))] * 3


@pytest.mark.parametrize("options", [{}, {"norm_first": True, "num_kv_heads": 1}])
def test_writing_with_a_cache_gives_the_same_and_reads_the_memory_once(options):
    encoder = TransformerEncoder(1, 8, 2, rng=rng(1)).eval()
    decoder = TransformerDecoder(2, 8, 2, rng=rng(), **options).eval()
    x, memory_key_keep = numbers(2, 6, 8), padding_keep([5, 3])
    memory = encoder(numbers(2, 5, 8, seed=2), key_keep=memory_key_keep)
    expected = decoder(x, memory, memory_key_keep=memory_key_keep).data
    cache, parts = decoder.new_cache(), []
    with no_grad():
        for piece in np.split(x, 6, axis=1):
            y = decoder(piece, memory.detach(), memory_key_keep=memory_key_keep, cache=cache)
            parts.append(y.data)
    np.testing.assert_allclose(np.concatenate(parts, axis=1), expected, rtol=1e-4, atol=1e-5)
    assert all(isinstance(held, DecoderCache) for held in cache)
    assert [(held.length, held.memory.length) for held in cache] == [(6, 5)] * 2


def test_wrong_settings_are_named():
    with pytest.raises(ValueError, match="TransformerDecoderLayer: activation must be"):
        TransformerDecoderLayer(8, 2, activation="sigmoid")
    with pytest.raises(ValueError, match="num_layers must be an int from 1 to 10000, got 0"):
        TransformerDecoder(0, 8, 2)
