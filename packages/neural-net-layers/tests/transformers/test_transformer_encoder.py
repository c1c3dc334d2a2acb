"""Transformer blocks and stacks: forms, options, and reading with a cache."""

import numpy as np
import pytest

from neural_net_core import (
    CrossEntropyLoss,
    Dense,
    Module,
    ShapeError,
    SwiGLU,
    Tensor,
    geglu,
    gelu,
    grad,
    no_grad,
    silu,
    tanh,
)
from neural_net_layers import (
    LayerNorm,
    RMSNorm,
    TransformerEncoder,
    TransformerEncoderLayer,
    padding_keep,
)


def rng(seed=0):
    return np.random.default_rng(seed)


def numbers(*shape, seed=0):
    return rng(seed).normal(size=shape).astype(np.float32)


def layer(**options):
    return TransformerEncoderLayer(8, 2, 12, rng=rng(), **{"dropout": 0.0, **options})


ACTIVATIONS = ["relu", "gelu", "gelu_tanh", "silu", "swiglu", "geglu", "geglu_tanh", tanh]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_pre_and_post_norm_are_what_the_formulas_say(activation):
    x = Tensor(numbers(2, 5, 8))
    pre, post = layer(activation=activation, norm_first=True), layer(activation=activation)
    for block in (pre, post):
        for i, parameter in enumerate(block.parameters()):
            parameter.data += numbers(*parameter.shape, seed=i) / 4
    u = x + pre.self_attn(pre.norm1(x))
    expected = u + pre.linear2(pre.activation(pre.linear1(pre.norm2(u))))
    np.testing.assert_array_equal(pre(x).data, expected.data)
    u = post.norm1(x + post.self_attn(x))
    expected = post.norm2(u + post.linear2(post.activation(post.linear1(u))))
    np.testing.assert_array_equal(post(x).data, expected.data)


@pytest.mark.parametrize(
    ("word", "function", "widening"),
    [
        ("gelu_tanh", lambda x: gelu(x, approximate="tanh"), 1),
        ("silu", silu, 1),
        ("geglu", geglu, 2),
        ("geglu_tanh", lambda x: geglu(x, approximate="tanh"), 2),
    ],
)
def test_the_words_are_the_functions_of_that_name(word, function, widening):
    block = layer(activation=word)
    assert block.linear1.weight.shape == (widening * 12, 8)
    x = Tensor(rng(3).normal(size=(2, 5, widening * 12)).astype(np.float32))
    np.testing.assert_array_equal(block.activation(x).data, function(x).data)


def test_swiglu_is_the_module_of_that_name_with_its_two_inner_products_side_by_side():
    block, reference = layer(activation="swiglu", bias=False), SwiGLU(8, 12)
    reference.w1.weight.data[...], reference.w3.weight.data[...] = np.split(
        block.linear1.weight.data, 2
    )
    reference.w2.weight.data[...] = block.linear2.weight.data
    x = Tensor(numbers(2, 5, 8))
    found = block.linear2(block.activation(block.linear1(x)))
    np.testing.assert_allclose(found.data, reference(x).data, rtol=1e-5, atol=1e-6)


def test_parameters_carry_pytorchs_names():
    names = list(TransformerEncoder(2, 8, 2, norm_first=False, final_norm=True).state_dict())
    one = [
        "self_attn.in_proj_weight",
        "self_attn.in_proj_bias",
        "self_attn.out_proj.weight",
        "self_attn.out_proj.bias",
        "linear1.weight",
        "linear1.bias",
        "linear2.weight",
        "linear2.bias",
        "norm1.weight",
        "norm1.bias",
        "norm2.weight",
        "norm2.bias",
    ]
    expected = [f"layers.{i}.{name}" for i in range(2) for name in one]
    assert names == [*expected, "norm.weight", "norm.bias"]


def test_sizes_and_what_is_left_out():
    assert layer().linear1.weight.shape == (12, 8)
    assert TransformerEncoderLayer(8, 2).linear1.weight.shape == (32, 8)
    assert layer(activation="swiglu").linear1.weight.shape == (24, 8)
    assert not [name for name in layer(bias=False).state_dict() if "bias" in name]
    assert isinstance(layer(norm=RMSNorm).norm2, RMSNorm)
    assert layer(eps=0.1).norm1.eps == 0.1
    assert layer(norm=RMSNorm, dtype=np.float64).norm1.weight.dtype == np.float64


def test_layers_of_a_stack_are_drawn_one_by_one():
    encoder = TransformerEncoder(2, 8, 2, rng=rng())
    first, second = (block.linear1.weight.data for block in encoder.layers)
    assert (first != second).any()


@pytest.mark.parametrize(
    ("options", "norm"),
    [
        ({}, type(None)),
        ({"norm_first": True}, LayerNorm),
        ({"final_norm": True}, LayerNorm),
        ({"norm_first": True, "final_norm": False}, type(None)),
        ({"norm_first": True, "norm": RMSNorm}, RMSNorm),
    ],
)
def test_a_norm_ends_the_stack_where_one_is_needed(options, norm):
    assert type(TransformerEncoder(1, 8, 2, **options).norm) is norm


def test_dropout_in_training_only_and_none_at_zero():
    x = numbers(2, 5, 8)
    block = layer(dropout=0.3)
    assert block(x).data.tobytes() != block(x).data.tobytes()
    assert block.eval()(x).data.tobytes() == layer()(x).data.tobytes()


def test_what_a_caller_who_says_nothing_gets():
    """Dropout and ε as in PyTorch, and everybody sees everything."""
    layer, stack = (
        TransformerEncoderLayer(4, 2),
        TransformerEncoder(1, 4, 2, norm_first=True, dropout=0.0, rng=rng()),
    )
    assert layer.dropout.p == layer.self_attn.dropout == 0.1
    assert layer.norm1.eps == layer.norm2.eps == stack.norm.eps == 1e-5
    x = numbers(2, 3, 4)
    everybody = np.ones((3, 3), bool)
    for module in (layer.eval(), stack):
        np.testing.assert_array_equal(module(x).data, module(x, keep=everybody).data)


def test_weights_of_every_layer():
    encoder, x = TransformerEncoder(3, 8, 2, dropout=0.0, rng=rng()), numbers(2, 5, 8)
    y, weights = encoder(x, causal=True, need_weights=True)
    assert [w.shape for w in weights] == [(2, 2, 5, 5)] * 3
    np.testing.assert_allclose(y.data, encoder(x, causal=True).data, rtol=1e-5, atol=1e-6)


def test_padding_changes_nothing_for_the_tokens():
    encoder, x = TransformerEncoder(2, 8, 2, dropout=0.0, rng=rng()), numbers(2, 6, 8)
    padded = encoder(x, key_keep=padding_keep([4, 6])).data
    np.testing.assert_allclose(padded[:1, :4], encoder(x[:1, :4]).data, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("options", [{}, {"norm_first": True}, {"num_kv_heads": 1}])
def test_reading_with_a_cache_gives_the_same(options):
    encoder = TransformerEncoder(3, 8, 2, rng=rng(), **options).eval()
    x, cache = numbers(2, 7, 8), encoder.new_cache()
    pieces = np.split(x, [3, 4, 6], axis=1)
    with no_grad():
        parts = [encoder(piece, causal=True, cache=cache).data for piece in pieces]
    expected = encoder(x, causal=True).data
    np.testing.assert_allclose(np.concatenate(parts, axis=1), expected, rtol=1e-4, atol=1e-5)


class LanguageModel(Module):
    """Tokens in, scores of the next token out."""

    def __init__(self, vocabulary, length, **options):
        draw = rng(1)
        self.tokens = Dense(vocabulary, 16, False, rng=draw)
        self.positions = Dense(length, 16, False, rng=draw)
        self.encoder = TransformerEncoder(2, 16, 4, dropout=0.0, rng=draw, **options)
        self.head = Dense(16, vocabulary, rng=draw)

    def forward(self, tokens, cache=None):
        start = 0 if cache is None else cache[0].length
        places = np.arange(start, start + tokens.shape[1])
        x = self.tokens.weight.T[tokens] + self.positions.weight.T[places]
        return self.head(self.encoder(x, causal=True, cache=cache))


@pytest.mark.parametrize("options", [{}, {"num_kv_heads": 2, "activation": "swiglu"}])
def test_generation_with_the_cache_writes_the_same_tokens_from_one_position_per_call(options):
    model, prompt = LanguageModel(11, 24, **options), rng(2).integers(0, 11, (3, 4))
    seen = []
    model.encoder.layers[0].register_forward_hook(lambda _, x, y: seen.append(x[0].shape[1]))
    with no_grad():
        without = prompt
        for _ in range(20):
            best = model(without).data[:, -1].argmax(-1)
            without = np.concatenate([without, best[:, None]], axis=1)
        assert seen == list(range(4, 24))
        seen.clear()
        cache, with_cache, read = model.encoder.new_cache(), prompt, prompt
        for _ in range(20):
            read = model(read, cache).data[:, -1].argmax(-1)[:, None]
            with_cache = np.concatenate([with_cache, read], axis=1)
    np.testing.assert_array_equal(with_cache, without)
    assert seen == [4] + [1] * 19
    assert cache[0].keys.shape == (3, options.get("num_kv_heads", 4), 23, 4)


def test_a_stack_learns_to_copy_what_stood_three_places_before():
    """Only attention with positions can; the untrained loss is ln 5 = 1.61."""
    model, draw = LanguageModel(5, 10), rng(3)
    moments = [(np.zeros_like(p.data), np.zeros_like(p.data)) for p in model.parameters()]
    for step in range(1, 151):
        x = draw.integers(0, 5, (32, 10))
        target = np.concatenate([np.full((32, 3), -100), x[:, :-3]], axis=1)
        loss = CrossEntropyLoss()(model(x).reshape(-1, 5), target.reshape(-1))
        parameters = list(model.parameters())
        for p, g, (m, v) in zip(parameters, grad(loss, parameters), moments, strict=True):
            m += 0.1 * (g - m)
            v += 0.01 * (g * g - v)
            p.data -= 0.01 * m / (1 - 0.9**step) / (np.sqrt(v / (1 - 0.99**step)) + 1e-8)
            p.version += 1
    assert loss.item() < 0.1


def test_the_smallest_settings_are_named_where_they_are_wrong():
    with pytest.raises(ValueError, match="TransformerEncoderLayer: activation must be"):
        TransformerEncoderLayer(8, 2, activation="sigmoid")
    with pytest.raises(ValueError, match="num_layers must be an int from 1 to 10000, got 0"):
        TransformerEncoder(0, 8, 2)
    with pytest.raises(ValueError, match="hidden_features must be an int >= 1"):
        TransformerEncoderLayer(8, 2, 0)
    encoder = TransformerEncoder(2, 8, 2)
    with (
        no_grad(),
        pytest.raises(ValueError, match="cache must be a list of 2, one for each"),
    ):
        encoder(numbers(1, 2, 8), cache=encoder.new_cache()[:1])


def test_an_error_says_in_which_layer_it_happened():
    with pytest.raises(ShapeError, match=r"expected query \(B, T, 8\)") as caught:
        TransformerEncoder(2, 8, 2, norm_first=True, norm=lambda features: Dense(features, 7))(
            numbers(1, 3, 8)
        )
    assert "layers.0.self_attn" in caught.value.__notes__[0]
