"""Self-attention as a module of one input."""

import inspect

import numpy as np
import pytest

from neural_net_core import Dense, Sequential, no_grad
from neural_net_core.init import zeros
from neural_net_layers import (
    KeyValueCache,
    MultiHeadAttention,
    RMSNorm,
    RotaryEmbedding,
    SelfAttention,
)


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def test_it_is_the_attention_of_its_input_to_itself():
    layer, x = SelfAttention(8, 2, rng=np.random.default_rng(0)), numbers(2, 5, 8)
    np.testing.assert_array_equal(layer(x).data, layer.attention(x, x, x).data)
    y, weights = layer(x, need_weights=True)
    assert y.shape == (2, 5, 8) and weights.shape == (2, 2, 5, 5)


def test_it_passes_on_every_option_of_the_attention():
    """All but the widths of other inputs, which it has not."""
    ours, all_of_them = (
        inspect.signature(cls).parameters for cls in (SelfAttention, MultiHeadAttention)
    )
    options = {name for name, p in all_of_them.items() if p.kind is p.KEYWORD_ONLY}
    assert set(ours) - {"features", "num_heads", "causal"} == options - {
        "key_features",
        "value_features",
    }
    values = {
        "num_kv_heads": 2,
        "head_features": 3,
        "value_head_features": 5,
        "bias": False,
        "out_bias": True,
        "qk_norm": RMSNorm,
        "dropout": 0.5,
        "position": RotaryEmbedding(6, 9),
        "init": zeros,
        "dtype": np.float64,
    }
    assert set(values) | {"rng", "key_features", "value_features"} == options
    for name, value in values.items():
        others = {"head_features": 6} if name == "position" else {}
        given = {name: value, **others, "rng": np.random.default_rng(0)}
        expected = MultiHeadAttention(8, 4, **{**given, "rng": np.random.default_rng(0)})
        layer = SelfAttention(8, 4, **given).attention
        assert repr(layer) == repr(expected)
        state = expected.state_dict()
        assert {k: v.tobytes() for k, v in layer.state_dict().items()} == {
            k: v.tobytes() for k, v in state.items()
        }
        x = numbers(2, 5, 8)
        np.testing.assert_array_equal(layer.eval()(x).data, expected.eval()(x).data)


def test_what_is_not_said_is_one_head_with_biases_and_without_dropout():
    layer = SelfAttention(8)
    assert layer.attention.num_heads == 1
    assert layer.attention.in_proj_bias is not None and layer.attention.out_proj.bias is not None
    assert layer.attention.dropout == 0.0
    assert not layer.causal and layer.extra_repr() == ""
    assert SelfAttention(8, causal=True).extra_repr() == "causal"


def test_causal_is_decided_once_and_masks_add_to_it():
    layer, x = SelfAttention(8, 2, causal=True, rng=np.random.default_rng(0)), numbers(1, 4, 8)
    keep = np.ones((4, 4), bool)
    keep[3, 0] = False
    _, weights = layer(x, keep=keep, need_weights=True)
    assert not weights.data[..., np.triu_indices(4, 1)[0], np.triu_indices(4, 1)[1]].any()
    assert not weights.data[..., 3, 0].any()
    assert (weights.data.sum(-1) > 0.99).all()


@pytest.mark.parametrize("causal", [False, True])
def test_it_fits_into_a_sequential(causal):
    model = Sequential(Dense(3, 8), SelfAttention(8, causal=causal), Dense(8, 1))
    assert model(numbers(2, 5, 3)).shape == (2, 5, 1)


def test_with_a_cache():
    layer, x = SelfAttention(8, 2, causal=True, rng=np.random.default_rng(0)), numbers(1, 4, 8)
    cache = KeyValueCache()
    with no_grad():
        parts = [layer(x[:, i : i + 1], cache=cache).data for i in range(4)]
    np.testing.assert_allclose(np.concatenate(parts, 1), layer(x).data, rtol=1e-5, atol=1e-6)
